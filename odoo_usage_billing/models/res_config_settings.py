from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    usage_tz = fields.Selection(related="company_id.usage_tz", readonly=False)
    usage_grace_days = fields.Integer(related="company_id.usage_grace_days", readonly=False)
    usage_accrual_journal_id = fields.Many2one(related="company_id.usage_accrual_journal_id", readonly=False)
    usage_accrual_account_id = fields.Many2one(related="company_id.usage_accrual_account_id", readonly=False)
    usage_annex_subjects = fields.Integer(related="company_id.usage_annex_subjects", readonly=False)
