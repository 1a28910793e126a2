from dataclasses import replace

from odoo import api, models
from odoo.tools.translate import LazyTranslate

CHANGE, ABOVE = "change-", "above-"
_lt = LazyTranslate(__name__)
SPECIAL = {
    "connect": _lt("Connections"),
    "per-event": _lt("Fee per event"),
    "event-minimum": _lt("Events at the minimum per event"),
    "event-maximum": _lt("Events at the maximum per event"),
    "percentage": _lt("Share of the amounts"),
    "carried": _lt("Cost of the usage, with surcharge"),
    "best-price": _lt("Never more than the next tier would cost"),
    "event-rounding": _lt("Rounding of each event"),
    "package": _lt("Packages"),
}


class UsageExplainer(models.AbstractModel):
    """The wording of one component, as the invoice line and the preview show it."""

    _inherit = "usage.explainer"

    @api.model
    def _phrase_component(self, rated, component):
        """The wording of a component on an invoice line, in the customer's language."""
        me = self.with_context(lang=rated.line.contract_id.partner_id.lang)
        if component.labels.get("message") == "taken-back":
            return me.env._("%(what)s: taken back", what=me._phrase_billed(rated, component.code))
        number, code = 0, component.code
        if code.startswith(CHANGE):
            _change, place, code = code.split("-", 2)
            number = int(place)
        name = me._phrase_code(rated, replace(component, code=code) if code != component.code else component, number)
        if component.labels.get("message") == "adjusted":
            name = me.env._("%(what)s: difference to what was billed before", what=name)
        if not number:
            return name
        day = me._day_text(rated.agreement.stretches[number].span.start)
        return me.env._("%(what)s (price from %(day)s)", what=name, day=day)

    @api.model
    def _phrase_code(self, rated, component, number):
        if component.code.startswith("row-"):
            return self._phrase_row(rated, component, number)
        special = SPECIAL.get(component.code.removeprefix(ABOVE))
        if special:
            name = self.env._(special)
            return self.env._("Above baseline: %(usage)s", usage=name) if component.kind == "excess" else name
        unit = rated.unit.with_env(self.env).name
        if component.kind == "excess" and rated.terms.baseline.above_ladder == "absolute":
            lower = max(component.tier_from or 0, rated.terms.baseline.quantity)
            component = replace(component, tier_from=lower)
        if rated.line.usage_pool_line_id and component.code == "actual":
            lead = rated.line.usage_pool_line_id.with_context(lang=self.env.context.get("lang"))
            return self.env._(
                "Actual usage: %(quantity)s %(unit)s, counted in the pool of %(lead)s",
                quantity=self._number(component.quantity),
                unit=unit,
                lead=lead.name,
            )
        if component.kind == "commitment" or component.code == "commitment":
            return self._phrase_commitment(rated, component)
        return getattr(self, f"_phrase_{component.kind}", self._phrase_usage)(component, unit)

    @api.model
    def _phrase_row(self, rated, component, number):
        """The band or matrix row that usage fell into."""
        place = int(component.labels.get("number", "1"))
        stretch = rated.agreement.stretches[number]
        if stretch.row["charge_model"] == "time_of_use":
            version = self.env["usage.rate.card.version"].browse(stretch.version_id)
            return self.env._("Usage, %(band)s", band=version.band_ids[place - 1].name)
        row = stretch.row["rows"][place - 1]
        return self.env._("Usage, %(row)s", row=row["name"] or row["key"] or self.env._("all other"))

    @api.model
    def _phrase_no_usage(self, rated):
        me = self.with_context(lang=rated.line.contract_id.partner_id.lang)
        return me.env._("No usage in this period")

    @api.model
    def _with_days(self, name, labels):
        """`name` with the days it holds, when that is a part of the period."""
        if "days_used" not in labels:
            return name
        return self.env._(
            "%(what)s (%(used)s of %(total)s days)",
            what=name,
            used=labels["days_used"],
            total=labels["days_total"],
        )

    @api.model
    def _phrase_information(self, component, unit):
        quantity = self._number(component.quantity)
        if component.code == "variance":
            sign = "+" if component.quantity > 0 else ""
            return self.env._("Variance: %(quantity)s %(unit)s", quantity=f"{sign}{quantity}", unit=unit)
        if component.code == "baseline":
            name = self.env._("Baseline: %(quantity)s %(unit)s", quantity=quantity, unit=unit)
            return self._with_days(name, component.labels)
        if component.code == "carried-forward":
            return self.env._("Carried to the next period: %(quantity)s %(unit)s", quantity=quantity, unit=unit)
        return self.env._("Actual usage: %(quantity)s %(unit)s", quantity=quantity, unit=unit)

    @api.model
    def _phrase_baseline(self, component, unit):
        agreed = component.labels.get("baseline")
        if component.code == "covered":
            return self.env._("Covered by the baseline")
        if not agreed:
            return self.env._("Baseline")
        if component.labels.get("measure") == "amount":
            name = self.env._("Baseline amount")
        else:
            name = self.env._("Baseline %(quantity)s %(unit)s", quantity=self._number(agreed), unit=unit)
        return self._with_days(name, component.labels)

    @api.model
    def _phrase_usage(self, component, unit):
        """Usage, of which tier or in which steps, or what a tier costs beside its usage."""
        usage = self._phrase_tier(component, unit)
        if component.code.endswith("-flat"):
            return self.env._("Flat amount: %(usage)s", usage=usage)
        if component.code.endswith("-cap"):
            return self.env._("Reduction to the maximum: %(usage)s", usage=usage)
        if "increment" in component.labels:
            return self.env._(
                "Usage in steps of %(seconds)s seconds", seconds=self._number(component.labels["increment"])
            )
        return usage

    @api.model
    def _phrase_tier(self, component, unit):
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
        return self._with_days(self.env._("Flat fee"), component.labels)

    @api.model
    def _phrase_credit(self, component, unit):
        return self.env._("Credit for usage below the baseline")

    @api.model
    def _phrase_discount(self, component, unit):
        return self.env._("Discount of %(percent)s %%", percent=self._number(-component.unit_price))

    @api.model
    def _phrase_minimum(self, component, unit):
        return self.env._("Up to the agreed minimum")

    @api.model
    def _phrase_cap(self, component, unit):
        return self.env._("Reduction to the agreed cap")

    @api.model
    def _phrase_billed(self, rated, code):
        """What the invoices of the rating term called what they billed under a code, as they named it last."""
        segment = rated.segment
        common = [("code", "=", code), ("amount", "!=", 0)]
        for model, parent in (("usage.adjustment.component", "adjustment_id"), ("usage.charge.component", "charge_id")):
            domain = [
                *common,
                (f"{parent}.contract_line_id", "=", rated.line.id),
                (f"{parent}.term_start", "=", segment.term_start),
                (f"{parent}.date_start", "<=", segment.date_start),
            ]
            # Whoever bills reads what was billed; the name is printed on the customer's invoice again.
            if found := self.env[model].sudo().search(domain, order="id DESC", limit=1):
                return found.name
        return self.env._("Billed before")

    @api.model
    def _phrase_commitment(self, rated, component):
        """Where a promise stands, what lies above it, or the true-up of its term."""
        name = rated.commitment.name if rated.commitment else self.env._("Commitment")
        if component.code == "overage":
            return self.env._("%(name)s: surcharge for usage above the promise", name=name)
        if component.code == "true-up":
            return self.env._("%(name)s: up to the promised amount", name=name)
        currency = rated.line.contract_id.currency_id
        return self.env._(
            "%(name)s: %(promised)s promised, %(drawn)s drawn, %(left)s left",
            name=name,
            promised=self._money(float(component.quantity), currency),
            drawn=self._money(float(component.labels["drawn"]), currency),
            left=self._money(float(component.labels["remaining"]), currency),
        )
