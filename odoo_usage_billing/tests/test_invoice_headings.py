"""Headings on invoices: where a charge has several lines, all have one; where each has one line, none."""

from odoo.tests import tagged

from .common import UsageCommon

DAYS = "(01/01/2026 – 01/31/2026)"


@tagged("post_install", "-at_install")
class TestInvoiceHeadings(UsageCommon):
    """Two meters of a customer, a page costs 0.01 unless a test says otherwise."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card(charge_model="per_unit", unit_price=0.01)
        cls.contract = cls.make_contract(
            [cls.usage_line(card, name="Ground floor"), cls.usage_line(card, name="Attic")]
        )
        for number, line in enumerate(cls.contract.contract_line_ids):
            cls.make_subjects(line, 1, prefix=f"M{number}-")

    def shown(self):
        """[(kind, text)] of the lines of the invoice, in its order."""
        self.move = self.run_billing(contracts=self.contract).line_ids.move_ids
        lines = self.move.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
        return [(line.display_type, line.name) for line in lines]

    def test_charges_of_one_line_have_no_heading_and_bear_its_words(self):
        self.send([self.record("M0-0001", 100), self.record("M1-0001", 300)])
        self.assertEqual(
            self.shown(),
            [
                ("product", f"Ground floor {DAYS}\nUsage in Units"),
                ("product", f"Attic {DAYS}\nUsage in Units"),
            ],
        )
        charges = self.move.usage_period_ids.charge_ids
        self.assertEqual(charges.component_ids.move_line_id, self.move.invoice_line_ids)
        self.assertEqual(charges.mapped("state"), ["invoiced", "invoiced"])

    def test_a_meter_without_usage_is_a_line_too(self):
        self.send([self.record("M0-0001", 100)])
        self.assertEqual(
            self.shown(),
            [
                ("product", f"Ground floor {DAYS}\nUsage in Units"),
                ("line_note", f"Attic {DAYS}\nNo usage in this period"),
            ],
        )
        self.assertEqual(len(self.move.usage_period_ids), 2)

    def test_one_charge_of_several_lines_gives_all_a_heading(self):
        attic = self.contract.contract_line_ids[1]
        attic.usage_rate_card_id = self.make_card([(100, 0.01, 0), (None, 0.02, 0)], name="Tiers")
        self.send([self.record("M0-0001", 100), self.record("M1-0001", 300)])
        self.assertEqual(
            self.shown(),
            [
                ("line_section", f"Ground floor {DAYS}"),
                ("product", "Usage in Units"),
                ("line_section", f"Attic {DAYS}"),
                ("product", "Usage from 0 to 100 Units"),
                ("product", "Usage above 100 Units"),
            ],
        )
