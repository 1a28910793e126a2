from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.store.schema import refuse_rewrite


class UsageReadingWithdrawal(models.Model):
    """Immutable fact: a reading no longer counts, why, and which one counts instead."""

    _name = "usage.reading.withdrawal"
    _description = "Withdrawn Reading"
    _order = "id DESC"
    _rec_name = "reading_id"

    reading_id = fields.Many2one("usage.reading", required=True, readonly=True, ondelete="restrict")
    source_id = fields.Many2one("usage.source", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    batch_id = fields.Many2one("usage.batch", required=True, readonly=True, index=True, ondelete="restrict")
    external_id = fields.Char(string="Named by", readonly=True, help="The id of the record that withdrew the reading.")
    content_digest = fields.Char(readonly=True)
    reason = fields.Char(readonly=True)
    is_whole_batch = fields.Boolean(string="With Its Batch", readonly=True)
    replaced_by_id = fields.Many2one("usage.reading", string="Counts Instead", readonly=True, ondelete="restrict")

    _reading_unique = models.UniqueIndex("(reading_id)", "This reading is withdrawn already.")
    _external_id_index = models.Index("(source_id, external_id) WHERE external_id IS NOT NULL")

    def init(self):
        refuse_rewrite(self.env.cr, self._table)

    def write(self, vals):
        raise UserError(self.env._("A withdrawn reading stays withdrawn. Send the reading again under a new id."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A withdrawn reading stays withdrawn. Send the reading again under a new id."))
