from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

SENTENCES = {
    "negative": _lt("It comes out below zero: %(amount)s."),
    "above_cap": _lt("It costs %(amount)s, more than the %(limit)s that a period may cost."),
    "unusual": _lt("It costs %(amount)s, more than %(factor)s times the usual %(usual)s."),
    "too_many_lines": _lt("It has %(count)s invoice lines, more than %(limit)s."),
    "open_gap": _lt("%(count)s gaps of its sources are open: usage may be missing."),
    "suspense": _lt("%(count)s of its %(total)s records wait in suspense."),
}
MONEY = {"negative": ("amount",), "above_cap": ("amount", "limit"), "unusual": ("amount", "usual")}


class HeldError(UserError):
    """A billing period is beyond its safety bounds. `holds`: values of usage.hold, one per period."""

    def __init__(self, message, holds):
        super().__init__(message)
        self.holds = holds


class UsageHold(models.Model):
    """A due period that a safety bound stopped: nothing of its contract is invoiced until somebody has looked.

    held -> released, by a person with a reason and for the amount that was seen | settled, when the period came
    within its bounds and was invoiced.
    """

    _name = "usage.hold"
    _description = "Held Period"
    _inherit = ["mail.thread"]
    _order = "found_at DESC, id DESC"

    contract_line_id = fields.Many2one("contract.line", required=True, index=True, readonly=True, ondelete="restrict")
    contract_id = fields.Many2one("contract.contract", required=True, index=True, readonly=True, ondelete="restrict")
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Customer", store=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    metric_id = fields.Many2one("usage.metric", required=True, readonly=True, ondelete="restrict")
    uom_id = fields.Many2one(related="metric_id.uom_id")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="restrict")
    date_start = fields.Date(required=True, readonly=True)
    date_end = fields.Date(required=True, readonly=True, help="First day after the period.")
    amount = fields.Monetary(readonly=True, tracking=True)
    amount_usual = fields.Monetary(string="Usually", readonly=True, help="Median of the last periods.")
    quantity = fields.Float(digits=False, min_display_digits=2, readonly=True)
    event_count = fields.Integer(string="Events", readonly=True)
    breaches = fields.Json(readonly=True)
    earlier = fields.Json(readonly=True, help="First day, amount and quantity of the last periods.")
    message = fields.Text(compute="_compute_message", string="Reason")
    earlier_text = fields.Text(compute="_compute_earlier_text", string="Last Periods")
    state = fields.Selection(
        [("held", "Held"), ("released", "Released"), ("settled", "Within bounds again")],
        required=True,
        default="held",
        readonly=True,
        index=True,
        tracking=True,
    )
    found_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    reason = fields.Char(string="Why Released", tracking=True)
    released_by_id = fields.Many2one("res.users", readonly=True)
    released_at = fields.Datetime(readonly=True)

    _held_once = models.UniqueIndex(
        "(contract_line_id, date_start, date_end) WHERE state = 'held'", "This period is held already."
    )
    _released_has_reason = models.Constraint(
        "CHECK (state <> 'released' OR COALESCE(reason, '') <> '')", "Say why the period is released."
    )

    @api.depends("contract_line_id", "date_start", "date_end")
    def _compute_display_name(self):
        explainer = self.env["usage.explainer"]
        for hold in self:
            hold.display_name = f"{hold.contract_line_id.sudo().name or ''} {explainer._period_text(hold)}"

    @api.depends("breaches")
    @api.depends_context("lang")
    def _compute_message(self):
        for hold in self:
            hold.message = "\n".join(self._phrase(*broken, hold.currency_id) for broken in hold.breaches or ())

    @api.model
    def _sentences(self, vals):
        """Why a period with these values is held."""
        currency = self.env["res.currency"].browse(vals["currency_id"])
        return [self._phrase(*broken, currency) for broken in vals["breaches"]]

    @api.model
    def _phrase(self, code, figures, currency):
        explainer = self.env["usage.explainer"]
        money = MONEY.get(code, ())
        spoken = {
            name: explainer._money(float(figure), currency) if name in money else explainer._spoken(figure)
            for name, figure in figures.items()
        }
        return self.env._(SENTENCES[code]) % spoken  # pylint: disable=translation-not-lazy

    @api.depends("earlier")
    @api.depends_context("lang")
    def _compute_earlier_text(self):
        explainer = self.env["usage.explainer"]
        for hold in self:
            hold.earlier_text = "\n".join(
                self.env._(
                    "%(day)s: %(amount)s, %(quantity)s %(unit)s",
                    day=explainer._day_text(fields.Date.to_date(day)),
                    amount=explainer._money(float(amount), hold.currency_id),
                    quantity=explainer._number(quantity),
                    unit=hold.uom_id.name,
                )
                for day, amount, quantity in hold.earlier or ()
            )

    @api.model
    def _hold(self, values):
        """Keep these periods held; what is held already gets the figures of now."""
        holds = self.browse()
        for vals in values:
            known = self.search(
                [
                    ("contract_line_id", "=", vals["contract_line_id"]),
                    ("date_start", "=", vals["date_start"]),
                    ("date_end", "=", vals["date_end"]),
                    ("state", "=", "held"),
                ]
            )
            if known:
                known.write(vals)
            holds |= known or self.create(vals)
        return holds

    def action_release(self):
        """Let these periods be invoiced at the amount that was seen; each needs its reason."""
        self.check_access("write")
        if self.filtered(lambda hold: hold.state != "held"):
            raise UserError(self.env._("Only periods that are held can be released."))
        if self.filtered(lambda hold: not (hold.reason or "").strip()):
            raise UserError(self.env._("Fill in why the period may be invoiced, then release it."))
        self.lock_for_update()
        self.write(
            {"state": "released", "released_by_id": self.env.uid, "released_at": fields.Datetime.now()},
        )
        return True

    def action_open_contract(self):
        """Open the contract, to mend what is wrong."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "contract.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }

    def action_view_events(self):
        """Open the events of the period."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Events"),
            "res_model": "usage.event",
            "view_mode": "list,kanban,form",
            "domain": [
                ("contract_line_id", "=", self.contract_line_id.id),
                ("metric_id", "=", self.metric_id.id),
                ("usage_date", ">=", self.date_start),
                ("usage_date", "<", self.date_end),
            ],
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Held periods stay in the list, so that it shows who released them and why."))
