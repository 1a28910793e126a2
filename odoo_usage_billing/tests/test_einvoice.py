"""Electronic invoices of usage: days on every line, and figures that a receiver can multiply and add up."""

from datetime import date
from decimal import Decimal

from lxml import etree

from odoo.tests import BaseCase, tagged

from odoo.addons.odoo_usage_billing.invoicing.einvoice import price_per

from .common import UsageCommon, utc

NS = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}


def figure(node, path):
    """The Decimal at a path below a node, 0 without one."""
    text = node.findtext(path, namespaces=NS)
    return Decimal(text) if text else Decimal(0)


@tagged("post_install", "-at_install")
class TestEinvoice(UsageCommon):
    """A Belgian seller and customer at 21 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        belgium = cls.env.ref("base.be")
        address = {"street": "Rue Longue 1", "city": "Namur", "zip": "5000", "country_id": belgium.id}
        cls.company.partner_id.write({**address, "vat": "BE0202239951", "company_registry": "0202239951"})
        bank = cls.env["res.partner.bank"].create(
            {"acc_number": "BE68539007547034", "partner_id": cls.company.partner_id.id, "allow_out_payment": True}
        )
        cls.company.partner_id.bank_ids = bank
        cls.customer.write({**address, "vat": "BE0477472701", "company_registry": "0477472701", "is_company": True})
        cls.tax = cls.env["account.tax"].create(
            {"name": "21", "amount": 21, "country_id": cls.company.account_fiscal_country_id.id}
        )
        (cls.product_pages | cls.product_service).taxes_id = cls.tax

    def contract_of(self, tiers, fee=None, **line):
        lines = [self.usage_line(self.make_card(tiers), **line)]
        if fee:
            lines.insert(0, {"name": "Fee", "product_id": self.product_service.id, **fee})
        contract = self.make_contract(lines, code="PO 4711")
        self.make_subjects(contract.contract_line_ids.filtered("is_usage"), 1)
        return contract

    def bill(self, day=date(2026, 2, 1)):
        run = self.run_billing(day)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        return run.line_ids.move_ids

    def exported(self, move):
        """The lines of the UBL that Odoo writes, each checked as a receiver does (EN 16931, Peppol BIS 3)."""
        content, errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(move)
        self.assertEqual(errors, set())
        tree = etree.fromstring(content)
        kind = "CreditNote" if move.move_type == "out_refund" else "Invoice"
        self.assertEqual(etree.QName(tree).localname, kind)
        lines = tree.findall(f"cac:{kind}Line", NS)
        self.assertTrue(lines)
        for line in lines:
            self.check_line(line, "Credited" if kind == "CreditNote" else "Invoiced")
        total = tree.find("cac:LegalMonetaryTotal", NS)
        net = sum(figure(line, "cbc:LineExtensionAmount") for line in lines)
        self.assertEqual(figure(total, "cbc:LineExtensionAmount"), net)  # BR-CO-10
        tax = figure(tree, "cac:TaxTotal/cbc:TaxAmount")
        self.assertEqual(
            figure(total, "cbc:TaxInclusiveAmount"), figure(total, "cbc:TaxExclusiveAmount") + tax
        )  # BR-CO-15
        self.assertEqual(net, Decimal(str(move.amount_untaxed)))
        self.assertEqual(figure(total, "cbc:PayableAmount"), Decimal(str(move.amount_residual)))
        return lines

    def check_line(self, line, verb):
        price, base = figure(line, "cac:Price/cbc:PriceAmount"), figure(line, "cac:Price/cbc:BaseQuantity") or 1
        quantity = line.find(f"cbc:{verb}Quantity", NS)
        self.assertGreaterEqual(price, 0)  # BR-27
        self.assertGreater(base, 0)  # PEPPOL-EN16931-R121
        node = line.find("cac:Price/cbc:BaseQuantity", NS)
        if node is not None:
            self.assertEqual(node.get("unitCode"), quantity.get("unitCode"))  # R130
        extra = sum(
            figure(item, "cbc:Amount") * (1 if item.findtext("cbc:ChargeIndicator", namespaces=NS) == "true" else -1)
            for item in line.findall("cac:AllowanceCharge", NS)
        )
        amount = figure(line, "cbc:LineExtensionAmount")
        self.assertLessEqual(abs(Decimal(quantity.text) * price / base + extra - amount), Decimal("0.02"))  # R120
        self.assertEqual(amount, round(amount, 2))  # BR-DEC-23
        start, end = (line.findtext(f"cac:InvoicePeriod/cbc:{name}Date", namespaces=NS) for name in ("Start", "End"))
        self.assertTrue(start and end and start <= end, "BR-30: a line of usage says its days")

    def test_tiers_a_fee_with_a_discount_and_their_days(self):
        contract = self.contract_of(
            [(70000, 0.012, 0), (None, 0.009, 0)], {"specific_price": 99.99, "quantity": 3, "discount": 10}
        )
        self.send([self.record("PRN0001", 72000)])
        move = self.bill()
        lines = self.exported(move)
        self.assertEqual(
            [(figure(line, "cbc:InvoicedQuantity"), figure(line, "cac:Price/cbc:PriceAmount")) for line in lines],
            [(3, Decimal("99.99")), (70000, Decimal("0.012")), (2000, Decimal("0.009"))],
        )
        days = {
            (
                line.findtext("cac:InvoicePeriod/cbc:StartDate", namespaces=NS),
                line.findtext("cac:InvoicePeriod/cbc:EndDate", namespaces=NS),
            )
            for line in lines
        }
        self.assertEqual(days, {("2026-01-01", "2026-01-31")})
        self.assertEqual(contract.contract_line_ids[0].last_date_invoiced, date(2026, 1, 31))

    def test_a_price_of_many_decimals_is_written_for_many_units(self):
        self.contract_of([(None, 0.0000125, 0)])
        self.send([self.record("PRN0001", 8_000_000)])
        (line,) = self.exported(self.bill())
        self.assertEqual(figure(line, "cbc:LineExtensionAmount"), 100)
        self.assertEqual(figure(line, "cac:Price/cbc:PriceAmount"), Decimal("0.000125"))
        self.assertEqual(figure(line, "cac:Price/cbc:BaseQuantity"), 10)

    def test_an_amount_that_is_not_quantity_times_price_is_one_at_the_amount(self):
        self.contract_of([(None, 0.0123, 0)])
        self.send([self.record("PRN0001", 33)])
        (line,) = self.exported(self.bill())
        self.assertEqual(
            (figure(line, "cbc:InvoicedQuantity"), figure(line, "cbc:LineExtensionAmount")), (1, Decimal("0.41"))
        )

    def test_a_commitments_true_up_has_days(self):
        contract = self.contract_of([(None, 1, 0)])
        self.env["usage.commitment"].create(
            {
                "name": "Promise",
                "contract_id": contract.id,
                "date_start": date(2026, 1, 1),
                "term": "monthly",
                "amount": 50,
            }
        )
        self.send([self.record("PRN0001", 20)])
        lines = self.exported(self.bill())
        self.assertEqual(sum(figure(line, "cbc:LineExtensionAmount") for line in lines), 50)

    def test_a_difference_for_less_is_a_line_below_zero_with_the_days_of_its_period(self):
        contract = self.contract_of([(None, 1, 0)])
        contract.usage_adjustment_policy = "next_invoice"
        self.send([self.record("PRN0001", 20, external_id="one"), self.record("PRN0001", 30, utc(2026, 2, 3))])
        self.bill()
        self.send([self.record("PRN0001", 15, external_id="two")._replace(replaces="one")])
        contract._usage_look()
        lines = self.exported(self.bill(date(2026, 3, 1)))
        self.assertEqual([figure(line, "cbc:LineExtensionAmount") for line in lines], [30, -5])
        self.assertEqual([figure(line, "cbc:InvoicedQuantity") for line in lines], [30, -5])
        self.assertEqual(lines[1].findtext("cac:InvoicePeriod/cbc:StartDate", namespaces=NS), "2026-01-01")

    def test_a_credit_note_of_its_own_names_the_invoice_and_the_days(self):
        contract = self.contract_of([(None, 1, 0)])
        self.send([self.record("PRN0001", 20, external_id="one")])
        move = self.bill()
        contract.usage_adjustment_policy = "own_invoice"
        self.send([self.record("PRN0001", 15, external_id="two")._replace(replaces="one")])
        contract._usage_adjust()
        credit = contract.usage_adjustment_ids.move_id
        self.assertEqual((credit.move_type, credit.reversed_entry_id), ("out_refund", move))
        (line,) = self.exported(credit)
        self.assertEqual((figure(line, "cbc:CreditedQuantity"), figure(line, "cbc:LineExtensionAmount")), (5, 5))

    def test_a_credit_note_by_hand_keeps_the_days(self):
        self.contract_of([(None, 1, 0)], {"specific_price": 5})
        self.send([self.record("PRN0001", 20)])
        move = self.bill()
        credit = move._reverse_moves([{"invoice_date": date(2026, 2, 2)}])
        credit.action_post()
        self.assertEqual(len(self.exported(credit)), 2)

    def test_factur_x_has_days_and_exact_prices_too(self):
        self.contract_of([(None, 0.0000125, 0)])
        self.send([self.record("PRN0001", 8_000_000)])
        content, _errors = self.env["account.edi.xml.cii"]._export_invoice(self.bill())
        item = etree.fromstring(content).find(".//ram:IncludedSupplyChainTradeLineItem", NS)
        price = item.find(".//ram:NetPriceProductTradePrice", NS)
        exact = figure(price, "ram:ChargeAmount") / (figure(price, "ram:BasisQuantity") or 1)
        self.assertEqual(exact, Decimal("0.0000125"))
        self.assertEqual(
            [node.text for node in item.iterfind(".//ram:BillingSpecifiedPeriod//udt:DateTimeString", NS)],
            ["20260101", "20260131"],
        )

    def test_an_invoice_without_usage_is_written_as_before(self):
        move = self.init_invoice(
            "out_invoice", self.customer, "2026-01-05", post=True, amounts=[100.123], taxes=self.tax
        )
        content, _errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(move)
        self.assertIsNone(etree.fromstring(content).find(".//cac:InvoiceLine/cac:InvoicePeriod", NS))


class TestPricePer(BaseCase):
    """Prices that keep their product within the decimals of a format."""

    def test_a_price_is_for_as_many_units_as_make_it_exact(self):
        cases = (
            ("0.012", "20000", "240", ("0.012", 1)),
            ("0.0000125", "8000000", "100", ("0.000125", 10)),
            ("0.000000123456", "1000000000", "123.456", ("0.000001", 1)),
            ("2.5", "-4", "-10", ("2.5", 1)),
        )
        for price, quantity, total, (shown, base) in cases[:2] + cases[3:]:
            with self.subTest(price=price):
                found = price_per(Decimal(price), Decimal(quantity), Decimal(total), 6)
                self.assertEqual((found[0].normalize(), found[1]), (Decimal(shown), base))
        shown, base = price_per(Decimal("0.000000123456"), Decimal(10**9), Decimal("123.456"), 6)
        self.assertLess(abs(shown * 10**9 / base - Decimal("123.456")), Decimal("0.005"))
