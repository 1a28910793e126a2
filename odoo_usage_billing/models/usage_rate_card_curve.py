from decimal import Context, Decimal, InvalidOperation

from odoo import api, fields, models

from ..invoicing.figures import digits
from ..invoicing.prices import TIER_NUMBERS
from ..rating import RatingError, rate
from ..rating.exact import to_text
from .usage_rate_card_curve_points import (
    BESIDE,
    OF_ONE_EVENT,
    amounts,
    curve,
    drawn_terms,
    falls,
    marks_of,
    reach_of,
    terms_of_record,
    usage_of,
)
from .usage_rate_card_version import FROZEN_FIELDS

BARS_MAX = 12
EVENTS_MAX = 1000
TRIED_MAX = 10**15
DRAWN_FROM = sorted(FROZEN_FIELDS - {"card_id", "tier_ids", "band_ids", "row_ids", "date_start"})
PRICE_DIGITS = Context(prec=8)


class UsageRateCardVersion(models.Model):
    """The price as a picture, and what a tried quantity would cost: both by the kernel, nothing stored."""

    _inherit = "usage.rate.card.version"

    curve = fields.Json(string="Price Curve", compute="_compute_curve")
    row_count = fields.Integer(string="Rows", compute="_compute_row_count")

    def _compute_row_count(self):
        counts = self.env["usage.rate.card.row"]._read_group(
            [("version_id", "in", self._origin.ids)], ["version_id"], ["__count"]
        )
        found = {version.id: count for version, count in counts}
        for version in self:
            version.row_count = found.get(version._origin.id, 0)

    @api.depends(
        *DRAWN_FROM,
        *(f"tier_ids.{name}" for name in TIER_NUMBERS),
        "band_ids.name",
        "band_ids.sequence",
        "band_ids.unit_price",
        "row_ids.unit_price",
        "card_id.uom_id",
        "card_id.currency_id",
    )
    @api.depends_context("lang")
    def _compute_curve(self):
        for version in self:
            version.curve = version._picture()

    def _picture(self, tried=None):
        """What the widget draws: points or bars as text, labels, warnings; or the sentence of what is missing.

        A `tried` quantity is marked.
        """
        self.ensure_one()
        picture = {"currency_id": self._priced_currency().id, "inputs": self._inputs(), **self._axis_texts()}
        if problem := self._missing():
            return {**picture, "problem": problem}
        try:
            return {**picture, **(self._bars() if self.charge_model in BESIDE else self._line(tried))}
        except RatingError as error:
            return {**picture, "problem": self._problem_text(error)}

    def _line(self, tried):
        amount_at = amounts(self, drawn_terms(self, self._priced_currency()))
        reach, marks = reach_of(self), marks_of(self)
        if tried and tried > reach:
            reach = PRICE_DIGITS.multiply(tried, Decimal("1.15"))
        line = {
            "points": [[to_text(x), to_text(y)] for x, y in curve(amount_at, marks, reach)],
            "marks": [to_text(mark) for mark in marks if mark < reach],
            "warnings": self._fall_texts(falls(self, amount_at)),
        }
        if tried is not None and tried >= 0:
            line["tried"] = [to_text(tried), to_text(amount_at(tried))]
        return line

    def _bars(self):
        """The prices side by side, the first of them when there are many."""
        if self.charge_model == "time_of_use":
            shown, count = self._bands_in_order(), len(self.band_ids)
        else:
            shown, count = self._origin.row_ids[:BARS_MAX], self.row_count
        return {
            "bars": [{"label": item.display_name, "value": digits(item.unit_price)} for item in shown[:BARS_MAX]],
            "bars_left": max(count - BARS_MAX, 0),
        }

    def _bands_in_order(self):
        return self.band_ids.sorted(lambda band: (band.sequence, band._origin.id or 0))

    def _priced_currency(self):
        return self.currency_id or self.card_id.currency_id or self.env.company.currency_id

    def _priced_unit(self):
        """The name of the unit that is priced, where it is known: of the card, or of the one metric it prices."""
        unit = self.card_id.uom_id
        if not unit and self.card_id._origin:
            priced = [("usage_rate_card_id", "=", self.card_id._origin.id), ("usage_metric_id", "!=", False)]
            metrics = self.env["contract.line"]._read_group(priced, ["usage_metric_id"])
            units = self.env["uom.uom"].union(*(metric.uom_id for (metric,) in metrics))
            unit = units if len(units) == 1 else unit
        return unit.name or self.env._("units")

    def action_view_rows(self):
        """Open the rows of the price matrix: to be typed, searched and imported; only to be read once frozen."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_rate_card_row_action")
        if self.state == "frozen":
            view = self.env.ref("odoo_usage_billing.usage_rate_card_row_view_list_frozen")
            action["views"] = [(view.id, "list")]
        named = [f"{number} {name}" for number, name in enumerate(self._dimensions(), 1)]
        name = ": ".join(filter(None, (self.env._("Price Rows"), ", ".join(named))))
        return {
            **action,
            "name": name,
            "display_name": name,
            "domain": [("version_id", "=", self.id)],
            "context": {"default_version_id": self.id, "in_version": True},
        }

    # -- words -------------------------------------------------------------

    def _axis_texts(self):
        """The caption of the picture and the names of its axes."""
        unit, money = self._priced_unit(), self._priced_currency().name
        caption = {
            "percentage": self.env._("What one event costs, by the amount it carries"),
            "time_increment": self.env._("What one event costs, by its size"),
            "dynamic": self.env._("What usage costs, by the amounts its events carry"),
            "graduated_percentage": self.env._("What a rating term costs, by the amount that is shared"),
            "matrix": self.env._("Price of a unit, by row"),
            "time_of_use": self.env._("Price of a unit, by band"),
        }.get(self.charge_model) or self.env._("What a rating term costs, by quantity")
        of_money = self.charge_model in ("percentage", "dynamic", "graduated_percentage")
        return {"caption": caption, "x_label": money if of_money else unit, "y_label": money}

    def _inputs(self):
        """What to ask for when a quantity is tried."""
        of_money = self.charge_model in ("percentage", "dynamic")
        one = self.charge_model in OF_ONE_EVENT
        label = self.env._("Amount") if of_money else self.env._("Quantity")
        if one:
            label = self.env._("Amount of each event") if of_money else self.env._("Size of each event")
        inputs = [{"name": "quantity", "label": label, "kind": "number"}]
        if one:
            inputs.append({"name": "events", "label": self.env._("Number of events"), "kind": "number"})
        if self.charge_model == "matrix":
            inputs += [
                {"name": f"dimension_{number}", "label": self[f"dimension_{number}"].strip(), "kind": "text"}
                for number in (1, 2, 3)
                if (self[f"dimension_{number}"] or "").strip()
            ]
        if self.charge_model in BESIDE and self.band_ids:
            choices = [[str(place), band.name or ""] for place, band in enumerate(self._bands_in_order(), 1)]
            inputs.append({"name": "band", "label": self.env._("Band"), "kind": "choice", "choices": choices})
        return inputs

    def _problem_text(self, error):
        """What keeps the terms from having a price, each finding named by its field."""
        return " ".join(dict.fromkeys(problem.message for problem in error.problems[:3]))

    def _fall_texts(self, found):
        """Where the total falls when the quantity rises, and what would prevent it."""
        texts = [self._fall_text(*fall) for fall in found]
        if texts and self.charge_model == "volume":
            texts.append(self.env._("With the best price guard nobody pays more than the start of a later tier."))
        return texts

    def _fall_text(self, at, amount, beyond, amount_beyond):
        words = self.env["usage.explainer"]
        params = {
            "at": words._number(to_text(at)),
            "unit": self._priced_unit(),
            "amount": words._money(float(amount), self._priced_currency()),
            "after": words._money(float(amount_beyond), self._priced_currency()),
        }
        if beyond is None:
            return self.env._(
                "The total falls when the quantity rises: %(at)s %(unit)s cost %(amount)s, a little more than "
                "%(at)s costs %(after)s.",
                **params,
            )
        return self.env._(
            "The total falls when the quantity rises: %(at)s %(unit)s cost %(amount)s, %(beyond)s cost %(after)s.",
            beyond=words._number(to_text(beyond)),
            **params,
        )

    # -- trying a quantity -------------------------------------------------

    @api.readonly
    def price_try(self, changes, inputs):
        """What a quantity costs under the terms as they stand in the form: amount, price of a unit, trace in words.

        `changes`: what the form has not saved yet. Nothing is written.
        """
        self.check_access("read")
        version = self.new(changes, origin=self[:1])
        if problem := version._missing():
            return {"problem": problem}
        try:
            return version._tried(inputs)
        except RatingError as error:
            return {"problem": version._problem_text(error)}

    def _tried(self, inputs):
        quantity, events = self._number_input(inputs, "quantity"), self._number_input(inputs, "events", Decimal(1))
        if quantity is None or events is None:
            return {"problem": self.env._("This is not a number that can be priced. Write one such as 1250.5.")}
        if not 1 <= events <= EVENTS_MAX:
            return {"problem": self.env._("Try between 1 and %(most)s events.", most=EVENTS_MAX)}
        names = {f"dimension_{number}": (self[f"dimension_{number}"] or "").strip() for number in (1, 2, 3)}
        dimensions = {names[name]: str(inputs[name]).strip() for name in names if names[name] and inputs.get(name)}
        if self.charge_model in BESIDE and self.band_ids:
            dimensions["band"] = str(inputs.get("band") or "1")
        usage = usage_of(self.charge_model, quantity, int(events), dimensions)
        charge = rate(usage, terms_of_record(self, self._priced_currency()))
        words = self.env["usage.explainer"]
        whole = quantity * int(events)
        return {
            "amount": words._money(float(charge.amount), self._priced_currency()),
            "unit_price": words._number(PRICE_DIGITS.divide(charge.amount, whole)) if whole else "",
            "lines": [*self._found_text(charge), *words._phrase_steps(charge.trace[1:])],
            "picture": {} if self.charge_model in BESIDE else self._picture(quantity),
        }

    def _found_text(self, charge):
        """Which row or band priced the usage, by name."""
        numbers = [component.labels["number"] for component in charge.components if component.code.startswith("row-")]
        if self.charge_model not in BESIDE or not numbers:
            return []
        found = (self._bands_in_order() if self.charge_model == "time_of_use" else self.row_ids)[int(numbers[0]) - 1]
        return [self.env._("Priced by %(row)s.", row=found.display_name)]

    def _number_input(self, inputs, name, default=None):
        """A number typed into the try box, None when it is none."""
        text = str(inputs.get(name) or "").strip()
        if not text and default is not None:
            return default
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
        return number if number.is_finite() and abs(number) <= TRIED_MAX else None
