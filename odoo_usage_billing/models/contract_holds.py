from collections import defaultdict
from decimal import Decimal

from odoo import fields, models

from ..invoicing.bounds import SMALL_STEPS, Period, breaches, count_waiting, read_earlier
from ..invoicing.figures import money_step
from ..invoicing.lines import NOTES
from .usage_hold import HeldError


class ContractContract(models.Model):
    """Implausible bills wait for a person."""

    _name = "contract.contract"
    _inherit = ["contract.contract", "usage.bounds"]

    usage_bounds_from = fields.Selection(
        [("company", "Those of the company"), ("own", "Its own"), ("none", "None")],
        string="Safety Bounds",
        required=True,
        default="company",
        help="A billing period beyond its safety bounds is held: it is not invoiced until a person releases it.",
    )
    usage_hold_ids = fields.One2many("usage.hold", "contract_id", string="Held Periods")
    usage_hold_count = fields.Integer(compute="_compute_usage_hold_count")

    def _compute_usage_hold_count(self):
        counts = dict(
            self.env["usage.hold"]._read_group(
                [("contract_id", "in", self.ids), ("state", "=", "held")], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.usage_hold_count = counts.get(contract, 0)

    def _usage_bounds(self):
        """The bounds that hold for this contract, None without any."""
        self.ensure_one()
        if self.usage_bounds_from == "none":
            return None
        limits = (self if self.usage_bounds_from == "own" else self.company_id.sudo())._usage_limits()
        if not any(limits):
            return None
        return limits._replace(small=SMALL_STEPS * Decimal(money_step(self.currency_id)))

    def _hold_implausible(self, rated):
        """Stop before money moves when a rated period is beyond the bounds of its contract."""
        by_due = defaultdict(list)
        for item in rated:
            by_due[item.due].append(item)
        limits = {contract: contract._usage_bounds() for contract in {item.line.contract_id for item in rated}}
        by_due = {due: items for due, items in by_due.items() if limits[items[0].line.contract_id]}
        if not by_due:
            return
        periods = self._periods_to_check(by_due)
        holds = []
        for due, items in by_due.items():
            broken = breaches(periods[due], limits[items[0].line.contract_id])
            if broken and not self._is_released(due, periods[due].amount):
                holds.append(self._hold_vals(due, items, periods[due], broken))
        if holds:
            sentences = [text for vals in holds for text in self.env["usage.hold"]._sentences(vals)]
            names = [self.env["contract.line"].browse(vals["contract_line_id"]).display_name for vals in holds]
            raise HeldError(
                self.env._(
                    "Held, because it is implausible: %(lines)s. %(reasons)s Look at it under Held Periods, mend what "
                    "is wrong, or release it with a reason.",
                    lines=", ".join(names),
                    reasons=" ".join(sentences),
                ),
                holds,
            )

    def _periods_to_check(self, by_due):
        """{due: Period} of rated items by their due period."""
        earlier = read_earlier(self.env, by_due)
        waiting = count_waiting(self.env, by_due, {due: items[0].metric.id for due, items in by_due.items()})
        gaps = self._usage_open_gaps(by_due)
        return {
            due: Period(
                sum((item.charge.amount for item in items), Decimal(0)),
                sum(part.kind not in NOTES for item in items for part in item.charge.components),
                sum(item.event_count for item in items),
                waiting[due],
                gaps.get(due, 0),
                earlier[due],
            )
            for due, items in by_due.items()
        }

    def _usage_open_gaps(self, by_due):
        """{due: how many gaps of its sources are open}; whoever knows of gaps tells."""
        return {}

    def _is_released(self, due, amount):
        """Whether a person let this period pass at this amount."""
        released = self.env["usage.hold"].search(
            [
                ("contract_line_id", "=", due.line_id),
                ("date_start", "=", due.date_start),
                ("date_end", "=", due.date_end),
                ("state", "=", "released"),
            ]
        )
        return any(hold.currency_id.compare_amounts(hold.amount, float(amount)) == 0 for hold in released)

    def _hold_vals(self, due, items, period, broken):
        line = items[0].line
        return {
            "contract_line_id": line.id,
            "contract_id": line.contract_id.id,
            "company_id": line.company_id.id,
            "metric_id": items[0].metric.id,
            "currency_id": line.contract_id.currency_id.id,
            "date_start": due.date_start,
            "date_end": due.date_end,
            "amount": float(period.amount),
            "amount_usual": float(period.usual or 0),
            "quantity": float(sum((item.quantity for item in items), Decimal(0))),
            "event_count": period.event_count,
            "breaches": broken,
            "earlier": [(str(day), str(amount), str(quantity)) for day, amount, quantity in period.earlier],
        }

    def _settle_holds(self, dues):
        """Periods that were held and are invoiced now are within their bounds again."""
        held = self.env["usage.hold"].search([("contract_id", "in", self.ids), ("state", "=", "held")])
        done = {(due.line_id, due.date_start, due.date_end) for due in dues}
        settled = held.filtered(lambda h: (h.contract_line_id.id, h.date_start, h.date_end) in done)
        if settled:
            settled.write({"state": "settled"})

    def action_view_usage_holds(self):
        """Open the held periods of these contracts."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Held Periods"),
            "res_model": "usage.hold",
            "view_mode": "list,kanban,form",
            "domain": [("contract_id", "in", self.ids)],
        }
