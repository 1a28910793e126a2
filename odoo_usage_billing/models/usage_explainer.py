from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools.misc import format_amount, formatLang

from ..rating import TraceStep, explain
from .trace_texts import BY_TEMPLATE


class UsageExplainer(models.AbstractModel):
    """Puts components and traces into words of the reader's language."""

    _name = "usage.explainer"
    _description = "Usage Explainer"

    @api.model
    def _number(self, value):
        """A Decimal as the reader's language writes it, without needless zeros."""
        number = Decimal(value)
        exponent = number.normalize().as_tuple().exponent
        return formatLang(self.env, float(number), digits=max(0, min(12, -exponent)))

    @api.model
    def _phrase_component(self, rated, component):
        """The wording of a component on an invoice line, in the customer's language."""
        me = self.with_context(lang=rated.line.contract_id.partner_id.lang)
        unit = rated.metric.with_context(lang=me.env.context.get("lang")).uom_id.name
        if component.code.startswith("row-"):
            return me._phrase_band(rated, component)
        if component.code == "connect":
            return me.env._("Connections")
        if component.kind == "excess" and rated.terms.baseline.above_ladder == "absolute":
            lower = max(component.tier_from or 0, rated.terms.baseline.quantity)
            component = replace(component, tier_from=lower)
        phrase = getattr(me, f"_phrase_{component.kind}", me._phrase_usage)
        return phrase(component, unit)

    @api.model
    def _phrase_band(self, rated, component):
        bands = rated.version.band_ids.with_context(lang=self.env.context.get("lang"))
        number = int(component.labels.get("number", "1"))
        return self.env._("Usage, %(band)s", band=bands[number - 1].name)

    @api.model
    def _phrase_no_usage(self, rated):
        me = self.with_context(lang=rated.line.contract_id.partner_id.lang)
        return me.env._("No usage in this period")

    @api.model
    def _phrase_information(self, component, unit):
        quantity = self._number(component.quantity)
        if component.code == "variance":
            sign = "+" if component.quantity > 0 else ""
            return self.env._("Variance: %(quantity)s %(unit)s", quantity=f"{sign}{quantity}", unit=unit)
        if component.code == "baseline":
            return self.env._("Baseline: %(quantity)s %(unit)s", quantity=quantity, unit=unit)
        return self.env._("Actual usage: %(quantity)s %(unit)s", quantity=quantity, unit=unit)

    @api.model
    def _phrase_baseline(self, component, unit):
        agreed = component.labels.get("baseline")
        if agreed:
            return self.env._("Baseline %(quantity)s %(unit)s", quantity=self._number(agreed), unit=unit)
        return self.env._("Baseline")

    @api.model
    def _phrase_usage(self, component, unit):
        if component.tier_from is not None and component.tier_up_to is not None:
            return self.env._(
                "Usage from %(lower)s to %(upper)s %(unit)s",
                lower=self._number(component.tier_from),
                upper=self._number(component.tier_up_to),
                unit=unit,
            )
        if component.tier_from is not None and component.tier_from > 0:
            return self.env._(
                "Usage above %(lower)s %(unit)s",
                lower=self._number(component.tier_from),
                unit=unit,
            )
        return self.env._("Usage in %(unit)s", unit=unit)

    @api.model
    def _phrase_excess(self, component, unit):
        text = self._phrase_usage(component, unit)
        return self.env._("Above baseline: %(usage)s", usage=text)

    @api.model
    def _phrase_fixed(self, component, unit):
        return self.env._("Flat fee")

    @api.model
    def _phrase_credit(self, component, unit):
        return self.env._("Credit for usage below the baseline")

    @api.model
    def _phrase_discount(self, component, unit):
        return self.env._("Discount")

    @api.model
    def _phrase_minimum(self, component, unit):
        return self.env._("Up to the agreed minimum")

    @api.model
    def _phrase_cap(self, component, unit):
        return self.env._("Reduction to the agreed cap")

    @api.model
    def _phrase_commitment(self, component, unit):
        return self.env._("Commitment")

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
        """The trace of a charge as sentences, one per step."""
        steps = [TraceStep.from_dict(step) for step in charge.trace or []]
        sentences = []
        for template, params in explain(steps):
            spoken = {key: self._spoken(value) for key, value in params.items()}
            sentence = self.env._(BY_TEMPLATE[template])
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
    def _period_text(self, due):
        """'1 Jan 2026 – 31 Jan 2026' in the user's date format."""
        lang = self.env["res.lang"]._lang_get(self.env.context.get("lang") or "en_US")
        last = fields.Date.subtract(due.date_end, days=1)
        return f"{due.date_start.strftime(lang.date_format)} – {last.strftime(lang.date_format)}"
