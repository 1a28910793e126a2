from odoo import fields, models
from odoo.tools import SQL


class UsageReport(models.Model):
    """Usage per day, subject and end user, with the contract and customer it belongs to."""

    _name = "usage.report"
    _description = "Usage Analysis"
    _auto = False
    _order = "usage_date DESC, id DESC"
    _rec_name = "usage_date"
    _depends = {
        "contract.line": ["contract_id"],
        "contract.contract": ["partner_id"],
        "usage.subject": ["location"],
        "usage.metric": ["aggregation", "uom_id"],
    }

    usage_date = fields.Date(string="Day", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contract_id = fields.Many2one("contract.contract", readonly=True)
    contract_line_id = fields.Many2one("contract.line", readonly=True)
    metric_id = fields.Many2one("usage.metric", readonly=True)
    uom_id = fields.Many2one("uom.uom", string="Unit", readonly=True)
    subject_id = fields.Many2one("usage.subject", readonly=True)
    location = fields.Char(readonly=True)
    end_user_id = fields.Many2one("res.partner", readonly=True)
    quantity = fields.Float(
        digits=(32, 9),
        readonly=True,
        help="Sum of usage; the number of events for metrics that count events.",
    )
    quantity_max = fields.Float(string="Peak", digits=(32, 9), readonly=True, aggregator="max")
    event_count = fields.Integer(string="Events", readonly=True)

    @property
    def _table_query(self):
        return SQL("%s %s", self._select(), self._from())

    def _select(self):
        return SQL(
            "SELECT b.id, b.usage_date, b.company_id, c.partner_id, l.contract_id,"
            " b.contract_line_id, b.metric_id, m.uom_id, b.subject_id, s.location,"
            " NULLIF(b.end_user_id, 0) AS end_user_id,"
            " CASE m.aggregation WHEN 'count' THEN b.event_count - 2 * b.void_count ELSE b.quantity_sum END"
            " AS quantity, b.quantity_max, b.event_count"
        )

    def _from(self):
        return SQL(
            "FROM usage_bucket b"
            " JOIN contract_line l ON l.id = b.contract_line_id"
            " JOIN contract_contract c ON c.id = l.contract_id"
            " JOIN usage_subject s ON s.id = b.subject_id"
            " JOIN usage_metric m ON m.id = b.metric_id"
        )

    def action_view_events(self):
        """Open the events behind these rows."""
        self.ensure_one()
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Events"),
            "res_model": "usage.event",
            "view_mode": "list,kanban,form",
            "domain": [
                ("contract_line_id", "=", self.contract_line_id.id),
                ("metric_id", "=", self.metric_id.id),
                ("subject_id", "=", self.subject_id.id),
                ("end_user_id", "=", self.end_user_id.id),
                ("usage_date", "=", self.usage_date),
            ],
        }
        retired = self.env["usage.retirement"]
        day_after = fields.Date.add(self.usage_date, days=1)
        note = retired._note(self.contract_line_id, self.metric_id, self.usage_date, day_after)
        return retired._explain_in(action, note)
