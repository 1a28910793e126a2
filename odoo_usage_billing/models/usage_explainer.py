from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from odoo import api, models
from odoo.tools.misc import format_amount

from ..rating import TraceStep, explain
from .trace_texts import BY_TEMPLATE, OF_ADJUSTMENTS

DECIMALS_MAX = 12


def _digits(number):
    """(sign, whole digits, decimals without needless zeros) of a Decimal, at most twelve decimals."""
    rounded = format(number, "f")
    whole, _point, fraction = rounded.lstrip("-").partition(".")
    if len(fraction) > DECIMALS_MAX:
        with localcontext(prec=len(whole) + DECIMALS_MAX + 2):
            shorter = number.quantize(Decimal(1).scaleb(-DECIMALS_MAX), ROUND_HALF_UP)
        whole, _point, fraction = format(shorter, "f").lstrip("-").partition(".")
    fraction = fraction.rstrip("0")
    sign = "-" if number < 0 and (fraction or whole.strip("0")) else ""
    return sign, whole, fraction


def _names_of(components):
    return {component.code: component.name for component in components}


class UsageExplainer(models.AbstractModel):
    """Puts components and traces into words of the reader's language."""

    _name = "usage.explainer"
    _description = "Usage Explainer"

    @api.model
    def _number(self, value):
        """A Decimal as the reader's language writes it, without needless zeros."""
        lang = self.env["res.lang"]._lang_get(self.env.context.get("lang") or "en_US")
        sign, whole, fraction = _digits(Decimal(value))
        text = lang.format("%d", int(whole), grouping=True)
        return f"{sign}{text}{lang.decimal_point}{fraction}" if fraction else f"{sign}{text}"

    @api.model
    def _with_arithmetic(self, rated, component, name):
        """`name` with the real quantity and unit price behind a quantity-one line."""
        me = self.with_context(lang=rated.line.contract_id.partner_id.lang)
        if not component.unit_price or component.quantity == 1:
            return name
        price = me._number(component.unit_price)
        if component.per != 1:
            price = f"{price} / {me._number(component.per)}"
        return me.env._(
            "%(name)s: %(quantity)s × %(price)s = %(exact)s",
            name=name,
            quantity=me._number(component.quantity),
            price=price,
            exact=me._number(component.amount_exact.quantize(Decimal("1e-6"))),
        )

    @api.model
    def _phrase_trace(self, charge):
        """The trace of a charge or an adjustment as sentences, one per step."""
        steps = [TraceStep.from_dict(step) for step in charge.trace or []]
        if charge._name != "usage.adjustment":
            return self._phrase_steps(steps, _names_of(charge.component_ids))
        # What was billed before is named as it was then.
        names = _names_of([*charge.component_ids, *charge.charge_id.component_ids])
        return self._phrase_steps(steps, names, {**BY_TEMPLATE, **OF_ADJUSTMENTS})

    @api.model
    def _phrase_steps(self, steps, names=None, texts=BY_TEMPLATE):
        """Steps of a trace as sentences, one per step; `names`: {code of a component: what it is called}."""
        sentences, names = [], names or {}
        labels = dict(self.env["usage.rate.card.version"]._fields["charge_model"]._description_selection(self.env))
        for template, params in explain(steps):
            spoken = {key: self._spoken(value) for key, value in params.items()}
            if "charge_model" in spoken:
                spoken["charge_model"] = labels.get(spoken["charge_model"], spoken["charge_model"])
            if "component" in params:
                spoken["component"] = names.get(params["component"]) or params["component"].replace("-", " ")
            sentence = self.env._(texts[template])
            sentences.append(sentence % spoken)
        return sentences

    @api.model
    def _spoken(self, text):
        try:
            return self._number(text)
        except ArithmeticError:
            return text

    @api.model
    def _money(self, amount, currency):
        return format_amount(self.env, amount, currency)

    @api.model
    def _day_text(self, day):
        """A day in the reader's date format."""
        lang = self.env["res.lang"]._lang_get(self.env.context.get("lang") or "en_US")
        return day.strftime(lang.date_format)

    @api.model
    def _period_text(self, due):
        """'1 Jan 2026 – 31 Jan 2026' in the user's date format."""
        return self._days_text(due.date_start, due.date_end)

    @api.model
    def _days_text(self, date_start, date_end):
        """The days of [start, end) in the user's date format."""
        lang = self.env["res.lang"]._lang_get(self.env.context.get("lang") or "en_US")
        last = date_end - timedelta(days=1)
        return f"{date_start.strftime(lang.date_format)} – {last.strftime(lang.date_format)}"
