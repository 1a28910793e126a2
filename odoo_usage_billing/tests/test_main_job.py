from datetime import date

from odoo import Command
from odoo.tests import tagged

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestMainJob(UsageCommon):
    """Printers: baseline 50,000 pages at a flat fee, excess in tiers, a fixed service line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card([(70000, 0.012, 0), (False, 0.009, 0)], name="Excess pages")
        cls.contract = cls.make_contract(
            [
                {
                    "name": "Service",
                    "product_id": cls.product_service.id,
                    "specific_price": 99.0,
                },
                cls.usage_line(
                    card,
                    usage_baseline_ids=[
                        Command.create(
                            {
                                "date_start": date(2026, 1, 1),
                                "quantity": 50000,
                                "fixed_amount": 600,
                                "ladder": "absolute",
                            }
                        )
                    ],
                ),
            ]
        )
        cls.line = cls.contract.contract_line_ids.filtered("is_usage")
        cls.devices = cls.make_subjects(cls.line, 120)

    def send_pages(self, each):
        return self.send(
            [self.record(device.code, each, row_number=row) for row, device in enumerate(self.devices, start=2)]
        )

    def test_usage_above_the_baseline_is_invoiced_in_tiers_and_posted(self):
        self.send_pages(600)  # 120 x 600 = 72,000 pages
        run = self.run_billing()
        self.assertEqual(run.state, "done", run.line_ids.mapped("message"))
        move = run.line_ids.move_ids
        self.assertEqual(len(move), 1)
        self.assertEqual(move.state, "posted")
        # 99 service + 600 baseline + 20,000 x 0.012 + 2,000 x 0.009
        self.assertEqual(move.amount_untaxed, 99 + 600 + 240 + 18)
        texts = "\n".join(move.invoice_line_ids.mapped("name"))
        self.assertIn("Baseline 50,000", texts)
        self.assertIn("Actual usage: 72,000", texts)
        self.assertIn("Variance: +22,000", texts)
        self.assertIn("Above baseline: Usage from 50,000 to 70,000", texts)
        self.assertAlmostEqual(sum(move.line_ids.mapped("balance")), 0)

    def test_each_line_links_to_its_charge_and_the_charge_to_events_and_rows(self):
        batch = self.send_pages(500)
        move = self.run_billing().line_ids.move_ids
        lines = move.invoice_line_ids.filtered("usage_component_id")
        charge = lines.usage_component_id.charge_id
        self.assertEqual(len(charge), 1)
        self.assertEqual(charge.component_ids.move_line_id, lines)
        self.assertEqual(charge.move_id, move)
        self.assertEqual(charge.event_count, 120)
        events = self.env["usage.event"].search(charge.action_view_events()["domain"])
        self.assertEqual(len(events), 120)
        self.assertEqual(events.batch_id, batch)
        self.assertEqual(sorted(events.mapped("row_number")), list(range(2, 122)))

    def test_usage_below_the_baseline_costs_the_flat_fee(self):
        self.send_pages(10)
        move = self.run_billing().line_ids.move_ids
        self.assertEqual(move.amount_untaxed, 99 + 600)

    def test_a_preview_shows_the_open_period_and_writes_nothing(self):
        self.send_pages(600)
        rated = self.contract._usage_preview(date(2026, 1, 20))
        self.assertEqual(str(rated[0].charge.amount), "858.00")
        self.assertFalse(self.env["usage.charge"].search([("contract_id", "=", self.contract.id)]))

    def test_every_sentence_of_the_kernel_can_be_translated(self):
        from ..models.trace_texts import BY_TEMPLATE
        from ..rating import messages

        sentences = {*messages.TEMPLATES.values(), *messages.RICHER.values(), *messages.PERCENT.values()}
        self.assertEqual(set(BY_TEMPLATE), sentences)

    def test_fixed_lines_come_before_the_sections_of_usage(self):
        self.send_pages(600)
        lines = self.run_billing().line_ids.move_ids.invoice_line_ids.sorted("sequence")
        self.assertEqual(lines[0].product_id, self.product_service)
        self.assertEqual(lines[1].display_type, "line_section")

    def test_the_explanation_recomputes_the_amount(self):
        from ..rating import TraceStep, recompute

        self.send_pages(600)
        charge = self.run_billing().line_ids.move_ids.usage_period_ids.charge_ids
        steps = [TraceStep.from_dict(step) for step in charge.trace]
        self.assertEqual(float(recompute(steps)), charge.amount)
        self.assertIn("20,000", charge.explanation)
