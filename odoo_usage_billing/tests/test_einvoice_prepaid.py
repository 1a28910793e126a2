"""Electronic invoices that prepaid money pays after taxes: what is taxed stays, what is paid is an amount paid."""

from datetime import date

from lxml import etree

from odoo.tests import tagged

from .common_prepaid import PrepaidCommon
from .test_einvoice import NS, figure


@tagged("post_install", "-at_install")
class TestEinvoicePrepaid(PrepaidCommon):
    """5,000 pages at 0.01 and 21 %: 50.00 + 10.50, of which a balance that is taxed at use pays 30.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        belgium = cls.env.ref("base.be")
        address = {"street": "Rue Longue 1", "city": "Namur", "zip": "5000", "country_id": belgium.id}
        seller = cls.company.partner_id
        seller.write({**address, "vat": "BE0202239951", "company_registry": "0202239951"})
        seller.write({"phone": "+32 81 00 00 00", "email": "books@seller.example"})
        seller.bank_ids = cls.env["res.partner.bank"].create(
            {"acc_number": "BE68539007547034", "partner_id": seller.id, "allow_out_payment": True}
        )
        cls.customer.write({**address, "vat": "BE0477472701", "company_registry": "0477472701", "is_company": True})
        cls.product_pages.taxes_id = cls.env["account.tax"].create(
            {"name": "21", "amount": 21, "country_id": cls.company.account_fiscal_country_id.id}
        )
        cls.company.usage_prepaid_tax_policy = "at_use"
        cls.buy(30)
        cls.use(cls, 5000, external_id="first")
        cls.move = cls.run_billing(date(2026, 2, 1)).line_ids.move_ids

    def written(self, kind, move):
        content, errors = self.env[f"account.edi.xml.{kind}"]._export_invoice(move)
        self.assertEqual(errors, set())
        return etree.fromstring(content)

    def figures(self, node, prefix, *names):
        return [figure(node, f"{prefix}:{name}") for name in names]

    def test_ubl_says_what_is_taxed_what_is_paid_and_what_is_due(self):
        tree = self.written("ubl_bis3", self.move)
        self.assertEqual(len(tree.findall("cac:InvoiceLine", NS)), 1)
        total = tree.find("cac:LegalMonetaryTotal", NS)
        names = ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PrepaidAmount", "PayableAmount")
        # BR-CO-16: 60.50 - 30.00 = 30.50
        expected = [50, 50, 60.5, 30, 30.5]
        self.assertEqual([float(amount) for amount in self.figures(total, "cbc", *names)], expected)
        subtotals = tree.findall("cac:TaxTotal/cac:TaxSubtotal", NS)
        self.assertEqual([figure(item, "cbc:TaxableAmount") for item in subtotals], [50])
        self.assertEqual(self.move.amount_residual, 30.5)

    def test_factur_x_says_the_same(self):
        tree = self.written("cii", self.move)
        self.assertEqual(len(tree.findall(".//ram:IncludedSupplyChainTradeLineItem", NS)), 1)
        total = tree.find(".//ram:SpecifiedTradeSettlementHeaderMonetarySummation", NS)
        names = ("LineTotalAmount", "TaxBasisTotalAmount", "GrandTotalAmount", "TotalPrepaidAmount", "DuePayableAmount")
        self.assertEqual([float(amount) for amount in self.figures(total, "ram", *names)], [50, 50, 60.5, 30, 30.5])

    def test_a_credit_note_that_gives_back_says_what_went_back_to_the_balance(self):
        self.contract.usage_adjustment_policy = "own_invoice"
        self.use(4000, external_id="corrected", replaces="first")
        self.contract._usage_adjust()
        note = self.contract.usage_adjustment_ids.move_id
        # 10.00 + 2.10 = 12.10, all of it back into the balance
        self.assertEqual((note.move_type, note.amount_total, self.balance_of().amount), ("out_refund", 0, 12.1))
        tree = self.written("ubl_bis3", note)
        total = tree.find("cac:LegalMonetaryTotal", NS)
        names = ("LineExtensionAmount", "TaxInclusiveAmount", "PrepaidAmount", "PayableAmount")
        self.assertEqual([float(amount) for amount in self.figures(total, "cbc", *names)], [10, 12.1, 12.1, 0])
