from odoo import api, fields, models

from ..store.records import plain

# Who has these rows' usage: the last assignment of (serial, metric), else the usual line of the source.
USUAL_LINES = """
    SELECT waiting.source_id, waiting.subject_code, waiting.metric_code, COALESCE(assigned.line_id, usual.id)
      FROM (SELECT DISTINCT source_id, company_id, subject_code, metric_code
              FROM usage_suspense WHERE id = ANY(%s)) AS waiting
      JOIN usage_source s ON s.id = waiting.source_id
      LEFT JOIN LATERAL (
            SELECT a.contract_line_id AS line_id
              FROM usage_subject u
              JOIN usage_assignment a ON a.subject_id = u.id
              JOIN usage_metric m ON m.id = a.metric_id AND m.code = waiting.metric_code
             WHERE u.company_id = waiting.company_id AND u.code = waiting.subject_code
             ORDER BY a.start_at DESC, a.id DESC LIMIT 1) AS assigned ON TRUE
      LEFT JOIN LATERAL (
            SELECT l.id FROM contract_line l
              JOIN usage_metric m ON m.id = l.usage_metric_id AND m.code = waiting.metric_code
             WHERE l.id = s.default_contract_line_id) AS usual ON TRUE
     WHERE COALESCE(assigned.line_id, usual.id) IS NOT NULL
"""
PUT = """
    UPDATE usage_suspense s
       SET amount_estimate = round(((s.payload || COALESCE(s.correction, '{}'))->>'quantity')::numeric * p.price, 4)
      FROM unnest(%s::int[], %s::text[], %s::text[], %s::numeric[]) AS p(source_id, subject_code, metric_code, price)
     WHERE s.id = ANY(%s) AND s.source_id = p.source_id
       AND s.subject_code = p.subject_code AND s.metric_code = p.metric_code
       AND (s.payload || COALESCE(s.correction, '{}'))->>'quantity' ~ '^-?[0-9]+(\\.[0-9]+)?$'
"""


class UsageSuspense(models.Model):
    """About how much money waits: quantity x what a unit cost lately on the usual contract line."""

    _inherit = "usage.suspense"

    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_estimate = fields.Monetary(
        string="Estimated Value",
        readonly=True,
        help="Quantity times the price of a unit on the contract line that usually has this usage. "
        "Empty where neither the serial nor the source has a usual line, and for what a counter shows.",
    )

    def _estimate_value(self):
        """Set the estimate of these rows, by two statements for however many there are."""
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(USUAL_LINES, (self.ids,))
        found = self.env.cr.fetchall()
        lines = self.env["contract.line"].sudo().browse({row[3] for row in found})
        prices = {line.id: price for line in lines if (price := line._usage_unit_price()) is not None}
        priced = [(*row[:3], plain(prices[row[3]])) for row in found if row[3] in prices]
        if priced:
            self.env.cr.execute(PUT, (*map(list, zip(*priced, strict=True)), self.ids))
            self.invalidate_recordset(["amount_estimate"])

    @api.model
    def _cron_estimate(self):
        """Estimate open rows anew: prices change, and serials become known."""
        self.search([("state", "=", "open")], limit=50_000)._estimate_value()
