from odoo import api, fields, models


class UsageBooksCheckLine(models.Model):
    """What one invariant found."""

    _name = "usage.books.check.line"
    _description = "Checked Invariant"
    _order = "check_id DESC, id"

    check_id = fields.Many2one("usage.books.check", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="check_id.company_id", store=True)
    code = fields.Char(required=True)
    name = fields.Char(string="What Must Hold", required=True)
    checked_count = fields.Integer(string="Looked At")
    broken_count = fields.Integer(string="Broken")
    examples = fields.Text(string="First Offenders")
    state = fields.Selection([("holds", "Holds"), ("broken", "Broken")], compute="_compute_state")

    @api.depends("broken_count")
    def _compute_state(self):
        for line in self:
            line.state = "broken" if line.broken_count else "holds"
