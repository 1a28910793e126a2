from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits, money_step

STEPS_MAX = 120


class Step(NamedTuple):
    """One baseline of a ramp: half-open days, what is agreed, the flat fee."""

    date_start: object
    date_end: object
    agreed: Decimal
    fee: Decimal


class UsageBaselineRamp(models.TransientModel):
    """A ramp: one baseline after the other, each a step higher or lower than the one before."""

    _name = "usage.baseline.ramp"
    _description = "Baseline Ramp"

    contract_line_id = fields.Many2one(
        "contract.line", required=True, domain="[('usage_metric_id', '!=', False)]", ondelete="cascade"
    )
    currency_id = fields.Many2one(related="contract_line_id.currency_id")
    date_start = fields.Date(
        string="First Step From",
        required=True,
        default=lambda self: fields.Date.context_today(self) + relativedelta(months=1, day=1),
    )
    months = fields.Integer(string="Months per Step", required=True, default=3)
    step_count = fields.Integer(string="Steps", required=True, default=4, help="Baselines to make, the first included.")
    kind = fields.Selection(
        [("quantity", "A quantity"), ("amount", "An amount")], string="Agreed", required=True, default="quantity"
    )
    agreed = fields.Float(string="First Step", digits=False, min_display_digits=2)
    fixed_amount = fields.Float(string="Flat Fee of the First Step", digits=False, min_display_digits=2)
    change_by = fields.Selection(
        [("units", "So much more"), ("percent", "Per cent of the step before")],
        string="Each Step Changes By",
        required=True,
        default="units",
    )
    change = fields.Float(
        string="Change", digits=False, min_display_digits=2, help="Added at each step; negative: taken off."
    )
    fee_change = fields.Float(string="Change of the Flat Fee", digits=False, min_display_digits=2)
    round_to = fields.Float(
        string="Round To",
        digits=False,
        min_display_digits=2,
        default=1.0,
        help="Quantities of the steps are rounded to multiples of this. 0: not rounded. Amounts follow the currency.",
    )
    is_open = fields.Boolean(
        string="Last Step Stays", default=True, help="Off: the last step ends after its months like the others."
    )
    table = fields.Html(compute="_compute_table", sanitize=False)

    @api.onchange("contract_line_id")
    def _onchange_contract_line_id(self):
        """Begin with what is agreed now."""
        now = self._before()
        if now:
            self.kind = now.kind
            self.agreed = now.quantity if now.kind == "quantity" else now.amount
            self.fixed_amount = now.fixed_amount

    def _before(self):
        """The baseline in force when the ramp begins: it ends there and lends its other terms."""
        line = self.contract_line_id._origin
        return line._baseline_on(self.date_start) if line and self.date_start else line.usage_baseline_ids

    def _steps(self):
        """The Steps of the ramp; UserError says what cannot be."""
        if not 1 <= self.step_count <= STEPS_MAX or self.months < 1:
            raise UserError(self.env._("A ramp has 1 to %(most)s steps of at least one month each.", most=STEPS_MAX))
        steps = []
        for number in range(self.step_count):
            is_last = number == self.step_count - 1
            agreed = self._at(number, self.agreed, self.change)
            fee = self._at(number, self.fixed_amount, self.fee_change)
            steps.append(
                Step(
                    self.date_start + relativedelta(months=self.months * number),
                    None
                    if is_last and self.is_open
                    else self.date_start + relativedelta(months=self.months * (number + 1)),
                    self._rounded(agreed),
                    _to_multiple(fee, Decimal(money_step(self._money()))),
                )
            )
        if any(step.agreed < 0 or step.fee < 0 for step in steps):
            raise UserError(self.env._("The ramp falls below zero. Take fewer steps or a smaller change."))
        return steps

    def _money(self):
        return self.currency_id or self.env.company.currency_id

    def _at(self, number, first, change):
        """The exact value of a step: `change` added each time, or per cent on per cent."""
        first, change = Decimal(digits(first)), Decimal(digits(change))
        if self.change_by == "units":
            return first + change * number
        return first * (1 + change / 100) ** number

    def _rounded(self, value):
        if self.kind == "amount":
            return _to_multiple(value, Decimal(money_step(self._money())))
        return _to_multiple(value, Decimal(digits(self.round_to))) if self.round_to > 0 else value

    @api.depends(
        "contract_line_id", "date_start", "months", "step_count", "kind", "agreed", "fixed_amount",
        "change_by", "change", "fee_change", "round_to", "is_open",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_table(self):
        for ramp in self:
            ramp.table = ramp._render_table() if ramp.contract_line_id and ramp.date_start else False

    def _render_table(self):
        words, currency = self.env["usage.explainer"], self._money()
        line, before = self.contract_line_id._origin, self._before()
        values = {"problem": "", "steps": [], "before": before, "begins": words._day_text(self.date_start)}
        values["is_billed"] = bool(line.last_date_invoiced and self.date_start <= line.last_date_invoiced)
        try:
            steps = self._steps()
            self._require_free(steps)
        except UserError as error:
            values["problem"] = str(error)
            return self.env["ir.qweb"]._render("odoo_usage_billing.usage_baseline_ramp_table", values)
        unit = line._usage_unit().name or ""
        for step in steps:
            agreed = (
                words._money(float(step.agreed), currency)
                if self.kind == "amount"
                else (f"{words._number(step.agreed)} {unit}")
            )
            last = step.date_end and words._day_text(fields.Date.subtract(step.date_end, days=1))
            values["steps"].append(
                (
                    words._day_text(step.date_start),
                    last or self.env._("open"),
                    agreed,
                    words._money(float(step.fee), currency),
                )
            )
        return self.env["ir.qweb"]._render("odoo_usage_billing.usage_baseline_ramp_table", values)

    def _require_free(self, steps):
        """Refuse a ramp over baselines that begin within it."""
        end = steps[-1].date_end
        later = self.contract_line_id._origin.usage_baseline_ids.filtered(
            lambda b: b.date_start >= self.date_start and (not end or b.date_start < end)
        )
        if later:
            raise UserError(
                self.env._(
                    "%(line)s has a baseline from %(day)s already, in the days of the ramp. Delete it, or let the ramp "
                    "end before.",
                    line=self.contract_line_id.name,
                    day=self.env["usage.explainer"]._day_text(min(later.mapped("date_start"))),
                )
            )

    def action_make(self):
        """End the baseline before, make those of the steps, and show them."""
        self.ensure_one()
        steps = self._steps()
        self._require_free(steps)
        before = self._before()
        terms = before.copy_data()[0] if before else {}
        name = "quantity" if self.kind == "quantity" else "amount"
        if before:
            before.date_end = self.date_start
            before.flush_recordset()
        self.env["usage.baseline"].create(
            [
                {
                    **terms,
                    "contract_line_id": self.contract_line_id.id,
                    "kind": self.kind,
                    "date_start": step.date_start,
                    "date_end": step.date_end,
                    name: float(step.agreed),
                    "fixed_amount": float(step.fee),
                    "note": self.env._("Step %(number)s of %(count)s", number=number, count=len(steps)),
                }
                for number, step in enumerate(steps, 1)
            ]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Baselines"),
            "res_model": "usage.baseline",
            "view_mode": "list,kanban,form",
            "domain": [("contract_line_id", "=", self.contract_line_id.id)],
            "context": {"default_contract_line_id": self.contract_line_id.id},
        }


def _to_multiple(value, step):
    """The multiple of `step` nearest to a Decimal, half away from zero."""
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step
