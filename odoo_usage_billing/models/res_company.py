from odoo import fields, models

from .usage_tz import tz_get


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "usage.bounds"]

    # What a company begins with; decision 0046 says why these, and why the others are off.
    usage_hold_negative = fields.Boolean(default=True)
    usage_hold_factor = fields.Float(default=5)
    usage_hold_lines = fields.Integer(default=250)
    usage_hold_suspense_percent = fields.Float(default=25)

    usage_tz = fields.Selection(tz_get, string="Billing Time Zone", help="Proposed for new usage contracts.")
    usage_grace_days = fields.Integer(string="Grace Days", help="Proposed for new usage contracts.")
    usage_annex_subjects = fields.Integer(
        string="Subjects in the Usage Annex",
        default=200,
        help="The invoice's annex lists so many subjects; the rest is one total.",
    )
    usage_invoice_policy = fields.Selection(
        [("draft", "Create drafts"), ("post", "Post"), ("send", "Post and send to the customer")],
        string="Usage Invoices",
        default="post",
        help="Proposed for new usage contracts.",
    )
    usage_send_workbook = fields.Boolean(
        string="Send the Usage as a Workbook",
        default=True,
        help="Usage invoices are sent with an .xlsx of what they charge and of totals per subject and end user.",
    )
    usage_late_policy = fields.Selection(
        [("accept", "Accept it: the difference is billed"), ("refuse", "Keep it in suspense")],
        string="Usage of Invoiced Periods",
        default="accept",
        help="Proposed for new usage contracts.",
    )
    usage_adjustment_policy = fields.Selection(
        [
            ("ask", "Ask: a person accepts them"),
            ("next_invoice", "Put them on the next invoice"),
            ("own_invoice", "Bill or credit them at once"),
        ],
        string="Differences",
        default="ask",
        help="Proposed for new usage contracts.",
    )
    usage_write_off_below = fields.Monetary(string="Write Off Below", help="Proposed for new usage contracts.")
    usage_write_off_account_id = fields.Many2one(
        "account.account",
        string="Account of Written-off Differences",
        help="Empty: nothing was booked of the difference, and nothing is. Filled: it is shown as income and as this "
        "expense.",
    )
