from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from ..invoicing.prices import price_of_record
from ..rating import Price, RatingError
from .usage_rate_card_version import TIERED

BY_PARTS = ("percentage", "dynamic", "matrix", "time_increment", "time_of_use")


class UsageRateCardVersion(models.Model):
    """What a version must have before it may price usage."""

    _inherit = "usage.rate.card.version"

    @api.constrains("charge_model", "tier_ids", "band_ids", "row_ids")
    def _check_tiers(self):
        for version in self:
            if version.charge_model not in TIERED:
                continue
            open_tiers = version.tier_ids.filtered(lambda t: not t.up_to)
            if len(open_tiers) > 1:
                raise ValidationError(
                    self.env._(
                        "%(version)s has several tiers without an upper bound. Only the last tier is open.",
                        version=version.display_name,
                    )
                )

    def _check_complete(self):
        """Refuse to put a version in force that could not price every quantity."""
        self.ensure_one()
        if problem := self._missing():
            raise UserError(problem)
        try:
            Price.from_dict(price_of_record(self))
        except RatingError as error:
            raise UserError(
                self.env._(
                    "%(version)s cannot price usage: %(problems)s",
                    version=self.display_name,
                    problems=" ".join(problem.message for problem in error.problems),
                )
            ) from error

    def _missing(self):
        """A sentence that says what the charge model lacks, or nothing."""
        name = self.display_name
        if self.charge_model in TIERED and not self.tier_ids.filtered(lambda t: not t.up_to):
            return self.env._(
                "%(version)s needs a last tier without an upper bound, so that every quantity has a price.",
                version=name,
            )
        if self.charge_model == "time_of_use" and not self.band_ids:
            return self.env._("%(version)s needs at least one time-of-use band.", version=name)
        if self.charge_model == "matrix" and not self.row_ids:
            return self.env._("%(version)s needs at least one row of prices.", version=name)
        if self.charge_model == "matrix" and not (self._dimensions() or self.band_ids):
            return self.env._(
                "%(version)s needs the name of a dimension or time-of-use bands, so that rows can be told apart.",
                version=name,
            )
        return None

    def _dimensions(self):
        """The names of the matrix's dimensions, in their order."""
        self.ensure_one()
        names = (self.dimension_1, self.dimension_2, self.dimension_3)
        return [name.strip() for name in names if name and name.strip()]

    def _check_is_price(self):
        """Refuse, for the excess over a baseline, what counts over all usage of a line: the line's own card says it."""
        names = ("discount_percent", "minimum_amount", "maximum_amount", "quantity_included")
        for version in self:
            for name in names:
                if version[name]:
                    raise ValidationError(
                        self.env._(
                            "%(version)s prices the excess over a baseline, where its “%(field)s” would not count. Set "
                            "it to 0, or set it on the rate card of the contract line.",
                            version=version.display_name,
                            field=version._fields[name]._description_string(self.env),
                        )
                    )

    def _check_metric(self, metric):
        """Refuse a metric that does not keep apart what this version prices apart."""
        self.ensure_one()
        by_slot = self.charge_model == "time_of_use" or (self.charge_model == "matrix" and self.band_ids)
        if by_slot and not metric.slot_minutes:
            raise ValidationError(
                self.env._(
                    "%(card)s is priced by time of use, but %(metric)s keeps no parts of the day. Set time-of-use "
                    "slots on the metric before usage arrives.",
                    card=self.card_id.name,
                    metric=metric.name,
                )
            )
        missing = set(self._dimensions()) - set(metric._price_dimension_names())
        if self.charge_model == "matrix" and missing:
            raise ValidationError(
                self.env._(
                    "%(card)s is priced by %(missing)s, but %(metric)s does not keep that apart. Add it to the "
                    "metric's price dimensions before usage arrives.",
                    card=self.card_id.name,
                    missing=", ".join(sorted(missing)),
                    metric=metric.name,
                )
            )
        if self.charge_model in BY_PARTS and metric.aggregation not in ("sum", "count"):
            raise ValidationError(
                self.env._(
                    "%(card)s prices parts of the usage, which %(metric)s does not add up (it takes the "
                    "%(aggregation)s). Choose a metric that is a sum.",
                    card=self.card_id.name,
                    metric=metric.name,
                    aggregation=dict(metric._fields["aggregation"]._description_selection(self.env))[
                        metric.aggregation
                    ],
                )
            )
