from decimal import Decimal

from lxml import etree

from odoo import models

from ..invoicing.einvoice import price_per

RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
#: Decimals of a unit price in the formats that Odoo writes.
UBL_PLACES, CII_PLACES = 6, 6


def _exact(number):
    return Decimal(repr(number))


class AccountEdiXmlUblBis3(models.AbstractModel):
    """Peppol BIS 3 and what follows it: a small unit price is written for a base quantity."""

    _inherit = "account.edi.xml.ubl_bis3"

    def _setup_base_lines(self, vals):
        """What is paid from a balance after taxes is no line, which would be exempt, but an amount paid (BT-113)."""
        paid = vals["invoice"]._usage_paid_lines()
        vals["base_lines"] = [base for base in vals["base_lines"] if base["record"] not in paid]
        result = super()._setup_base_lines(vals)
        vals["_ubl_values"]["payable_amount_tax_withholding_currency"] -= sum(paid.mapped("price_total"))
        return result

    def _add_invoice_line_price_nodes(self, line_node, vals):
        super()._add_invoice_line_price_nodes(line_node, vals)
        line = vals["base_line"]
        if not line["quantity"]:
            return
        quantity, total = _exact(line["quantity"]), _exact(line["tax_details"]["gross_total_excluded_currency"])
        price = _exact(line["price_unit"])
        if abs(price * quantity - total) >= Decimal("0.005"):  # taxes are included in it
            price = total / quantity
        shown, base = price_per(price, quantity, total, UBL_PLACES)
        if base > 1:
            unit = self._get_uom_unece_code(line["product_uom_id"])
            line_node["cac:Price"]["cbc:PriceAmount"]["_text"] = format(shown.normalize(), "f")
            line_node["cac:Price"]["cbc:BaseQuantity"] = {"_text": format(base, "f"), "unitCode": unit}


class AccountEdiXmlCii(models.AbstractModel):
    """Factur-X: the days of a line, and its unit price with the decimals that it has."""

    _inherit = "account.edi.xml.cii"

    def _export_invoice_vals(self, invoice):
        values = super()._export_invoice_vals(invoice)
        paid = invoice._usage_paid_lines()
        # Lines without a tax are in no total of the host's.
        values["invoice_line_vals_list"] = [
            each for each in values["invoice_line_vals_list"] if each["line"] not in paid
        ]
        for line_vals in values["invoice_line_vals_list"]:
            line = line_vals["line"]
            if line.usage_date_start and not line_vals.get("billing_start"):
                line_vals.update(billing_start=line.usage_date_start, billing_end=line._usage_date_last())
        return values

    def _export_invoice(self, invoice):
        content, errors = super()._export_invoice(invoice)
        lines = invoice.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        paid = -sum(invoice._usage_paid_lines().mapped("price_total"))
        if not paid and not lines.filtered("usage_date_start"):
            return content, errors
        tree = etree.fromstring(content)
        for name in ("GrandTotalAmount", "TotalPrepaidAmount") if paid else ():
            node = tree.find(f".//{{{RAM}}}{name}")
            node.text = format(Decimal(node.text) + _exact(invoice.currency_id.round(paid)), "f")
        items = tree.iterfind(f".//{{{RAM}}}IncludedSupplyChainTradeLineItem")
        for item in items:
            self._usage_price(item)
        return etree.tostring(tree, xml_declaration=True, encoding="UTF-8"), errors

    def _usage_price(self, item):
        """Write the unit price for as many units as make it exact, where two decimals do not."""
        quantity = item.find(f".//{{{RAM}}}BilledQuantity")
        total = item.find(f".//{{{RAM}}}LineTotalAmount")
        prices = item.findall(f".//{{{RAM}}}ChargeAmount")
        if item.find(f".//{{{RAM}}}AppliedTradeAllowanceCharge") is not None or not Decimal(quantity.text):
            return
        exact = Decimal(total.text) / Decimal(quantity.text)
        shown, base = price_per(exact, Decimal(quantity.text), Decimal(total.text), CII_PLACES)
        for price in prices:
            if Decimal(price.text) == shown and base == 1:
                continue
            price.text = format(shown.normalize(), "f")
            if base > 1:
                node = etree.SubElement(price.getparent(), f"{{{RAM}}}BasisQuantity", unitCode=quantity.get("unitCode"))
                node.text = format(base, "f")
