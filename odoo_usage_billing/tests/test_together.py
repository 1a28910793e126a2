"""Several contracts on one invoice, and one contract's lines on several."""

from datetime import date

from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestTogether(UsageCommon):
    """Two sites of a customer, a unit at 1, and a fee on the first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.make_card(charge_model="per_unit", unit_price=1)
        cls.north = cls.site("North", "NOR", fee=40)
        cls.south = cls.site("South", "SOU")
        cls.send([cls.record("NOR0001", 10), cls.record("SOU0001", 20)])

    @classmethod
    def site(cls, name, prefix, fee=0, **vals):
        fees = [{"name": "Fee", "product_id": cls.product_service.id, "specific_price": fee}] if fee else []
        contract = cls.make_contract(
            [*fees, cls.usage_line(cls.card)], name=name, code=f"C-{name}", usage_invoice_together=True, **vals
        )
        cls.make_subjects(contract.contract_line_ids.filtered("is_usage"), 1, prefix=prefix)
        return contract

    def bill(self, day=date(2026, 2, 1)):
        run = self.run_billing(day, self.north | self.south)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        return run.line_ids.move_ids

    def holds(self):
        self.env.flush_all()
        return {finding.code: finding.examples for finding in verify(self.env.cr, self.company.ids) if finding.broken}

    def test_contracts_of_one_customer_share_an_invoice_with_a_section_each(self):
        move = self.bill()
        self.assertEqual(len(move), 1)
        self.assertEqual((move.amount_untaxed, move.state), (10 + 40 + 20, "posted"))
        self.assertEqual((move.ref, move.invoice_origin), ("C-North, C-South", "North, South"))
        lines = move.invoice_line_ids.sorted("sequence")
        sections = lines.filtered(lambda line: line.display_type == "line_section")
        self.assertEqual(sections.mapped("name"), ["C-North North", "C-South South"])
        self.assertFalse(lines.filtered(lambda line: line.display_type == "line_subsection"), "charges of one line")
        self.assertEqual(lines.filtered("price_subtotal").mapped("price_subtotal"), [40, 10, 20])
        self.assertEqual(move.usage_charge_count, 2)
        for contract in (self.north, self.south):
            self.assertEqual(contract.contract_line_ids.filtered("is_usage").usage_period_ids.move_id, move)
            self.assertEqual(contract.invoice_count, 1)
        self.assertEqual(self.holds(), {})

    def test_charges_of_several_lines_have_headings_below_that_of_their_contract(self):
        tiers = self.make_card([(5, 1, 0), (None, 2, 0)], name="Tiers")
        self.south.contract_line_ids.usage_rate_card_id = tiers
        lines = self.bill().invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
        kinds = [line.display_type for line in lines]
        self.assertEqual(
            kinds, ["line_section", "product", "product", "line_section", "line_subsection", "product", "product"]
        )
        self.assertEqual(lines[4].name, "Printed pages (01/01/2026 – 01/31/2026)")

    def test_contracts_that_do_not_say_so_have_an_invoice_each(self):
        self.south.usage_invoice_together = False
        self.assertEqual(sorted(self.bill().mapped("amount_untaxed")), [20, 50])

    def test_other_payment_terms_or_customers_stay_apart(self):
        self.south.payment_term_id = self.env.ref("account.account_payment_term_30days")
        self.assertEqual(len(self.bill()), 2)

    def test_another_customer_has_an_invoice_of_his_own(self):
        self.south.partner_id = self.env["res.partner"].create({"name": "Somebody else"})
        self.south.invoice_partner_id = self.south.partner_id
        self.assertEqual(len(self.bill()), 2)

    def test_missed_months_are_an_invoice_each_for_both(self):
        moves = self.bill(date(2026, 3, 1))
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [40, 70])

    def test_a_shared_draft_gives_both_periods_back(self):
        (self.north | self.south).usage_invoice_policy = "draft"
        first = self.bill()
        self.assertEqual((len(first), first.state), (1, "draft"))
        first.button_cancel()
        again = self.bill()
        self.assertEqual((len(again), again.amount_untaxed), (1, 70))
        self.assertEqual(self.holds(), {})

    def test_one_that_wants_a_draft_keeps_the_shared_invoice_a_draft(self):
        self.south.usage_invoice_policy = "draft"
        self.assertEqual(self.bill().state, "draft")

    def test_one_bad_contract_leaves_the_other_its_invoice(self):
        self.south.contract_line_ids.usage_rate_card_id = self.make_card(
            charge_model="per_unit", date_start=date(2027, 1, 1), name="Later"
        )
        run = self.run_billing(contracts=self.north | self.south)
        self.assertEqual(run.failed_count, 1)
        self.assertEqual(run.line_ids.move_ids.amount_untaxed, 50)

    def test_the_annex_says_whose_usage_it_is_and_a_commitment_has_no_subjects(self):
        promise = {"name": "Promise", "contract_id": self.south.id, "term": "monthly", "amount": 50}
        self.env["usage.commitment"].create({**promise, "date_start": date(2026, 1, 1)})
        annex = self.bill().usage_period_ids.charge_ids._annex(10)
        self.assertEqual(
            [(item["contract"], item["title"], len(item["subjects"])) for item in annex],
            [
                ("C-North North", "Printed pages", 1),
                ("C-South South", "Printed pages", 1),
                ("C-South South", "Promise", 0),
            ],
        )

    def test_a_bad_contract_of_somebody_else_leaves_them_their_shared_invoice(self):
        later = self.make_card(charge_model="per_unit", date_start=date(2027, 1, 1), name="Later")
        bad = self.make_contract([self.usage_line(later)], name="Bad")
        run = self.run_billing(contracts=self.north | self.south | bad)
        self.assertEqual((run.failed_count, len(run.line_ids.move_ids)), (1, 1))
        self.assertEqual(run.line_ids.move_ids.amount_untaxed, 70)

    def test_lines_with_an_order_number_are_invoiced_apart_under_it(self):
        self.north.contract_line_ids.filtered("is_usage").usage_order_number = "PO-7"
        moves = self.bill()
        self.assertEqual(
            sorted(zip(moves.mapped("ref"), moves.mapped("amount_untaxed"), strict=True)),
            [
                ("C-North, C-South", 60),
                ("PO-7", 10),
            ],
        )
        self.assertEqual(self.holds(), {})

    def test_lines_of_one_order_share_an_invoice_across_contracts(self):
        (self.north | self.south).contract_line_ids.usage_order_number = "PO-7"
        move = self.bill()
        self.assertEqual((move.ref, move.amount_untaxed), ("PO-7", 70))

    def test_companions_are_in_one_chunk_of_a_run(self):
        run = self.env["usage.billing.run"].create({"date_ref": date(2026, 2, 1), "company_id": self.company.id})
        run._list_contracts()
        self.assertEqual(run.line_ids[:1]._with_companions().contract_id, self.north | self.south)

    def test_what_else_an_addon_gives_an_invoice_keeps_contracts_apart(self):
        """A direct debit and a transfer, say: values that the contract prepared and that only one invoice can have."""
        prepare = type(self.south)._prepare_invoice

        def with_incoterm(contract, *args, **kwargs):
            vals = prepare(contract, *args, **kwargs)
            return vals | {"invoice_incoterm_id": term.id} if contract == self.south else vals

        term = self.env["account.incoterms"].search([], limit=1)
        self.patch(type(self.south), "_prepare_invoice", with_incoterm)
        moves = self.bill()
        self.assertEqual(
            sorted((move.amount_untaxed, move.invoice_incoterm_id.id) for move in moves), [(20, term.id), (50, False)]
        )

    def test_contracts_of_two_salespeople_share_their_invoice(self):
        self.south.user_id = self.env.ref("base.user_admin")
        self.assertEqual(len(self.bill()), 1)

    def test_differences_of_an_order_are_billed_under_it(self):
        usage = (self.north | self.south).contract_line_ids.filtered("is_usage")
        usage[0].usage_order_number = "PO-7"
        self.bill()
        self.send([self.record("NOR0001", 3, external_id="a"), self.record("SOU0001", 4, external_id="b")])
        found = (self.north | self.south)._usage_look()
        found.action_bill_now()
        refs = {adjustment.amount: adjustment.move_id.ref for adjustment in found}
        self.assertEqual(refs[3], "PO-7")
        self.assertIn("Adjustment of", refs[4])
        self.assertEqual(self.holds(), {})
