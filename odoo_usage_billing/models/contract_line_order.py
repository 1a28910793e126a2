from odoo import fields, models


class ContractLine(models.Model):
    """A line's own reference at the customer."""

    _inherit = "contract.line"

    usage_order_number = fields.Char(
        string="Order Number",
        help="The customer's purchase order or cost centre. Lines with one are invoiced apart, and it is the "
        "invoice's customer reference.",
    )
