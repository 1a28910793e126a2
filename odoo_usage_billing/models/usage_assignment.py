from odoo import api, fields, models
from odoo.exceptions import ValidationError


class UsageAssignment(models.Model):
    """A subject belongs to a contract line, and to an end user, during an interval."""

    _name = "usage.assignment"
    _description = "Usage Assignment"
    _order = "subject_id, start_at, id"
    _check_company_auto = True

    subject_id = fields.Many2one("usage.subject", required=True, index=True, ondelete="restrict", check_company=True)
    contract_line_id = fields.Many2one(
        "contract.line",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('usage_metric_id', '!=', False), ('company_id', '=', company_id)]",
    )
    contract_id = fields.Many2one(related="contract_line_id.contract_id", store=True, index=True)
    metric_id = fields.Many2one(
        "usage.metric",
        compute="_compute_metric_id",
        store=True,
        required=True,
        precompute=True,
    )
    end_user_id = fields.Many2one("res.partner", string="End User")
    company_id = fields.Many2one(related="subject_id.company_id", store=True)
    start_at = fields.Datetime(
        required=True,
        default=lambda self: fields.Datetime.now(),
        help="First instant (UTC) of which usage belongs to the contract line.",
    )
    end_at = fields.Datetime(help="First instant that no longer belongs. Empty: open.")

    _interval_ordered = models.Constraint(
        "CHECK (end_at IS NULL OR end_at > start_at)",
        "An assignment must end after it starts.",
    )

    _one_owner_at_a_time = models.Constraint(
        "EXCLUDE USING gist (subject_id WITH =, metric_id WITH =, tsrange(start_at, end_at) WITH &&)",
        "The subject is assigned to a contract line for this metric during that time already. "
        "End that assignment first.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """One that ends and the one that follows may be saved together: PostgreSQL sees the end first."""
        self.flush_model(["end_at"])
        return super().create(vals_list)

    @api.depends("contract_line_id")
    def _compute_metric_id(self):
        for assignment in self:
            assignment.metric_id = assignment.contract_line_id.usage_metric_id

    @api.depends("subject_id", "contract_line_id")
    def _compute_display_name(self):
        for assignment in self:
            assignment.display_name = f"{assignment.subject_id.display_name} → {assignment.contract_line_id.name or ''}"

    @api.constrains("contract_line_id", "subject_id")
    def _check_line(self):
        for assignment in self:
            line = assignment.contract_line_id
            if not line.usage_metric_id:
                raise ValidationError(
                    self.env._(
                        "%(line)s is not a usage line: it has no billable metric. Choose one that has.",
                        line=line.display_name,
                    )
                )
            if line.company_id != assignment.subject_id.company_id:
                raise ValidationError(
                    self.env._(
                        "%(subject)s and the contract line belong to different companies.",
                        subject=assignment.subject_id.display_name,
                    )
                )
