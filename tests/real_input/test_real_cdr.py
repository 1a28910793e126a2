"""Telephone calls: half of the subscribers per started minute, the others 60/1, billed by the day."""

from datetime import date, timedelta
from decimal import Decimal

from real_case import RealCase
from real_oracle import Calls, call_lines, line

from odoo.tests import tagged

FIRST, DAYS, AFTER = date(2006, 6, 1), 10, date(2006, 7, 1)
PER_MINUTE, CONNECT = "0.02", "0.05"


@tagged("post_install", "-at_install")
class TestRealCalls(RealCase):
    """Two carriers share the subscribers; a contract by the month has the same calls in one invoice."""

    data_file = "cdr_vast2008/cdr.csv"
    profile_file = "call_records.json"
    oracle_class = Calls
    zone = "America/New_York"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seconds = cls.make_metric("call_seconds")
        callers = cls.oracle.distinct("From")
        # {contract name: (subscribers, further increment, connect fee, billed by)}
        cls.plans = {
            "Started minutes": (callers[0::3], 60, CONNECT, "daily"),
            "60/1": (callers[1::3], 1, CONNECT, "daily"),
            "60/1 by the month": (callers[2::3], 1, "0", "monthly"),
        }
        cls.contracts = {name: cls.make_plan(name, *plan) for name, plan in cls.plans.items()}
        cls.all_contracts = cls.env["contract.contract"].union(*cls.contracts.values())
        cls.previewed, cls.first_batch = cls.upload_file()
        cls.billing_run = cls.run_billing(AFTER, cls.all_contracts)

    @classmethod
    def make_plan(cls, name, callers, increment, connect, rule):
        card = cls.make_price(
            "time_increment",
            unit_price=float(PER_MINUTE),
            increment_first=60,
            increment_next=increment,
            increment_per=60,
            connect_amount=float(connect),
        )
        contract = cls.make_agreement(name, FIRST, {cls.seconds: card}, recurring_rule_type=rule)
        if rule == "daily":
            contract.contract_line_ids.date_end = FIRST + timedelta(days=DAYS - 1)
        cls.make_subjects_of(callers, contract)
        return contract

    def expected_of(self, name):
        callers, increment, connect, rule = self.plans[name]
        found = self.oracle.by_period("day" if rule == "daily" else "month", callers)
        return {
            (self.contracts[name], day): {
                "call_seconds": line(sum(calls), *call_lines(calls, 60, increment, PER_MINUTE, connect))
            }
            for day, calls in found.items()
        }

    def test_counts_are_those_of_the_file(self):
        rows = self.oracle.row_count()
        good = self.oracle.one("SELECT count(*) FROM facts")
        self.assert_counts(
            self.previewed,
            self.first_batch,
            received_count=rows,
            accepted_count=good,
            suspended_count=rows - good,
        )

    def test_calls_shorter_than_nothing_wait_in_suspense(self):
        """The file has negative lengths: nobody is credited for them and nobody loses them."""
        negative = self.oracle.rows('SELECT "From", "Duration(seconds)" FROM raw WHERE "Duration(seconds)" LIKE \'-%\'')
        self.assertGreater(len(negative), 0)
        suspense = self.first_batch.suspense_ids
        self.assertEqual(set(suspense.mapped("reason_code")), {"negative_quantity"})
        kept = [(row.payload["raw"][0], row.payload["raw"][3]) for row in suspense]
        self.assertEqual(sorted(kept), sorted(negative))

    def test_calls_of_one_minute_to_one_number_are_all_kept(self):
        """No id in the file: who called whom in which minute is not unique, and still nothing is lost."""
        repeats = self.oracle.one('SELECT count(*) - count(DISTINCT ("From", "To", Datetime)) FROM raw')
        self.assertGreater(repeats, 0)
        self.assertNotIn("conflict", self.first_batch.suspense_ids.mapped("reason_code"))

    def test_stored_seconds_are_those_of_the_file(self):
        count, seconds = self.oracle.rows("SELECT count(*), sum(seconds) FROM facts")[0]
        self.assertEqual(self.stored(), {"call_seconds": (count, Decimal(seconds))})

    def test_calls_across_midnight_count_on_the_day_they_began(self):
        across = """
            SELECT count(*) FROM facts
             WHERE CAST(began_at AS DATE) <> CAST(began_at + to_seconds(seconds) AS DATE)
        """
        self.assertGreater(self.oracle.one(across), 0)
        self.env.cr.execute(
            "SELECT usage_date, count(*) FROM usage_event WHERE source_id = %s GROUP BY 1",
            (self.source.id,),
        )
        began = self.oracle.rows("SELECT CAST(began_at AS DATE), count(*) FROM facts GROUP BY 1")
        self.assertEqual(dict(self.env.cr.fetchall()), dict(began))

    def test_every_invoice_to_the_cent(self):
        self.assert_run(self.billing_run, self.all_contracts)
        grand = Decimal(0)
        for name, contract in self.contracts.items():
            expected = self.expected_of(name)
            rule = self.plans[name][3]
            self.assertEqual(len(expected), DAYS if rule == "daily" else 1)
            grand += self.assert_billed(contract, expected)
        self.assertEqual(Decimal(f"{self.billing_run.amount_untaxed:.2f}"), grand)

    def test_an_upload_after_billing_changes_nothing(self):
        self.assert_upload_changes_nothing(self.all_contracts, AFTER)
