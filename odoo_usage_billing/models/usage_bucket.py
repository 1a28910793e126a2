from odoo import fields, models
from odoo.tools import SQL

from ..store.schema import create_bucket_store


class UsageBucket(models.Model):
    """Sums of events per contract line, subject, metric, local day and slot."""

    _name = "usage.bucket"
    _description = "Usage Bucket"
    _auto = False
    _log_access = False
    _order = "usage_date DESC, id DESC"
    _rec_name = "usage_date"

    company_id = fields.Many2one("res.company", readonly=True)
    contract_line_id = fields.Many2one("contract.line", readonly=True)
    metric_id = fields.Many2one("usage.metric", readonly=True)
    subject_id = fields.Many2one("usage.subject", readonly=True)
    end_user_id = fields.Many2one("res.partner", string="End User", readonly=True)
    usage_date = fields.Date(readonly=True)
    usage_slot = fields.Integer(readonly=True, aggregator=None)
    dimension_key = fields.Char(readonly=True)
    quantity_sum = fields.Float(string="Quantity", digits=False, min_display_digits=2, readonly=True)
    amount_sum = fields.Float(digits=False, min_display_digits=2, readonly=True)
    event_count = fields.Integer(string="Events", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            "SELECT id, company_id, contract_line_id, metric_id, subject_id,"
            " NULLIF(end_user_id, 0) AS end_user_id, usage_date, usage_slot,"
            " dimension_key, quantity_sum, amount_sum, event_count FROM usage_bucket"
        )

    def init(self):
        create_bucket_store(self.env.cr)
