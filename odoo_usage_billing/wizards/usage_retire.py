from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class UsageRetire(models.TransientModel):
    """Shows which months of events can be retired and what stands in the way, and retires them."""

    _name = "usage.retire"
    _description = "Retire Usage Events"

    date = fields.Date(required=True, readonly=True, default=fields.Date.today)
    keep_from = fields.Date(string="Events Stay From", readonly=True)
    line_ids = fields.One2many("usage.retire.line", "wizard_id")
    ready_count = fields.Integer(compute="_compute_ready_count")

    @api.depends("line_ids.obstacle")
    def _compute_ready_count(self):
        for wizard in self:
            wizard.ready_count = len(wizard.line_ids.filtered(lambda line: not line.obstacle))

    @api.model_create_multi
    def create(self, vals_list):
        """A wizard begins with what it found."""
        retirements = self.env["usage.retirement"]
        retirements._check_may()
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.keep_from = retirements._keep_from(wizard.date)
            wizard.line_ids = [
                Command.create(
                    {"month": month, "obstacle": retirements._phrase_obstacle(stopped) if stopped else False}
                )
                for _name, month, stopped in retirements._candidates(wizard.date)
            ]
        return wizards

    @api.model
    def action_begin(self):
        """Open a new look at what can be retired."""
        wizard = self.create({})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Retire Usage Events"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_retire(self):
        """Retire the chosen months that nothing stands in the way of."""
        self.ensure_one()
        chosen = self.line_ids.filtered(lambda line: line.is_chosen and not line.obstacle)
        if not chosen:
            raise UserError(self.env._("No month is chosen that can be retired. Choose one, or close this."))
        done = self.env["usage.retirement"]._retire(self.date, chosen.mapped("month"))
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_retirement_action")
        return {**action, "domain": [("id", "in", done.ids)], "target": "main"}
