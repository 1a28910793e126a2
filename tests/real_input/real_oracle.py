"""What the invoices must say, calculated from the raw files by DuckDB and exact fractions.

Nothing here is the product's: DuckDB reads the file, converts its times with its own time zones
and adds up in decimals; money is a fraction until it is rounded, half away from zero, per line.
"""

import multiprocessing
import os
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple


class Line(NamedTuple):
    """What one contract line must come to in one period: its quantity and its invoice lines' amounts."""

    quantity: Decimal
    amounts: list

    @property
    def total(self):
        return sum(self.amounts, Decimal("0.00"))


def money(amount):
    """An exact amount rounded to cents, half away from zero."""
    exact = Fraction(amount)
    cents = int(abs(exact) * 100 + Fraction(1, 2))
    return Decimal(cents if exact >= 0 else -cents).scaleb(-2)


def line(quantity, *amounts):
    """A Line; what comes to nothing has no invoice line."""
    rounded = [money(amount) for amount in amounts]
    return Line(Decimal(quantity), sorted(amount for amount in rounded if amount))


def started(seconds, increment):
    """How many increments of a length have begun."""
    return -(-seconds // increment)


def call_lines(calls, seconds_of_first, increment, per_minute, connect):
    """The amounts of calls (whole seconds): connects, first increments, further increments."""
    calls = [seconds for seconds in calls if seconds]
    per_second = Fraction(per_minute) / 60
    first = len(calls) * seconds_of_first
    further = sum(
        started(seconds - seconds_of_first, increment) * increment for seconds in calls if seconds > seconds_of_first
    )
    if seconds_of_first == increment:
        return len(calls) * Fraction(connect), (first + further) * per_second
    return len(calls) * Fraction(connect), first * per_second, further * per_second


def serve(served, path, view):
    """Answer queries on a file until the asking process goes.

    DuckDB lives in a process of its own, with what it says at exit: a test run ends with its summary.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    import duckdb

    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(
        "CREATE TABLE raw AS SELECT * FROM read_csv(?, header = true, delim = ',', quote = '', all_varchar = true)",
        [path],
    )
    database.execute(f"CREATE TABLE facts AS {view}")
    try:
        while True:
            query, values = served.recv()
            try:
                served.send(database.execute(query, values).fetchall())
            except duckdb.Error as error:
                served.send(RuntimeError(str(error)))
    except (EOFError, OSError):
        return


class Table:
    """A file as DuckDB reads it, every cell as text, in the table `raw`."""

    view = None

    def __init__(self, path):
        spawn = multiprocessing.get_context("spawn")
        self._asked, served = spawn.Pipe()
        spawn.Process(target=serve, args=(served, str(path), self.view), daemon=True).start()

    def rows(self, query, *values):
        """The rows of a query as tuples."""
        self._asked.send((query, list(values)))
        answer = self._asked.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def one(self, query, *values):
        """The only value of a query."""
        return self.rows(query, *values)[0][0]

    def distinct(self, column):
        """The distinct texts of a column, sorted."""
        return [text for (text,) in self.rows(f'SELECT DISTINCT "{column}" FROM raw ORDER BY 1')]

    def row_count(self):
        return self.one("SELECT count(*) FROM raw")


class ChargingSessions(Table):
    """Charging sessions: idle time is what a session is plugged in beyond the free hours."""

    view = """
        SELECT sessionId AS session, stationId AS station, locationId AS location,
               CAST(kwhTotal AS DECIMAL(18, 9)) AS energy, CAST(dollars AS DECIMAL(18, 2)) AS paid,
               CAST(chargeTimeHrs AS DECIMAL(18, 9)) AS hours,
               timezone('America/New_York', CAST('20' || created[3:] AS TIMESTAMP)) AS began_at,
               timezone('America/New_York', CAST('20' || ended[3:] AS TIMESTAMP)) AS ended_at,
               date_diff('second', began_at, ended_at) AS plugged,
               greatest(plugged - 4 * 3600, 0) AS idle
          FROM raw
    """

    def by_period(self, unit, zone, owner):
        """{(owner, first day of the period): (kWh, [idle seconds per session], sessions with energy)}."""
        return {
            (who, start): (energy, idle, sessions)
            for who, start, energy, idle, sessions in self.rows(
                f"""
                SELECT {owner}, CAST(date_trunc('{unit}', timezone(?, began_at)) AS DATE),
                       sum(energy), list(idle), count(*) FILTER (WHERE energy > 0)
                  FROM facts GROUP BY 1, 2
                """,
                zone,
            )
        }


class HalfHours(Table):
    """Half-hour readings; `began_at` is the beginning of the half hour, the stamp is its end."""

    view = """
        SELECT LCLid AS meter, timezone('UTC', CAST(DateTime AS TIMESTAMP)) - INTERVAL 30 MINUTE AS began_at,
               CAST(trim(KW) AS DECIMAL(18, 9)) AS energy
          FROM raw WHERE trim(KW) <> 'Null'
    """

    def by_month(self, zone, bands=None):
        """{first of month: {band: kWh}}; `bands` is an SQL expression of `clock`, the local time."""
        found = {}
        for month, band, energy in self.rows(
            f"""
            SELECT CAST(date_trunc('month', clock) AS DATE), {bands or "''"}, sum(energy)
              FROM (SELECT timezone(?, began_at) AS clock, energy FROM facts) GROUP BY 1, 2
            """,
            zone,
        ):
            found.setdefault(month, {})[band] = energy
        return found


class Calls(Table):
    """Calls with their local start and whole seconds; a length below zero is no call to bill."""

    view = """
        SELECT "From" AS caller, strptime(Datetime, '%Y%m%d %H%M') AS began_at,
               CAST("Duration(seconds)" AS BIGINT) AS seconds
          FROM raw WHERE CAST("Duration(seconds)" AS BIGINT) >= 0
    """

    def by_period(self, unit, callers):
        """{first day of the period: [seconds of each call]} of some callers; a call counts where it began."""
        return dict(
            self.rows(
                f"""
                SELECT CAST(date_trunc('{unit}', began_at) AS DATE), list(seconds)
                  FROM facts WHERE list_contains(?, caller) GROUP BY 1
                """,
                list(callers),
            )
        )
