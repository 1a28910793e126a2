"""What the invoices must say, calculated from the raw files by DuckDB and exact fractions.

Nothing here is the product's: DuckDB reads the file, converts its times with its own time zones
and adds up in decimals; money is a fraction until it is rounded, half away from zero, per line.
"""

import pickle
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

SERVER = Path(__file__).with_name("real_oracle_server.py")


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


class Table:
    """A file as DuckDB reads it, every cell as text, in the table `raw`; `view` makes the table `facts` of it."""

    view = None

    def __init__(self, path):
        # A program of its own, not a fork: what keeps count of those outlives them, and each class waits for it.
        self._served = subprocess.Popen([sys.executable, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ask((str(path), self.view))

    def _ask(self, what):
        pickle.dump(what, self._served.stdin)
        self._served.stdin.flush()
        answer = pickle.load(self._served.stdout)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def rows(self, query, *values):
        """The rows of a query as tuples."""
        return self._ask((query, list(values)))

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
