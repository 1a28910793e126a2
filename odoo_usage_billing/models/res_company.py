from odoo import fields, models

from .usage_tz import tz_get


class ResCompany(models.Model):
    _inherit = "res.company"

    usage_tz = fields.Selection(tz_get, string="Billing Time Zone", help="Proposed for new usage contracts.")
    usage_grace_days = fields.Integer(string="Grace Days", help="Proposed for new usage contracts.")
    usage_annex_subjects = fields.Integer(
        string="Subjects in the Usage Annex",
        default=200,
        help="The invoice's annex lists so many subjects; the rest is one total.",
    )
