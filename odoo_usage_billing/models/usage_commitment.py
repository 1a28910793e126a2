from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..invoicing import commitments


class UsageCommitment(models.Model):
    """An amount or quantity promised over a term: drawdown, overage, one true-up at the end."""

    _name = "usage.commitment"
    _description = "Usage Commitment"
    _inherit = ["mail.thread"]
    _order = "contract_id, date_start DESC, id DESC"

    name = fields.Char(required=True, default=lambda self: self.env._("Commitment"))
    active = fields.Boolean(default=True)
    contract_id = fields.Many2one(
        "contract.contract",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('has_usage', '=', True)]",
        tracking=True,
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    line_ids = fields.Many2many(
        "contract.line",
        string="Contract Lines",
        domain="[('contract_id', '=', contract_id), ('usage_metric_id', '!=', False)]",
        help="Usage lines whose charges count. Empty: every usage line of the contract.",
    )
    kind = fields.Selection(
        [("amount", "An amount"), ("quantity", "A quantity")], string="Promised", required=True, default="amount"
    )
    amount = fields.Monetary(tracking=True, help="Promised spend per term.")
    quantity = fields.Float(
        digits=False,
        min_display_digits=2,
        tracking=True,
        help="Promised quantity per term, in the priced unit of the one line it is about. Worth what the line's "
        "rate card charges for it.",
    )
    term = fields.Selection(
        [
            ("period", "Billing period"),
            ("monthly", "Month"),
            ("quarterly", "Quarter"),
            ("yearly", "Year"),
            ("deal", "Whole deal"),
        ],
        required=True,
        default="yearly",
        tracking=True,
    )
    date_start = fields.Date(required=True, default=fields.Date.context_today, tracking=True)
    date_end = fields.Date(help="First day after the deal. Required for a promise over the whole deal.", tracking=True)
    overage_factor = fields.Float(
        digits=False,
        min_display_digits=2,
        default=1.0,
        help="What lies above the promise costs its normal price times this. 1: nothing extra.",
    )
    true_up = fields.Boolean(
        string="Bill the Shortfall", default=True, help="At the end of each term, bill what was not used."
    )
    charge_ids = fields.One2many("usage.charge", "commitment_id", string="Settlements")
    # Where the promise stands in the term of today.
    term_start = fields.Date(compute="_compute_position")
    term_end = fields.Date(compute="_compute_position")
    amount_committed = fields.Monetary(string="Committed", compute="_compute_position")
    amount_drawn = fields.Monetary(string="Drawn", compute="_compute_position")
    amount_remaining = fields.Monetary(string="Remaining", compute="_compute_position")
    amount_overage = fields.Monetary(string="Above", compute="_compute_position")
    drawn_percent = fields.Float(string="Drawdown", compute="_compute_position")

    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)", "A commitment must end after it starts."
    )
    _deal_has_end = models.Constraint(
        "CHECK (term <> 'deal' OR date_end IS NOT NULL)",
        "A promise over the whole deal needs the day on which the deal ends.",
    )
    _values_sane = models.Constraint(
        "CHECK (COALESCE(amount, 0) >= 0 AND COALESCE(quantity, 0) >= 0 AND overage_factor >= 1)",
        "What is promised may not be negative, and the overage factor is 1 or more.",
    )

    @api.constrains("contract_id", "line_ids", "kind")
    def _check_lines(self):
        for commitment in self:
            foreign = commitment.line_ids.filtered(lambda line, c=commitment: line.contract_id != c.contract_id)
            if foreign:
                raise ValidationError(
                    self.env._(
                        "%(line)s belongs to another contract. A commitment covers lines of one contract.",
                        line=foreign[0].display_name,
                    )
                )
            if commitment.kind == "quantity" and len(commitment._lines()) != 1:
                raise ValidationError(
                    self.env._(
                        "A promised quantity is about one line, whose prices say what it is worth. Choose that line."
                    )
                )

    @api.constrains("contract_id", "line_ids", "date_start", "date_end", "active")
    def _check_one_promise(self):
        """A line's charges count towards one promise at a time, else a shortfall would be billed twice."""
        for commitment in self.filtered("active"):
            for other in self.search([("contract_id", "=", commitment.contract_id.id), ("id", "!=", commitment.id)]):
                apart = (other.date_end and other.date_end <= commitment.date_start) or (
                    commitment.date_end and commitment.date_end <= other.date_start
                )
                if not apart and commitment._lines() & other._lines():
                    raise ValidationError(
                        self.env._(
                            "%(one)s and %(other)s count the same lines at the same time, so usage would be "
                            "set off twice. Give each its own lines or end one where the other begins.",
                            one=commitment.name,
                            other=other.name,
                        )
                    )

    def _lines(self):
        """The usage lines whose charges count."""
        self.ensure_one()
        return self.line_ids or self.contract_id.contract_line_ids.filtered("is_usage")

    def _compute_position(self):
        today = fields.Date.context_today(self)
        for commitment in self:
            span, position = commitments.position_on(commitment, today)
            commitment.term_start, commitment.term_end = span or (False, False)
            for name in ("committed", "drawn", "remaining", "overage"):
                commitment[f"amount_{name}"] = float(getattr(position, name)) if position else 0
            committed = commitment.amount_committed
            commitment.drawn_percent = 100 * commitment.amount_drawn / committed if committed else 0

    def action_view_charges(self):
        """Open the settlements of these commitments."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settlements"),
            "res_model": "usage.charge",
            "view_mode": "list,kanban,form",
            "domain": [("commitment_id", "in", self.ids)],
        }
