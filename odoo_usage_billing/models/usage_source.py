from odoo import api, fields, models

from ..store.keys import HASHED, ORDERED
from ..store.schema import keep_key_form
from .usage_copies import named_copies
from .usage_subject import SUBJECT_TYPES
from .usage_tz import tz_get

MANUAL_CODE = "manual"


class UsageSource(models.Model):
    """A feed of usage: where it comes from, in which time zone, within which limits."""

    _name = "usage.source"
    _description = "Usage Source"
    _inherit = ["mail.thread"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    transport = fields.Selection([("manual", "Manual entry")], required=True, default="manual")
    tz = fields.Selection(
        tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="The zone of times that come without one.",
    )
    max_age_days = fields.Integer(
        string="Oldest Usage (days)",
        required=True,
        default=400,
        tracking=True,
        help="Usage that occurred longer ago goes to suspense.",
    )
    max_ahead_minutes = fields.Integer(
        string="Furthest Ahead (minutes)",
        required=True,
        default=60,
        tracking=True,
        help="Usage dated further in the future goes to suspense.",
    )
    late_policy = fields.Selection(
        [("contract", "As the contract says"), ("suspend", "Keep in suspense")],
        string="Usage of Invoiced Periods",
        required=True,
        default="contract",
        help="What happens with usage, and with corrections, of days that are invoiced already.",
    )
    unknown_subject_policy = fields.Selection(
        [
            ("suspend", "Keep in suspense"),
            ("discover", "Keep, and propose in Discovery"),
            ("create", "Create the subject at once"),
        ],
        string="Unknown Serials",
        required=True,
        default="suspend",
        tracking=True,
        help="What happens with usage of a serial that no subject has.",
    )
    default_contract_line_id = fields.Many2one(
        "contract.line",
        string="Usual Contract Line",
        ondelete="restrict",
        domain="[('usage_metric_id', '!=', False), ('company_id', '=', company_id)]",
        help="New serials are proposed for this line; what waits in suspense is valued by its prices.",
    )
    default_product_id = fields.Many2one("product.product", string="Usual Product", check_company=True)
    default_subject_type = fields.Selection(SUBJECT_TYPES, string="Usual Type of Subject")
    key_form = fields.Selection(
        [(ORDERED, "In their order"), (HASHED, "Hashed")],
        string="External Ids",
        required=True,
        readonly=True,
        default=ORDERED,
        copy=False,
        help="How the external ids of this source are remembered. It never changes.",
    )
    batch_ids = fields.One2many("usage.batch", "source_id")
    batch_count = fields.Integer(compute="_compute_batch_count")

    _code_company_unique = models.Constraint(
        "UNIQUE (company_id, code)",
        "A source with this code exists in the company already.",
    )
    _create_needs_line = models.Constraint(
        "CHECK (unknown_subject_policy <> 'create' OR default_contract_line_id IS NOT NULL)",
        "Subjects can only be created at once when the source has a usual contract line. Choose one.",
    )
    _limits_positive = models.Constraint(
        "CHECK (max_age_days > 0 AND max_ahead_minutes >= 0)",
        "The oldest usage must be at least one day; the furthest ahead at least zero minutes.",
    )

    def init(self):
        """Keep the form of a source's keys as it is, in PostgreSQL."""
        keep_key_form(self.env.cr)

    def copy_data(self, default=None):
        return named_copies(self, super().copy_data(default), default)

    def _compute_batch_count(self):
        counts = dict(self.env["usage.batch"]._read_group([("source_id", "in", self.ids)], ["source_id"], ["__count"]))
        for source in self:
            source.batch_count = counts.get(source, 0)

    @api.model
    def _manual_source(self, company):
        """The source of usage that people type in, one per company; made when it is first needed."""
        # Whoever enters usage need not be allowed to make sources.
        sources = self.sudo().with_context(active_test=False)
        known = sources.search([("company_id", "=", company.id), ("code", "=", MANUAL_CODE)], limit=1)
        if not known:
            known = sources.create(
                {"name": self.env._("Manual entry"), "code": MANUAL_CODE, "company_id": company.id, "tz": "UTC"}
            )
        return self.browse(known.id)

    def action_view_batches(self):
        """Open the batches of this source."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Batches"),
            "res_model": "usage.batch",
            "view_mode": "list,kanban,form",
            "domain": [("source_id", "=", self.id)],
        }
