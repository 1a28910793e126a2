from odoo import api, models


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        profile = self.env.ref("odoo_usage_mediation.usage_profile_template", raise_if_not_found=False)
        if profile:
            # Whoever may create a company need not be a usage manager.
            self.env["usage.source"].sudo()._ensure_template_sources(companies)
        return companies
