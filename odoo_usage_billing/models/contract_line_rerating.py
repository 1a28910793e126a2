from datetime import date

from odoo import models

from ..invoicing import adjustments, rerating, resettling
from ..invoicing.segments import rating_term


class ContractLine(models.Model):
    """Looking again at what was charged."""

    _inherit = "contract.line"

    def _usage_look_held(self, since=date.min):
        """Find and store adjustments of charges that end after `since`; the contracts are held by the caller."""
        compared, found = rerating.find(self.env, self, since)
        decide = self.env["contract.contract"]._decide_adjustment
        stored = adjustments.store(self.env, compared, found, decide, self.env.cr.now())
        settled = resettling.find_settlements(self.env, self.contract_id)
        stored += adjustments.store(self.env, *settled, decide, self.env.cr.now())
        stored.filtered(lambda a: a.state == "written_off")._book_write_off()
        return stored

    def _usage_look_before(self, dues):
        """Find what changed in the rating terms that go on with `dues`, so that these bill their own usage only."""
        carrying = self.filtered(lambda line: "carry_forward" in line.usage_baseline_ids.mapped("below"))
        lines = carrying | self.filtered(lambda line: line.usage_rating_term not in (False, "period"))
        if not lines:
            return
        starts = [
            rating_term(line, due.date_start).start
            for line in lines - carrying
            for due in dues
            if due.line_id == line.id
        ]
        lines._usage_look_held(date.min if carrying else min(starts))
