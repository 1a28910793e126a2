from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits
from ..models.usage_rate_card_curve_points import (
    BESIDE,
    OF_ONE_EVENT,
    amounts,
    curve,
    drawn_terms,
    grain,
    marks_of,
    reach_of,
)
from ..models.usage_rate_card_tier import OPEN_ENDED
from ..models.usage_rate_card_version import TIERED
from ..rating import RatingError
from ..rating.exact import to_text

QUANTITIES_MAX = 6
ROWS_MAX = 200
OF_UNITS = ("per_unit", "package", "time_increment")
#: Values of a version in the order they are compared, and the charge models they mean something to (none: all).
VALUES = {
    "date_start": (),
    "date_end": (),
    "charge_model": (),
    "currency_id": (),
    "uom_id": (),
    "unit_price": OF_UNITS,
    "flat_amount": (),
    "package_size": ("package",),
    "package_rounding": ("package",),
    "packages_minimum": ("package",),
    "rate_percent": ("percentage",),
    "rate_base": ("percentage", "graduated_percentage"),
    "event_amount": ("percentage",),
    "event_minimum": ("percentage",),
    "event_maximum": ("percentage",),
    "free_events": ("percentage",),
    "free_amount": ("percentage",),
    "multiplier": ("dynamic",),
    "increment_per": ("time_increment",),
    "increment_first": ("time_increment",),
    "increment_next": ("time_increment",),
    "connect_amount": ("time_increment",),
    "quantity_included": (*TIERED, *OF_UNITS, "matrix", "time_of_use"),
    "discount_percent": (),
    "minimum_amount": (),
    "maximum_amount": (),
    "limits_include_fixed": (),
    "negative_usage": (),
    "bill_flat_on_zero": TIERED,
    "best_price_guard": ("volume",),
    **{f"{name}_{number}": ("matrix",) for number in (1, 2, 3) for name in ("dimension", "prefix")},
}


class UsageVersionCompare(models.TransientModel):
    """Two versions of one or two rate cards side by side: every value, both curves, amounts at some quantities."""

    _name = "usage.version.compare"
    _description = "Compare Rate Card Versions"

    version_id = fields.Many2one("usage.rate.card.version", string="Version", required=True, ondelete="cascade")
    other_id = fields.Many2one("usage.rate.card.version", string="Compared With", required=True, ondelete="cascade")
    quantity = fields.Float(string="Also at Quantity", digits=False, min_display_digits=2)
    curve = fields.Json(string="Both Curves", compute="_compute_curve")
    table = fields.Html(compute="_compute_table", sanitize=False)

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        chosen = self.env["usage.rate.card.version"].browse(self.env.context.get("active_ids") or ())
        if self.env.context.get("active_model") == chosen._name and "default_version_id" not in self.env.context:
            if len(chosen) > 2:
                raise UserError(self.env._("Two versions are compared at a time. Select two, or one."))
            chosen = chosen.sorted("date_start")
            values["version_id"], values["other_id"] = chosen[:1].id, chosen[1:].id
        if values.get("version_id") and not values.get("other_id"):
            values["other_id"] = self._neighbour(chosen.browse(values["version_id"])).id
        return values

    @api.model
    def _neighbour(self, version):
        """The version of the card before this one, else the one after it."""
        others = version.card_id.version_ids.sorted("date_start") - version
        before = others.filtered(lambda other: other.date_start <= version.date_start)
        return before[-1:] or others[:1]

    def _pair(self):
        return self.version_id, self.other_id

    @api.depends("version_id", "other_id", "quantity")
    def _compute_curve(self):
        for wizard in self:
            wizard.curve = wizard._both_curves() if wizard.version_id and wizard.other_id else False

    def _comparable(self):
        """Whether both are priced by quantities of one kind and in one currency, so that a picture can hold both."""
        one, other = self._pair()
        models_ = {one.charge_model, other.charge_model}
        if models_ & set(BESIDE) or one._priced_currency() != other._priced_currency():
            return False
        return len(models_) == 1 or not models_ & {*OF_ONE_EVENT, "dynamic", "graduated_percentage"}

    def _amounts(self, figure="amount_exact"):
        """({version: a function from quantity to amount}, how far to look), or nothing when they do not compare."""
        pair = self._pair()
        if not all(pair) or not self._comparable():
            return None
        try:
            found = [amounts(version, drawn_terms(version, version._priced_currency()), figure) for version in pair]
        except RatingError:
            return None  # a draft that is not complete yet
        reach = max(*(reach_of(version) for version in pair), Decimal(digits(self.quantity)))
        return found, grain(reach)

    def _both_curves(self):
        found = self._amounts()
        if not found:
            return False
        amounts_at, reach = found
        series = [
            {
                "name": version.display_name,
                "points": [[to_text(x), to_text(y)] for x, y in curve(amount_at, marks_of(version), reach)],
            }
            for version, amount_at in zip(self._pair(), amounts_at, strict=True)
        ]
        axes = self.version_id._axis_texts()
        return {"series": series, "currency_id": self.version_id._priced_currency().id, **axes}

    @api.depends("version_id", "other_id", "quantity")
    @api.depends_context("lang")
    def _compute_table(self):
        for wizard in self:
            wizard.table = wizard._render_table() if wizard.version_id and wizard.other_id else False

    def _render_table(self):
        sections = [(self.env._("Terms"), self._value_rows()), *self._part_sections()]
        return self.env["ir.qweb"]._render(
            "odoo_usage_billing.usage_version_compare_table",
            {
                "one": self.version_id,
                "other": self.other_id,
                "sections": [
                    (title, rows[:ROWS_MAX], max(len(rows) - ROWS_MAX, 0)) for title, rows in sections if rows
                ],
                "amounts": self._amount_rows(),
                "unit": self.version_id._priced_unit(),
            },
        )

    def _value_rows(self):
        one, other = self._pair()
        used = {one.charge_model, other.charge_model}
        rows = []
        for name, models_ in VALUES.items():
            if models_ and not used & set(models_):
                continue
            label = one._fields[name].get_description(self.env, ["string"])["string"]
            texts = [self._text_of(version, name) for version in (one, other)]
            if any(texts):
                rows.append((label, *texts, texts[0] != texts[1]))
        return rows

    def _text_of(self, version, name):
        """A value in the reader's words, empty when it is none or zero."""
        field, value = version._fields[name], version[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "many2one":
            return value.display_name or ""
        if field.type == "boolean":
            return self.env._("yes") if value else ""
        if not value:
            return ""
        words = self.env["usage.explainer"]
        if field.type == "date":
            return words._day_text(value)
        return value if field.type == "char" else words._number(digits(value))

    def _part_sections(self):
        """Tiers between their bounds, bands by name, matrix rows by values; of many only those that differ."""
        yield self.env._("Tiers"), self._tier_rows()
        yield self.env._("Time-of-use Bands"), self._aligned(self._bands)
        rows = self._aligned(self._rows)
        if len(rows) > ROWS_MAX:
            equal = len([row for row in rows if not row[3]])
            yield (
                self.env._("Price rows that differ (%(equal)s are equal)", equal=equal),
                [row for row in rows if row[3]],
            )
        else:
            yield self.env._("Price Rows"), rows

    def _aligned(self, parts_of):
        one, other = map(parts_of, self._pair())
        labels = {**other, **one}
        rows = []
        for key in sorted(labels):
            texts = [found[key][1] if key in found else "" for found in (one, other)]
            rows.append((labels[key][0], *texts, texts[0] != texts[1]))
        return rows

    def _tier_rows(self):
        """What each stretch between two bounds of either ladder costs."""
        ladders = [self._ladder(version) for version in self._pair()]
        words, lower, rows = self.env["usage.explainer"], "0", []
        for bound in sorted({tier.up_to or OPEN_ENDED for ladder in ladders for tier in ladder}):
            texts = [
                self._tier_text(version, next(tier for tier in ladder if bound <= (tier.up_to or OPEN_ENDED)))
                if ladder and bound <= (ladder[-1].up_to or OPEN_ENDED)
                else ""
                for version, ladder in zip(self._pair(), ladders, strict=True)
            ]
            upper = words._number(digits(bound))
            is_open = bound == OPEN_ENDED
            label = (
                self.env._("Above %s", lower)
                if is_open
                else self.env._("From %(lower)s to %(upper)s", lower=lower, upper=upper)
            )
            rows.append((label, *texts, texts[0] != texts[1]))
            lower = upper
        return rows

    def _ladder(self, version):
        """The tiers of a version from the lowest, none when it does not price by tiers."""
        tiers = version.tier_ids if version.charge_model in TIERED else version.tier_ids.browse()
        return tiers.sorted(lambda tier: tier.up_to or OPEN_ENDED)

    def _tier_text(self, version, tier):
        words = self.env["usage.explainer"]
        texts = [] if version.charge_model == "stair_step" else [words._number(digits(tier.unit_price))]
        if version.charge_model == "graduated_percentage":
            texts[0] += " %"
        if tier.package_size:
            texts.append(self.env._("per %s", words._number(digits(tier.package_size))))
        if tier.flat_amount:
            texts.append(self.env._("flat %s", words._number(digits(tier.flat_amount))))
        if tier.maximum_amount:
            texts.append(self.env._("at most %s", words._number(digits(tier.maximum_amount))))
        return ", ".join(texts) or "0"

    def _bands(self, version):
        """{name: (name, text)}"""
        if version.charge_model not in BESIDE:
            return {}
        words = self.env["usage.explainer"]
        days = dict(self.env["usage.rate.card.band"]._fields["weekdays"]._description_selection(self.env))
        found = {}
        for band in version.band_ids:
            hours = f"{_clock(band.hour_from)}–{_clock(band.hour_to)}"
            price = f": {words._number(digits(band.unit_price))}" if version.charge_model == "time_of_use" else ""
            found[band.name] = (band.name, f"{days[band.weekdays]} {hours}{price}")
        return found

    def _rows(self, version):
        """{values: (values, price)}"""
        if version.charge_model != "matrix":
            return {}
        words = self.env["usage.explainer"]
        return {
            row._key(): (row._key() or self.env._("All other usage"), words._number(digits(row.unit_price)))
            for row in version.row_ids
        }

    def _amount_rows(self):
        """[(quantity, amount, amount, difference)] as texts, at the quantities where one of the prices changes."""
        found = self._amounts("amount")
        if not found:
            return []
        amounts_at, reach = found
        words, currency = self.env["usage.explainer"], self.version_id._priced_currency()
        rows = []
        for quantity in self._quantities(reach):
            one, other = (amount_at(quantity) for amount_at in amounts_at)
            sign = "+" if other > one else ""
            money = [words._money(float(value), currency) for value in (one, other, other - one)]
            rows.append((words._number(to_text(quantity)), money[0], money[1], f"{sign}{money[2]}", one != other))
        return rows

    def _quantities(self, reach):
        """A few quantities: where a price changes, else parts of the way; the one asked for; the end."""
        marks = sorted({mark for version in self._pair() for mark in marks_of(version) if mark < reach})
        if len(marks) < 2:
            marks += [grain(reach * part / 10) for part in (1, 2, 5)]
        chosen = {*marks[:: -(-len(marks) // QUANTITIES_MAX)], reach}
        if self.quantity > 0:
            chosen.add(Decimal(digits(self.quantity)))
        return sorted(chosen)


def _clock(hours):
    """7.5 as '7:30'."""
    minutes = round(hours * 60)
    return f"{minutes // 60}:{minutes % 60:02d}"
