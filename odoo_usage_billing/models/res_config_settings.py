from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    usage_tz = fields.Selection(related="company_id.usage_tz", readonly=False)
    usage_grace_days = fields.Integer(related="company_id.usage_grace_days", readonly=False)
    usage_accrual_journal_id = fields.Many2one(related="company_id.usage_accrual_journal_id", readonly=False)
    usage_accrual_account_id = fields.Many2one(related="company_id.usage_accrual_account_id", readonly=False)
    usage_annex_subjects = fields.Integer(related="company_id.usage_annex_subjects", readonly=False)
    usage_invoice_policy = fields.Selection(related="company_id.usage_invoice_policy", readonly=False)
    usage_send_workbook = fields.Boolean(related="company_id.usage_send_workbook", readonly=False)
    usage_late_policy = fields.Selection(related="company_id.usage_late_policy", readonly=False)
    usage_adjustment_policy = fields.Selection(related="company_id.usage_adjustment_policy", readonly=False)
    usage_write_off_below = fields.Monetary(
        related="company_id.usage_write_off_below", readonly=False, currency_field="usage_currency_id"
    )
    usage_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Usage Limits")
    usage_write_off_account_id = fields.Many2one(related="company_id.usage_write_off_account_id", readonly=False)
    usage_hold_negative = fields.Boolean(related="company_id.usage_hold_negative", readonly=False)
    usage_hold_above = fields.Monetary(
        related="company_id.usage_hold_above", readonly=False, currency_field="usage_currency_id"
    )
    usage_hold_factor = fields.Float(related="company_id.usage_hold_factor", readonly=False)
    usage_hold_lines = fields.Integer(related="company_id.usage_hold_lines", readonly=False)
    usage_hold_suspense_percent = fields.Float(related="company_id.usage_hold_suspense_percent", readonly=False)
    usage_retention_months = fields.Integer(
        string="Months of Usage Events", config_parameter="odoo_usage_billing.retention_months"
    )
    usage_hold_gap = fields.Boolean(related="company_id.usage_hold_gap", readonly=False)
    usage_prepaid_account_id = fields.Many2one(related="company_id.usage_prepaid_account_id", readonly=False)
    usage_deferred_account_id = fields.Many2one(related="company_id.usage_deferred_account_id", readonly=False)
    usage_prepaid_income_account_id = fields.Many2one(
        related="company_id.usage_prepaid_income_account_id", readonly=False
    )
    usage_prepaid_promotion_account_id = fields.Many2one(
        related="company_id.usage_prepaid_promotion_account_id", readonly=False
    )
    usage_prepaid_tax_policy = fields.Selection(related="company_id.usage_prepaid_tax_policy", readonly=False)
    usage_prepaid_available = fields.Selection(related="company_id.usage_prepaid_available", readonly=False)
    usage_prepaid_breakage = fields.Float(related="company_id.usage_prepaid_breakage", readonly=False)
