from odoo import api, fields, models
from odoo.exceptions import UserError

from .usage_copies import named_copies


class UsageRateCard(models.Model):
    """Versioned prices. Contract lines point to a card; each period uses one version."""

    _name = "usage.rate.card"
    _description = "Rate Card"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        tracking=True,
    )
    uom_id = fields.Many2one(
        "uom.uom",
        string="Priced Unit",
        help="Unit of prices, tiers and baselines. Empty: the unit of the metric. Usage is converted before it "
        "is priced: hours counted in seconds, thousands of pages, tonnes.",
    )
    version_ids = fields.One2many("usage.rate.card.version", "card_id")
    version_count = fields.Integer(compute="_compute_version_count")
    current_version_id = fields.Many2one("usage.rate.card.version", compute="_compute_current_version_id")
    note = fields.Text()

    @api.depends("version_ids")
    def _compute_version_count(self):
        for card in self:
            card.version_count = len(card.version_ids)

    @api.depends("version_ids.date_start", "version_ids.date_end", "version_ids.state")
    def _compute_current_version_id(self):
        today = fields.Date.context_today(self)
        for card in self:
            card.current_version_id = card._version_on(today)

    def _version_on(self, day):
        """The version in force on a local day; empty when none is."""
        self.ensure_one()
        return self.version_ids.filtered(
            lambda v: v.state != "draft" and v.date_start <= day and (not v.date_end or day < v.date_end)
        )[:1]

    def _require_version_on(self, day):
        """The version in force on a local day, or an error that says what to do."""
        version = self._version_on(day)
        if not version:
            raise UserError(
                self.env._(
                    "Rate card %(card)s has no active version on %(day)s. Activate one that covers this day.",
                    card=self.display_name,
                    day=fields.Date.to_string(day),
                )
            )
        return version

    def copy_data(self, default=None):
        return named_copies(self, super().copy_data(default), default)

    def copy(self, default=None):
        """A copy begins with the prices that are in force today, as a draft."""
        copies = super().copy(default)
        for card, copied in zip(self, copies, strict=True):
            version = card._version_on(fields.Date.context_today(self)) or card.version_ids[:1]
            if version:
                version.copy({"card_id": copied.id, "date_start": version.date_start})
        return copies

    def write(self, vals):
        if {"uom_id", "currency_id"} & vals.keys() and self.version_ids.filtered(lambda v: v.state == "frozen"):
            raise UserError(
                self.env._(
                    "%(card)s was used to rate usage, so its unit and currency stay. Make another card.",
                    card=self[:1].display_name,
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unused(self):
        if self.version_ids.filtered(lambda v: v.state == "frozen"):
            raise UserError(self.env._("A rate card that was used stays. Archive it instead."))
