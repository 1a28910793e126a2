from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL


class UsageExplainer(models.AbstractModel):
    """Why a period costs something else than was billed of it, in words."""

    _inherit = "usage.explainer"

    @api.model
    def _phrase_cause(self, adjustment):
        """The reasons of an adjustment, a sentence each."""
        sentences = []
        if adjustment.late_event_count:
            sentences.append(self._phrase_late(adjustment))
        elif adjustment.event_count:
            sentences.append(self.env._("%(count)s events came after the invoice.", count=adjustment.event_count))
        if adjustment.is_repriced:
            sentences.append(self._phrase_repriced(adjustment))
        if adjustment.commitment_id:
            sentences.append(
                self.env._("What counts towards %(name)s changed.", name=adjustment.commitment_id.sudo().name)
            )
        if not sentences and adjustment.metric_id.sudo().measured_from != "events":
            sentences.append(self.env._("What was assigned in these days changed after the invoice."))
        return sentences or [self.env._("An earlier period of the same rating term changed.")]

    @api.model
    def _phrase_adjustment_section(self, adjustment):
        """The heading of an adjustment on an invoice: what, when, and where it was billed first."""
        line = adjustment.contract_line_id.sudo()
        words = {
            "line": (adjustment.commitment_id.sudo().name or line._usage_name_of(adjustment)).split("\n")[0],
            "period": self._period_text(adjustment),
            "invoice": adjustment.origin_move_id.sudo().name or "",
        }
        if not words["invoice"] or words["invoice"] == "/":
            return self.env._("Adjustment of %(line)s (%(period)s)", **words)
        return self.env._("Adjustment of %(line)s (%(period)s), billed on %(invoice)s", **words)

    @api.model
    def _phrase_late(self, adjustment):
        query = SQL("SELECT late_quantity::text FROM usage_adjustment WHERE id = %s", adjustment.id)
        adjustment.flush_recordset(["late_quantity"])
        ((quantity,),) = self.env.execute_query(query)
        sign = "+" if Decimal(quantity) > 0 else ""
        words = {
            "count": adjustment.late_event_count,
            "voids": adjustment.late_void_count,
            "quantity": f"{sign}{self._number(quantity)}",
            "unit": adjustment.metric_id.sudo().uom_id.with_context(lang=self.env.context.get("lang")).name,
        }
        if words["count"] == 1 and not words["voids"]:
            return self.env._("One event came after the invoice: %(quantity)s %(unit)s.", **words)
        if not words["voids"]:
            return self.env._("%(count)s events came after the invoice: %(quantity)s %(unit)s.", **words)
        return self.env._(
            "%(count)s events came after the invoice, %(voids)s of them take earlier ones back: %(quantity)s %(unit)s.",
            **words,
        )

    @api.model
    def _phrase_repriced(self, adjustment):
        now, charged = adjustment.sudo().version_id, adjustment.sudo().charged_version_id
        if now and now != charged:
            return self.env._(
                "The price of these days changed: %(now)s instead of %(charged)s.",
                now=now.display_name,
                charged=charged.display_name,
            )
        return self.env._("A price, an own price or a baseline of these days changed after the invoice.")
