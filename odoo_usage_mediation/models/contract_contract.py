from odoo import models

# Gaps that were found while usage of the period could still come, of sources that the period has usage from.
OPEN_GAPS = """
    SELECT d.line_id, d.date_start::date, d.date_end::date, COUNT(DISTINCT g.id)
      FROM (VALUES %s) d (line_id, metric_id, date_start, date_end)
      JOIN usage_gap g ON g.state = 'open'
       AND g.found_at >= d.date_start::date AND g.found_at < d.date_end::date + 1
     WHERE EXISTS (SELECT FROM usage_event e
                    WHERE e.contract_line_id = d.line_id AND e.metric_id = d.metric_id
                      AND e.usage_date >= d.date_start::date AND e.usage_date < d.date_end::date
                      AND e.occurred_at >= d.date_start::date - 1 AND e.occurred_at < d.date_end::date + 1
                      AND e.source_id = g.source_id)
     GROUP BY 1, 2, 3
"""


class ContractContract(models.Model):
    """Open gaps hold a period, where a safety bound says so."""

    _inherit = "contract.contract"

    def _usage_open_gaps(self, by_due):
        self.env["usage.gap"].flush_model()
        rows = [(due.line_id, items[0].metric.id, due.date_start, due.date_end) for due, items in by_due.items()]
        found = {
            tuple(key): count
            for *key, count in self.env.cr.execute_values(OPEN_GAPS, rows, fetch=True, page_size=len(rows))
        }
        return {due: found.get((due.line_id, due.date_start, due.date_end), 0) for due in by_due}
