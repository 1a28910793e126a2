from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.prices import NUMBERS, OTHERS
from ..store.schema import refuse_truncate

CHARGE_MODELS = [
    ("flat", "Flat"),
    ("per_unit", "Per unit"),
    ("graduated", "Graduated tiers"),
    ("volume", "Volume tiers"),
    ("package", "Package"),
    ("stair_step", "Stair-step"),
    ("percentage", "Percentage"),
    ("graduated_percentage", "Graduated percentage"),
    ("dynamic", "Cost plus"),
    ("matrix", "Price matrix"),
    ("time_increment", "Time increments"),
    ("time_of_use", "Time of use"),
]
TIERED = ("graduated", "volume", "stair_step", "graduated_percentage")
FROZEN_FIELDS = {"card_id", "date_start", "tier_ids", "band_ids", "row_ids", *NUMBERS, *OTHERS}


class UsageRateCardVersion(models.Model):
    """Prices of a rate card from `date_start` until `date_end` (local days, half-open).

    draft -> active -> frozen, one way: a version is frozen once a charge used it.
    """

    _name = "usage.rate.card.version"
    _description = "Rate Card Version"
    _order = "card_id, date_start DESC, id DESC"

    card_id = fields.Many2one("usage.rate.card", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="card_id.company_id", store=True)
    currency_id = fields.Many2one(related="card_id.currency_id")
    number = fields.Integer(readonly=True, default=1, copy=False)
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("frozen", "Frozen")],
        required=True,
        default="draft",
        copy=False,
    )
    date_start = fields.Date(required=True, default=fields.Date.context_today)
    date_end = fields.Date(help="First day that the version no longer holds. Empty: open.")
    charge_model = fields.Selection(CHARGE_MODELS, required=True, default="per_unit")
    unit_price = fields.Float(digits=False, min_display_digits=2)
    flat_amount = fields.Float(string="Flat Amount", digits=False, min_display_digits=2)
    package_size = fields.Float(digits=False, min_display_digits=2, default=1.0)
    package_rounding = fields.Selection(
        [("up", "Started packages count"), ("down", "Only full packages count"), ("none", "Exact share")],
        string="Packages",
        required=True,
        default="up",
    )
    packages_minimum = fields.Integer(string="At Least (packages)", help="Packages billed even without usage.")
    quantity_included = fields.Float(
        string="Included Units",
        digits=False,
        min_display_digits=2,
        help="Units that cost nothing, once per rating term. Days count when the card holds only part of it.",
    )
    rate_percent = fields.Float(string="Rate (%)", digits=False, min_display_digits=2)
    rate_base = fields.Selection(
        [("quantity", "Of the quantity"), ("amount", "Of the amount each event carries")],
        string="Percentage",
        required=True,
        default="quantity",
        help="What the percentage is taken of: revenue reported as the quantity of a metric, or the "
        "amount that comes with each event.",
    )
    event_amount = fields.Float(string="Fee per Event", digits=False, min_display_digits=2)
    event_minimum = fields.Float(
        string="Minimum per Event", digits=False, min_display_digits=2, help="Rate and fee of one event. 0: none."
    )
    event_maximum = fields.Float(
        string="Maximum per Event", digits=False, min_display_digits=2, help="Rate and fee of one event. 0: none."
    )
    free_events = fields.Integer(
        help="Events that cost nothing, as long as the free amount lasts too. 0: no such limit."
    )
    free_amount = fields.Float(
        digits=False,
        min_display_digits=2,
        help="Sum of event amounts that costs nothing, as long as the free events last too. 0: no such limit.",
    )
    multiplier = fields.Float(
        digits=False,
        min_display_digits=2,
        default=1.0,
        help="Applied to the amounts that events carry: 1.15 adds 15 percent to cost.",
    )
    negative_usage = fields.Selection(
        [("mirror", "Credit at the same prices"), ("zero", "Count as zero"), ("refuse", "Refuse")],
        string="Negative Usage",
        required=True,
        default="mirror",
        help="What a sum below zero means, for instance after corrections.",
    )
    limits_include_fixed = fields.Boolean(
        string="Fixed Amounts Count",
        default=True,
        help="Fixed amounts and baseline fees count towards the minimum and the cap.",
    )
    dimension_1 = fields.Char(help="Name of a price dimension of the metric, such as destination or region.")
    dimension_2 = fields.Char()
    dimension_3 = fields.Char()
    prefix_1 = fields.Boolean(string="Longest Prefix 1", help="The row with the longest matching beginning wins.")
    prefix_2 = fields.Boolean(string="Longest Prefix 2")
    prefix_3 = fields.Boolean(string="Longest Prefix 3")
    increment_first = fields.Float(
        string="First Increment",
        digits=False,
        min_display_digits=2,
        default=60.0,
        help="Each event is billed at least this much, e.g. 60 seconds.",
    )
    increment_per = fields.Float(
        string="Price Per",
        digits=False,
        min_display_digits=2,
        default=60.0,
        help="The unit price buys this much, e.g. 60 seconds for a price per minute.",
    )
    increment_next = fields.Float(
        string="Further Increments",
        digits=False,
        min_display_digits=2,
        default=60.0,
        help="Beyond the first, each started increment of this size is billed in full.",
    )
    connect_amount = fields.Float(
        string="Connect Fee", digits=False, min_display_digits=2, help="Charged once per event."
    )
    discount_percent = fields.Float(digits=False, min_display_digits=2)
    minimum_amount = fields.Float(digits=False, min_display_digits=2)
    maximum_amount = fields.Float(string="Cap", digits=False, min_display_digits=2)
    bill_flat_on_zero = fields.Boolean(string="Bill Flat Amounts on Zero Usage")
    best_price_guard = fields.Boolean(
        help="Volume tiers: never charge more than the start of the next tier would cost."
    )
    tier_ids = fields.One2many("usage.rate.card.tier", "version_id", copy=True)
    band_ids = fields.One2many("usage.rate.card.band", "version_id", copy=True)
    row_ids = fields.One2many("usage.rate.card.row", "version_id", string="Price Rows")
    uom_id = fields.Many2one(related="card_id.uom_id")
    summary = fields.Char(compute="_compute_summary")

    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)",
        "A version must end after it starts.",
    )
    _sizes_positive = models.Constraint(
        "CHECK (package_size > 0 AND quantity_included >= 0 AND packages_minimum >= 0"
        " AND increment_first >= 0 AND increment_next > 0 AND increment_per > 0)",
        "Package size and further increments must be greater than zero; included units, least "
        "packages and the first increment may not be negative.",
    )
    _discount_range = models.Constraint(
        "CHECK (discount_percent >= 0 AND discount_percent <= 100)",
        "The discount must be between 0 and 100 percent.",
    )
    _bounds_sane = models.Constraint(
        "CHECK (COALESCE(minimum_amount, 0) >= 0 AND COALESCE(maximum_amount, 0) >= 0"
        " AND (COALESCE(maximum_amount, 0) = 0"
        " OR maximum_amount >= COALESCE(minimum_amount, 0)))",
        "Minimum and cap may not be negative, and the cap may not be below the minimum.",
    )

    _events_sane = models.Constraint(
        "CHECK (COALESCE(event_minimum, 0) >= 0 AND COALESCE(event_maximum, 0) >= 0"
        " AND COALESCE(free_events, 0) >= 0 AND COALESCE(free_amount, 0) >= 0"
        " AND (COALESCE(event_maximum, 0) = 0 OR event_maximum >= COALESCE(event_minimum, 0)))",
        "Limits per event and what is free may not be negative, and the maximum per event may not be "
        "below the minimum.",
    )

    _one_at_a_time = models.Constraint(
        "EXCLUDE USING gist (card_id WITH =, daterange(date_start, date_end) WITH &&) WHERE (state <> 'draft')",
        "Two active versions of a rate card overlap. Set the end date of one of them: each day has one price.",
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(FROZEN)

    @api.depends("card_id", "number", "date_start")
    def _compute_display_name(self):
        for version in self:
            version.display_name = (
                f"{version.card_id.name or ''} v{version.number} ({fields.Date.to_string(version.date_start)})"
            )

    @api.depends("charge_model", "unit_price", "flat_amount", "tier_ids", "band_ids")
    def _compute_summary(self):
        labels = dict(self._fields["charge_model"]._description_selection(self.env))
        for version in self:
            version.summary = ", ".join(
                [labels.get(version.charge_model, "")]
                + [tier._phrase() for tier in version.tier_ids.sorted("sort_key")]
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            others = self.search([("card_id", "=", vals.get("card_id"))])
            vals.setdefault("number", max(others.mapped("number"), default=0) + 1)
        return super().create(vals_list)

    def write(self, vals):
        touched = FROZEN_FIELDS & vals.keys()
        frozen = self.filtered(lambda v: v.state == "frozen")
        if touched and frozen:
            raise UserError(
                self.env._(
                    "%(version)s was used to rate usage, so its prices are frozen. Copy it to "
                    "a new version and change that one.",
                    version=frozen[0].display_name,
                )
            )
        return super().write(vals)

    def copy_data(self, default=None):
        """A copy is a draft from today on: on each day one version holds."""
        return super().copy_data({"date_start": fields.Date.context_today(self), "date_end": False, **(default or {})})

    def copy(self, default=None):
        """Rows go along with the bands they belong to, which are copied before them."""
        copies = super().copy(default)
        for version, copied in zip(self, copies, strict=True):
            bands = dict(zip(version.band_ids.sorted("id").ids, copied.band_ids.sorted("id").ids, strict=True))
            copied.row_ids.create(
                [
                    {**vals, "version_id": copied.id, "band_id": bands.get(vals.get("band_id"), False)}
                    for vals in version.row_ids.copy_data()
                ]
            )
        return copies

    def action_activate(self):
        """Put draft versions in force; each must be complete."""
        for version in self.filtered(lambda v: v.state == "draft"):
            version._check_complete()
            for metric in version._metrics():
                version._check_metric(metric)
            if self.env["usage.baseline"].search_count([("above_card_id", "=", version.card_id.id)], limit=1):
                version._check_is_price()
            version._close_predecessor()
            version.state = "active"
        return True

    def _metrics(self):
        """The metrics of the contract lines that the card prices."""
        return self.env["contract.line"].search([("usage_rate_card_id", "=", self.card_id.id)]).usage_metric_id

    def _close_predecessor(self):
        """End the open version before this one on the day this one starts."""
        self.ensure_one()
        before = self.search(
            [
                ("card_id", "=", self.card_id.id),
                ("state", "!=", "draft"),
                ("date_end", "=", False),
                ("date_start", "<", self.date_start),
            ]
        )
        before.write({"date_end": self.date_start})
        # The earlier version ends before this one begins to hold, or PostgreSQL sees two at once.
        before.flush_recordset()

    def action_new_version(self):
        """Copy to a new draft version and open it."""
        self.ensure_one()
        version = self.copy()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": version.id,
            "view_mode": "form",
        }

    def _band_at(self, weekday, minute):
        """The first band that holds a local weekday (Monday 0) and minute of the day."""
        self.ensure_one()
        return self.band_ids.filtered(lambda band: band._holds(weekday, minute))[:1]

    def _freeze(self):
        """Freeze versions that a charge used. Facts do not change afterwards."""
        # Who may bill with a card, a branch with its parent's too, makes its prices facts; nothing else of it changes.
        self.sudo().filtered(lambda v: v.state == "active").write({"state": "frozen"})

    @api.ondelete(at_uninstall=False)
    def _unlink_draft_only(self):
        if self.filtered(lambda v: v.state != "draft"):
            raise UserError(self.env._("Only draft versions can be deleted. End this one instead."))


FROZEN = """
CREATE OR REPLACE FUNCTION usage_version_is_frozen() RETURNS trigger AS $$
DECLARE
    free text[] := ARRAY['date_end', 'number', 'write_uid', 'write_date', 'company_id'];
BEGIN
    IF OLD.state = 'frozen' AND (TG_OP = 'DELETE' OR to_jsonb(OLD) - free IS DISTINCT FROM to_jsonb(NEW) - free)
    THEN RAISE EXCEPTION 'Prices that usage was rated with are facts: % of a frozen version is refused.', TG_OP
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_version_frozen ON usage_rate_card_version;
CREATE TRIGGER usage_version_frozen BEFORE UPDATE OR DELETE ON usage_rate_card_version
    FOR EACH ROW EXECUTE FUNCTION usage_version_is_frozen();
"""
