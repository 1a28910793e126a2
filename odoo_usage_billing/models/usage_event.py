from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..store.identity import stored_under
from ..store.schema import create_event_store, ensure_partitions, months_between

#: As the filter that the list of events begins with.
RECENT_DAYS = 30


class UsageEvent(models.Model):
    """Immutable fact: subject, metric, instant, quantity, dimensions.

    Bound to the partitioned table of the store; written by UsageWriter only.
    """

    _name = "usage.event"
    _description = "Usage Event"
    _auto = False
    _log_access = False
    _order = "occurred_at DESC, id DESC"
    _rec_name = "external_id"

    company_id = fields.Many2one("res.company", readonly=True)
    source_id = fields.Many2one("usage.source", readonly=True)
    batch_id = fields.Many2one("usage.batch", readonly=True)
    row_number = fields.Integer(string="Row", readonly=True, aggregator=None)
    external_id = fields.Char(string="External Id", readonly=True)
    known_as = fields.Char(string="Known As", compute="_compute_known_as", search="_search_known_as")
    subject_id = fields.Many2one("usage.subject", readonly=True)
    assignment_id = fields.Many2one("usage.assignment", readonly=True)
    contract_line_id = fields.Many2one("contract.line", readonly=True)
    metric_id = fields.Many2one("usage.metric", readonly=True)
    end_user_id = fields.Many2one("res.partner", string="End User", readonly=True)
    occurred_at = fields.Datetime(readonly=True)
    received_at = fields.Datetime(readonly=True)
    usage_date = fields.Date(readonly=True, help="Day in the contract's time zone.")
    usage_slot = fields.Integer(string="Slot", readonly=True, aggregator=None, help="Minute of the local day.")
    quantity = fields.Float(digits=False, min_display_digits=2, readonly=True)
    amount = fields.Float(digits=False, min_display_digits=2, readonly=True, string="Carried Amount")
    dimensions = fields.Json(readonly=True)
    dimensions_text = fields.Char(compute="_compute_dimensions_text", string="Dimension Values")
    voids_event_id = fields.Many2one("usage.event", string="Takes Back", readonly=True)
    is_voided = fields.Boolean(string="Taken Back", compute="_compute_is_voided")
    uom_id = fields.Many2one(related="metric_id.uom_id")

    @property
    def _table_query(self):
        return SQL(
            "SELECT id, company_id, source_id, batch_id, row_number, external_id, subject_id,"
            " assignment_id, contract_line_id, metric_id, end_user_id, occurred_at,"
            " received_at, usage_date, usage_slot, quantity, amount, dimensions, voids_event_id"
            " FROM usage_event"
        )

    def init(self):
        create_event_store(self.env.cr)

    @api.model
    def _action_of(self, domain):
        """Open the events of some owners, newest first: those of the last days alone, where there are any."""
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_event_action")
        recent = [*domain, ("usage_date", ">=", fields.Date.subtract(fields.Date.today(), days=RECENT_DAYS - 1))]
        is_recent = bool(self.env["usage.bucket"].search_count(recent, limit=1))
        return {**action, "domain": domain, "context": {"search_default_last_30_days": is_recent}}

    @api.model
    def _cron_make_partitions(self):
        """Make the monthly partitions of the near future before usage needs them.

        A short transaction that gives up rather than queue behind a long reader.
        """
        self.env.cr.execute("SET LOCAL lock_timeout = '5s'")
        today = fields.Date.today()
        ensure_partitions(self.env.cr, months_between(today, fields.Date.add(today, months=6)))

    @api.depends("dimensions")
    def _compute_dimensions_text(self):
        for event in self:
            event.dimensions_text = ", ".join(f"{name}: {value}" for name, value in (event.dimensions or {}).items())

    @api.depends("external_id")
    def _compute_known_as(self):
        for event in self:
            event.known_as = event.external_id

    def _search_known_as(self, operator, value):
        """Events by their external id and what took them back: found by key, however many are stored."""
        if operator not in ("=", "in"):
            return NotImplemented
        names = [value] if isinstance(value, str) else [name for name in value or () if name]
        # Ids alone, and the rules of events say who sees them.
        sources = self.env["usage.source"].sudo().with_context(active_test=False).search([])
        return [("id", "in", stored_under(self.env.cr, sources, names))]

    def _compute_is_voided(self):
        voided = {void.voids_event_id.id for void in self.search([("voids_event_id", "in", self.ids)])}
        for event in self:
            event.is_voided = event.id in voided

    @api.model_create_multi
    def create(self, vals_list):
        raise UserError(
            self.env._(
                "Usage events are written through a batch (file, API, device or manual entry), "
                "so that each is counted once."
            )
        )

    def write(self, vals):
        raise UserError(
            self.env._("Usage events are facts and never change. Let the source send a correction that names them.")
        )

    def unlink(self):
        # There is no ORM deletion to hook into: nothing may ever go.
        raise UserError(  # pylint: disable=no-raise-unlink
            self.env._("Usage events are facts and never go. Let the source send a correction that names them.")
        )

    def action_open_file(self):
        """Open the batch, and so the file, that this event came from."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.batch_id.display_name,
            "res_model": "usage.batch",
            "res_id": self.batch_id.id,
            "view_mode": "form",
        }
