"""Charging sessions: energy, idle time beyond the free hours and a fee per session that delivered energy."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from real_case import RealCase
from real_oracle import ChargingSessions, call_lines, line

from odoo.tests import tagged

FIRST, AFTER = date(2014, 11, 1), date(2015, 11, 1)
MONTHS = [date(2014, 11, 1), date(2014, 12, 1), *(date(2015, month, 1) for month in range(1, 11))]
QUARTERS = [date(2014, 10, 1), *(date(2015, month, 1) for month in (1, 4, 7, 10))]
ENERGY, SESSION, IDLE_MINUTE = "0.18437", "0.35", "0.05"
IDLE_SECOND = "0.000833"
TIERS = [(Fraction(100), "0.2215"), (None, "0.1735")]


class ChargingCase(RealCase):
    """The file, three metrics, and checks that hold whoever pays."""

    data_file = "ev_workplace_sessions/station_data_dataverse.csv"
    profile_file = "ev_sessions.json"
    oracle_class = ChargingSessions

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.energy = cls.make_metric("ev_energy")
        cls.idle = cls.make_metric("ev_idle")
        cls.sessions = cls.make_metric("ev_session")

    def expected_counts(self):
        """Three facts per row; a session without energy has no session fee, so that fact is left out."""
        rows = self.oracle.row_count()
        empty = self.oracle.one("SELECT count(*) FROM facts WHERE energy = 0")
        return {
            "received_count": 3 * rows,
            "accepted_count": 3 * rows - empty,
            "filtered_count": empty,
        }


@tagged("post_install", "-at_install")
class TestRealChargingOneFleet(ChargingCase):
    """One fleet pays for all stations: price per kWh, per started idle minute, per session."""

    zone = "America/New_York"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_agreement(
            "Fleet",
            FIRST,
            {
                cls.energy: cls.make_price("per_unit", unit_price=float(ENERGY)),
                cls.idle: cls.make_price(
                    "time_increment",
                    unit_price=float(IDLE_MINUTE),
                    increment_first=60,
                    increment_next=60,
                    increment_per=60,
                ),
                cls.sessions: cls.make_price("per_unit", unit_price=float(SESSION)),
            },
        )
        cls.stations = cls.make_subjects_of(cls.oracle.distinct("stationId"), cls.contract)
        cls.previewed, cls.first_batch = cls.upload_file()
        cls.previewed_again, cls.second_batch = cls.upload_file()
        cls.billing_run = cls.run_billing(AFTER, cls.contract)

    def expected(self):
        found = self.oracle.by_period("month", self.zone, "'fleet'")
        return {
            (self.contract, month): self.expected_lines(*found.get(("fleet", month), (0, [], 0))) for month in MONTHS
        }

    def expected_lines(self, energy, idle, sessions):
        return {
            "ev_energy": line(energy, Fraction(energy) * Fraction(ENERGY)),
            "ev_idle": line(sum(idle), *call_lines(idle, 60, 60, IDLE_MINUTE, 0)),
            "ev_session": line(sessions, sessions * Fraction(SESSION)),
        }

    def test_the_idle_rule_marks_the_sessions_for_which_the_operator_took_money(self):
        oracle = self.oracle
        self.assertEqual(oracle.one("SELECT count(*) FROM facts WHERE (idle > 0) <> (paid > 0)"), 0)
        self.assertGreater(oracle.one("SELECT count(*) FROM facts WHERE idle > 0"), 0)

    def test_the_column_of_charging_hours_is_the_plugged_in_time(self):
        gap = "SELECT max(abs(hours - CAST(plugged AS DECIMAL(18, 9)) / 3600)) FROM facts"
        self.assertLess(self.oracle.one(gap), 1e-8)

    def test_counts_are_those_of_the_file(self):
        self.assert_counts(self.previewed, self.first_batch, **self.expected_counts())
        self.assertEqual(len(self.stations), len(self.oracle.distinct("stationId")))

    def test_a_second_upload_before_billing_is_all_duplicates(self):
        counts = self.expected_counts()
        counts["duplicate_count"] = counts.pop("accepted_count")
        self.assert_counts(self.previewed_again, self.second_batch, **counts)

    def test_stored_quantities_are_those_of_the_file(self):
        energy, idle, rows, sessions = self.oracle.rows(
            "SELECT sum(energy), sum(idle), count(*), count(*) FILTER (WHERE energy > 0) FROM facts"
        )[0]
        self.assertEqual(
            self.stored(),
            {
                "ev_energy": (rows, energy),
                "ev_idle": (rows, Decimal(idle)),
                "ev_session": (sessions, Decimal(sessions)),
            },
        )

    def test_every_invoice_to_the_cent(self):
        self.assert_run(self.billing_run, self.contract)
        self.assert_billed(self.contract, self.expected())

    def test_an_upload_after_billing_changes_nothing(self):
        self.assert_upload_changes_nothing(self.contract, AFTER)


@tagged("post_install", "-at_install")
class TestRealChargingPerLocation(ChargingCase):
    """A contract per location: tiers per kWh and idle time by the second, in quarters of Paris time."""

    zone = "Europe/Paris"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tiers = [{"up_to": float(up_to or 0), "unit_price": float(price)} for up_to, price in TIERS]
        prices = {
            cls.energy: cls.make_price("graduated", tiers=tiers),
            cls.idle: cls.make_price("per_unit", unit_price=float(IDLE_SECOND)),
        }
        cls.contracts = {}
        for location in cls.oracle.distinct("locationId"):
            contract = cls.make_agreement(location, QUARTERS[0], prices, recurring_rule_type="quarterly")
            stations = cls.oracle.rows("SELECT DISTINCT station FROM facts WHERE location = ?", location)
            cls.make_subjects_of([station for (station,) in stations], contract)
            cls.contracts[location] = contract
        cls.all_contracts = cls.env["contract.contract"].union(*cls.contracts.values())
        cls.previewed, cls.first_batch = cls.upload_file()
        cls.runs = [cls.bill_quarter(day) for day in [*QUARTERS[1:], date(2016, 1, 1)]]

    @classmethod
    def bill_quarter(cls, day):
        """A run for a quarter, as it comes. Then the planner learns what the transaction holds already."""
        run = cls.run_billing(day, cls.all_contracts)
        cls.env.cr.execute("ANALYZE account_move, account_move_line, account_partial_reconcile")
        return run

    def expected(self):
        found = self.oracle.by_period("quarter", self.zone, "location")
        return {
            (contract, start): self.expected_lines(*found.get((location, start), (0, [], 0)))
            for location, contract in self.contracts.items()
            for start in QUARTERS
        }

    def expected_lines(self, energy, idle, _sessions):
        amounts, below = [], Fraction(0)
        for up_to, price in TIERS:
            here = Fraction(energy) if up_to is None else min(Fraction(energy), up_to)
            amounts.append(max(here - below, 0) * Fraction(price))
            below = here
        return {
            "ev_energy": line(energy, *amounts),
            "ev_idle": line(sum(idle), sum(idle) * Fraction(IDLE_SECOND)),
        }

    def test_some_sessions_are_billed_in_another_quarter_than_the_file_says(self):
        moved = """
            SELECT count(*) FROM facts WHERE quarter(timezone(?, began_at)) <>
                   quarter(timezone('America/New_York', began_at))
        """
        self.assertGreater(self.oracle.one(moved, self.zone), 0)

    def test_facts_without_a_contract_line_go_to_suspense(self):
        counts = self.expected_counts()
        counts["suspended_count"] = self.oracle.one("SELECT count(*) FROM facts WHERE energy > 0")
        counts["accepted_count"] -= counts["suspended_count"]
        self.assert_counts(self.previewed, self.first_batch, **counts)
        reasons = self.first_batch.suspense_ids.mapped("reason_code")
        self.assertEqual(set(reasons), {"no_assignment"})
        self.assertEqual(len(reasons), counts["suspended_count"])

    def test_every_invoice_to_the_cent(self):
        for run in self.runs:
            self.assert_run(run, self.all_contracts)
            self.assertEqual(run.invoice_count, len(self.all_contracts))
        self.assert_billed(self.all_contracts, self.expected())

    def test_the_locations_together_use_what_the_file_holds(self):
        billed = self.billed(self.all_contracts).values()
        energy = sum(lines["ev_energy"][0] for _total, lines in billed)
        self.assertEqual(energy, self.oracle.one("SELECT sum(energy) FROM facts"))
