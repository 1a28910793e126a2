from datetime import timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..consumption import Consumption, day_chart, late_text, month_chart
from ..consumption.late import Earlier, Late
from ..consumption.queries import count_subjects, per_subject
from .common import MiCommon


@tagged("post_install", "-at_install")
class TestConsumption(MiCommon):
    def consumption(self, user=None):
        return Consumption(self.contract.with_user(user or self.reader))

    def test_open_period_against_baseline(self):
        (usage,) = self.consumption().so_far()[self.contract.id]
        self.assertEqual((usage.date_start, usage.state), (self.this_month, "open"))
        self.assertEqual(usage.actual, 250)
        self.assertEqual(usage.baseline, 1000)
        self.assertEqual(usage.variance, -750)
        self.assertEqual(usage.percent, 25)
        self.assertEqual(usage.amount, Decimal("50.00"))

    def test_periods_newest_first(self):
        periods = self.consumption().periods()
        self.assertEqual(
            [(p.date_start, p.state) for p in periods],
            [(self.this_month, "open"), (self.last_month, "closed")],
        )
        self.assertEqual(periods[1].date_last, self.this_month - timedelta(days=1))

    def test_period_by_key_or_latest(self):
        consumption = self.consumption()
        last = consumption.periods()[1]
        self.assertEqual(consumption.period(last.key), last)
        for nonsense in (None, "", "x", "2026-01-01..2099-01-01", "..", "0..0"):
            self.assertEqual(consumption.period(nonsense), consumption.periods()[0])

    def test_estimate_equals_invoice(self):
        """What the page showed as closed is what the invoice charges."""
        consumption = self.consumption()
        last = consumption.periods()[1]
        (estimate,) = consumption.in_period(last)
        self.invoice_last_month()
        self.env.invalidate_all()
        consumption = self.consumption()
        invoiced = consumption.period(last.key)
        self.assertEqual(invoiced.state, "invoiced")
        (usage,) = consumption.in_period(invoiced)
        self.assertEqual(usage._replace(state="closed"), estimate)
        self.assertEqual(usage.actual, 1100)
        self.assertEqual(usage.amount, Decimal("51.00"))
        self.assertEqual(sum(p.amount for p in usage.parts if p.amount), usage.amount)

    def late_of_last_month(self):
        """(actual, amount, what changed since) of the period that is invoiced."""
        self.env.flush_all()
        self.env.invalidate_all()
        consumption = self.consumption()
        (usage,) = consumption.in_period(consumption.period(self.last_key))
        self.assertEqual(sum(row.quantity for row in per_subject(consumption.line(0), usage)), 1100 + self.came)
        return usage.actual, usage.amount, usage.late

    def come_late(self, quantity=50):
        self.last_key = self.consumption().periods()[1].key
        self.invoice_last_month()
        self.came = quantity
        self.send([self.record("N0001", quantity, self.noon(self.last_month + timedelta(days=6)))])

    def test_what_comes_after_the_invoice_stands_apart_from_what_was_billed(self):
        self.contract.usage_adjustment_policy = "ask"
        self.come_late()
        billed = Decimal(1100), Decimal("51.00")
        coming = Late("coming", Decimal(50), "Units", None, "")
        self.assertEqual(self.late_of_last_month(), (*billed, (coming,)))
        adjustment = self.contract._usage_look()
        found = coming._replace(amount=Decimal("0.5"))
        self.assertEqual(self.late_of_last_month(), (*billed, (found,)))
        self.send([self.record("N0002", 7, self.noon(self.last_month + timedelta(days=7)))])
        self.came = 57
        more = coming._replace(quantity=Decimal(7))
        self.assertEqual(self.late_of_last_month(), (*billed, (found, more)))
        self.assertEqual(adjustment.state, "draft")

    def test_what_was_adjusted_names_its_invoice(self):
        self.contract.usage_adjustment_policy = "own_invoice"
        self.come_late()
        adjustment = self.contract._usage_adjust()
        name = adjustment.move_id.name
        adjusted = Late("billed", Decimal(50), "Units", Decimal("0.5"), name)
        self.assertEqual(self.late_of_last_month(), (Decimal(1100), Decimal("51.00"), (adjusted,)))
        self.assertEqual(late_text(self.env, adjusted), f"+50 Units after the invoice, adjusted on {name}")

    def test_the_next_period_names_what_its_invoice_adjusts(self):
        before = self.last_month - relativedelta(months=1)
        contract = self.make_contract([self.usage_line(self.card)], date_start=before, name="Two months")
        contract.message_subscribe(partner_ids=self.reader.partner_id.ids)
        self.make_subjects(contract.contract_line_ids, 1, prefix="T")
        self.send(
            [self.record("T0001", 100, self.noon(month + timedelta(days=3))) for month in (before, self.last_month)]
        )
        self.run_billing(self.last_month, contract)
        self.send([self.record("T0001", 40, self.noon(before + timedelta(days=5)))])
        contract._usage_look().action_accept()
        move = self.run_billing(self.this_month, contract).line_ids.move_ids
        consumption = Consumption(contract.with_user(self.reader))
        _open, last, first = consumption.periods()
        (usage,) = consumption.in_period(last)
        self.assertEqual(usage.amount, Decimal(1))
        self.assertEqual(usage.earlier, (Earlier(before, self.last_month, Decimal("0.4")),))
        self.assertEqual(float(usage.amount + usage.earlier[0].amount), move.amount_untaxed)
        (usage,) = consumption.in_period(first)
        self.assertEqual((usage.amount, usage.earlier), (Decimal(1), ()))
        self.assertEqual(usage.late, (Late("billed", Decimal(40), "Units", Decimal("0.4"), move.name),))

    def test_what_is_not_billed_says_that_it_changes_no_invoice(self):
        self.contract.usage_write_off_below = 1
        self.metric.accept_negative = True
        self.come_late(-50)
        self.contract._usage_look()
        (late,) = self.late_of_last_month()[2]
        self.assertEqual((late.state, late.quantity), ("settled", -50))
        self.assertIn("changes no invoice", late_text(self.env, late))

    def add_line(self, **vals):
        metric = self.metric.copy({"code": "scans", "name": "Scans"})
        return self.env["contract.line"].create(
            {
                **self.usage_line(self.card, name="Scans", usage_metric_id=metric.id),
                "contract_id": self.contract.id,
                "quantity": 1,
                "recurring_rule_type": "monthly",
                "recurring_invoicing_type": "post-paid",
                "recurring_interval": 1,
                "date_start": self.last_month,
                **vals,
            }
        )

    def test_lines_of_different_length(self):
        """A line billed per year shows its year beside a line billed per month."""
        self.add_line(recurring_rule_type="yearly")
        consumption = self.consumption()
        month = next(p for p in consumption.periods() if p.date_start == self.this_month)
        pages, scans = consumption.in_period(month)
        self.assertEqual((pages.date_start, pages.date_end), month[:2])
        self.assertEqual(scans.date_start, self.last_month)
        self.assertEqual(scans.date_end, self.last_month + relativedelta(years=1))

    def test_line_that_ended(self):
        self.add_line(date_end=self.this_month - timedelta(days=1))
        consumption = self.consumption()
        now, before = consumption.periods()
        self.assertEqual([u.name for u in consumption.in_period(now)], ["Pages N"])
        self.assertEqual([u.name for u in consumption.in_period(before)], ["Pages N", "Scans"])
        self.assertEqual(before.state, "closed")

    def test_line_without_price_does_not_hide_the_others(self):
        late_card = self.make_card([(None, 1, 0)], name="Late", date_start=self.today)
        self.add_line(usage_rate_card_id=late_card.id)
        last = self.consumption().periods()[1]
        pages, scans = self.consumption().in_period(last)
        self.assertEqual(pages.amount, Decimal("51.00"))
        self.assertIsNone(scans.amount)
        self.assertEqual(scans.actual, 0)

    def test_charts(self):
        consumption = self.consumption()
        (usage,) = consumption.in_period(consumption.periods()[0])
        line = consumption.line(usage.line_id)
        days = day_chart(line, usage, self.today)
        length = (usage.date_end - usage.date_start).days
        self.assertEqual(len(days["labels"]), length)
        (series,) = days["series"]
        self.assertEqual(series["values"][self.today.day - 1], 250.0)
        self.assertEqual(sum(value or 0 for value in series["values"]), 250.0)
        self.assertEqual(series["values"][self.today.day :], [None] * (length - self.today.day))
        months = month_chart(line, usage)
        self.assertEqual(len(months["labels"]), 13)
        used, agreed = months["series"]
        self.assertEqual(used["values"][-2:], [1100.0, 250.0])
        self.assertEqual(agreed["values"][-3:], [None, 1000.0, 1000.0])

    def test_subjects(self):
        consumption = self.consumption()
        line = consumption.line(0)
        last = consumption.periods()[1]
        rows = per_subject(line, last)
        self.assertEqual([(r.serial, r.quantity) for r in rows], [("N0001", 700), ("N0002", 400)])
        self.assertEqual(rows[0].location, "Ground floor N")
        self.assertEqual(rows[0].end_user, "Ada N")
        self.assertEqual([r.serial for r in per_subject(line, last, "ada")], ["N0001"])
        self.assertEqual([r.serial for r in per_subject(line, last, "ground")], ["N0001"])
        self.assertEqual(count_subjects(line, last), 2)
        self.assertEqual(count_subjects(line, last, "ada"), 1)
        for wild in ("%", "_", "\\", "'; DROP TABLE usage_bucket; --"):
            self.assertEqual(count_subjects(line, last, wild), 0, wild)
        self.assertEqual([r.serial for r in per_subject(line, last, order="serial", limit=1, offset=1)], ["N0002"])

    def test_needs_the_right_to_read_the_contract(self):
        stranger = self.make_reader("stranger", self.partner_b)
        with self.assertRaises(AccessError):
            self.consumption(stranger)

    def test_portal_reads_no_usage_model(self):
        models = [name for name in self.env if name.startswith("usage.") and not self.env[name]._abstract]
        self.assertIn("usage.report", models)
        for name in models:
            self.assertFalse(self.env[name].with_user(self.reader).has_access("read"), name)
