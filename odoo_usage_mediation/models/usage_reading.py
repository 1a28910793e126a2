from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.store.schema import refuse_rewrite


class UsageReading(models.Model):
    """Immutable fact: what a register showed at an instant."""

    _name = "usage.reading"
    _description = "Usage Reading"
    _order = "read_at DESC, id DESC"
    _rec_name = "external_id"

    register_id = fields.Many2one("usage.register", required=True, readonly=True, ondelete="restrict")
    source_id = fields.Many2one("usage.source", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    batch_id = fields.Many2one("usage.batch", required=True, readonly=True, index=True, ondelete="restrict")
    row_number = fields.Integer(string="Row", readonly=True, aggregator=None)
    external_id = fields.Char(string="External Id", required=True, readonly=True)
    revision = fields.Integer(required=True, readonly=True, default=1, aggregator=None)
    content_digest = fields.Char(required=True, readonly=True)
    subject_code = fields.Char(string="Serial", required=True, readonly=True)
    read_at = fields.Datetime(required=True, readonly=True)
    value = fields.Float(digits=False, min_display_digits=2, required=True, readonly=True, aggregator=None)
    kind = fields.Selection(
        [("actual", "Actual"), ("estimated", "Estimated"), ("closing", "Closing"), ("opening", "Opening")],
        required=True,
        readonly=True,
    )
    started_at = fields.Datetime(readonly=True, help="When the device says that its register began to count.")
    dimensions = fields.Json(readonly=True)
    end_user = fields.Char(readonly=True)
    delta_external_id = fields.Char(
        string="Usage Id", readonly=True, index=True, help="The external id of the usage up to this reading."
    )

    withdrawal_ids = fields.One2many("usage.reading.withdrawal", "reading_id", readonly=True)
    state = fields.Selection(
        [("standing", "Counts"), ("withdrawn", "Withdrawn")], compute="_compute_state", search="_search_state"
    )

    _external_id_unique = models.UniqueIndex("(source_id, external_id, revision)", "This reading is stored already.")
    _register_read_at = models.Index("(register_id, read_at)")

    def init(self):
        refuse_rewrite(self.env.cr, self._table)

    @api.depends("withdrawal_ids")
    def _compute_state(self):
        for reading in self:
            reading.state = "withdrawn" if reading.withdrawal_ids else "standing"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = set(value)
        if wanted >= {"standing", "withdrawn"}:
            return [(1, "=", 1)]
        return [("withdrawal_ids", "!=" if "withdrawn" in wanted else "=", False)]

    def write(self, vals):
        raise UserError(self.env._("Readings are facts and never change. Withdraw it, or replace it by another."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Readings are facts and never go. Withdraw it, or replace it by another."))

    def _value_text(self):
        """What the register showed, digit for digit."""
        self.ensure_one()
        self.env.cr.execute("SELECT trim_scale(value)::text FROM usage_reading WHERE id = %s", (self.id,))
        return self.env.cr.fetchone()[0]

    def action_withdraw(self):
        """Ask why these readings do not count, and show what that changes."""
        return self.env["usage.reading.withdraw"]._ask(self)

    def action_view_usage(self):
        """Open the usage that this reading gave, with its corrections."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Events"),
            "res_model": "usage.event",
            "view_mode": "list,kanban,form",
            "domain": [("source_id", "=", self.source_id.id), ("known_as", "=", self.delta_external_id)],
        }
