from calendar import monthrange
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..invoicing.periods import Due

USAGE_MARKER = "__usage_due__"
#: Recurrences that keep their day of the month; the last-day month has none.
BY_MONTHS = ("monthly", "quarterly", "semesterly", "yearly")


def is_last_of_month(day):
    """Whether a month ends with the day."""
    return day.day == monthrange(day.year, day.month)[1]


class InvoicedLines:
    """Gathers contract lines whose dates go on, so that those of a whole chunk of contracts do so at once."""

    def __init__(self):
        self.ids = []


class ContractLine(models.Model):
    _inherit = "contract.line"

    usage_baseline_ids = fields.One2many("usage.baseline", "contract_line_id", string="Baselines", copy=True)
    usage_assignment_ids = fields.One2many("usage.assignment", "contract_line_id", string="Assignments")
    usage_period_ids = fields.One2many("usage.billing.period", "contract_line_id", string="Billing Periods")
    usage_charge_ids = fields.One2many("usage.charge", "contract_line_id", string="Usage Charges")
    usage_subject_count = fields.Integer(compute="_compute_usage_subject_count")

    @api.depends("usage_assignment_ids")
    def _compute_usage_subject_count(self):
        counts = dict(
            self.env["usage.assignment"]._read_group(
                [("contract_line_id", "in", self.ids)],
                ["contract_line_id"],
                ["subject_id:count_distinct"],
            )
        )
        for line in self:
            line.usage_subject_count = counts.get(line, 0)

    @api.constrains("usage_metric_id", "usage_rate_card_id", "contract_id", "recurring_invoicing_type")
    def _check_usage_terms(self):
        for line in self.filtered("usage_metric_id"):
            contract, card = line.contract_id, line.usage_rate_card_id
            if not card:
                raise ValidationError(
                    self.env._(
                        "%(line)s has a billable metric but no rate card, so it has no price. Choose a rate card.",
                        line=line.name,
                    )
                )
            if line.recurring_invoicing_type != "post-paid":
                raise ValidationError(
                    self.env._(
                        "%(line)s is invoiced in advance, when its usage is not known yet. Set "
                        "its invoicing type to post-paid.",
                        line=line.name,
                    )
                )
            if contract.contract_type != "sale":
                raise ValidationError(self.env._("Usage lines belong on customer contracts."))
            if contract.generation_type != "invoice":
                raise ValidationError(
                    self.env._(
                        "%(contract)s does not generate invoices, so nobody would bill the usage of %(line)s. Let it "
                        "generate invoices, or put usage lines on a contract of their own.",
                        contract=contract.display_name,
                        line=line.name,
                    )
                )

    @api.onchange("usage_metric_id")
    def _onchange_usage_metric_id(self):
        if self.usage_metric_id:
            self.recurring_invoicing_type = "post-paid"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("usage_metric_id"):
                vals.setdefault("recurring_invoicing_type", "post-paid")
        lines = super().create(vals_list)
        lines.contract_id._force_line_recurrence()
        return lines

    def write(self, vals):
        if "usage_metric_id" in vals:
            self._keep_charged_metric(vals["usage_metric_id"])
        result = super().write(vals)
        if "usage_metric_id" in vals:
            self.contract_id._force_line_recurrence()
        return result

    def _keep_charged_metric(self, metric_id):
        """Refuse another metric than was invoiced: what comes late of it would belong to no line."""
        others = self.filtered(lambda line: line.usage_metric_id and line.usage_metric_id.id != metric_id)
        charged = others.usage_period_ids.filtered(lambda period: period.state == "invoiced")
        if charged:
            line = charged[0].contract_line_id
            raise ValidationError(
                self.env._(
                    "%(line)s has invoiced periods of %(metric)s, and what comes late of them is billed there. Give "
                    "the line an end date, and add a line for the other metric.",
                    line=line.name,
                    metric=charged[0].metric_id.name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_without_usage(self):
        used = self.filtered("usage_period_ids") | self.filtered("usage_assignment_ids")
        if used:
            raise UserError(
                self.env._(
                    "%(line)s has usage or invoiced periods, so it stays. Give it an end date instead.",
                    line=used[0].name,
                )
            )

    def copy_data(self, default=None):
        """A copied line of a usage contract starts afresh: its next date is computed from its start."""
        vals_list = super().copy_data(default)
        for line, vals in zip(self, vals_list, strict=True):
            if line.is_usage or line.contract_id.has_usage:
                vals.pop("recurring_next_date", None)
        return vals_list

    @api.model
    def get_next_period_date_end(
        self, next_period_date_start, recurring_rule_type, recurring_interval, max_date_end, *args, **kwargs
    ):
        """Worked out once a transaction for the same dates and rule: a run asks several times for each line.

        A line of the 31st keeps its day after a shorter month: the host goes on from the 28th of February for ever.
        """
        ends = self.env.cr.cache.setdefault("contract_period_ends", {})
        rule = (next_period_date_start, recurring_rule_type, recurring_interval)
        forced = any(args) or any(kwargs.values())
        day = 0 if forced else self._usage_day_of_month(next_period_date_start, recurring_rule_type)
        key = (*rule, max_date_end, day, args, *sorted(kwargs.items()))
        if key not in ends:
            ends[key] = end = super().get_next_period_date_end(*rule, max_date_end, *args, **kwargs)
            if day and end:
                following = super().get_next_period_date_end(*rule, False) + timedelta(days=1)
                end = following + relativedelta(day=day) - timedelta(days=1)
                ends[key] = min(end, max_date_end or end)
        return ends[key]

    def _usage_day_of_month(self, start, rule):
        """The day with which periods of a usage contract begin, if the month of `start` is too short for it; else 0."""
        if rule not in BY_MONTHS or not start or not is_last_of_month(start) or len(self) != 1:
            return 0
        first = self.date_start
        return first.day if first and first.day > start.day and self.contract_id.has_usage else 0

    def _compute_recurring_next_date(self):
        """The host works out many lines with the dates of each, and asks none of them: here each is asked."""
        alone = self.filtered(
            lambda line: line._usage_day_of_month(line.next_period_date_start, line.recurring_rule_type)
        )
        for line in alone:
            super(ContractLine, line)._compute_recurring_next_date()
        return super(ContractLine, self - alone)._compute_recurring_next_date()

    def _usage_due(self):
        """The next period to invoice as a Due (half-open local days)."""
        self.ensure_one()
        first, last, _invoice_date = self._get_period_to_invoice(self.last_date_invoiced, self.recurring_next_date)
        return Due(self.id, first, last + timedelta(days=1))

    def _insert_markers(self, first_date_invoiced, last_date_invoiced):
        """Markers begin with '#': without one there is nothing to look up."""
        if "#" not in self.name:
            return self.name
        return super()._insert_markers(first_date_invoiced, last_date_invoiced)

    def _prepare_invoice_line(self):
        vals = super()._prepare_invoice_line()
        if vals and self.contract_id.has_usage and self.recurring_next_date:
            due = self._usage_due()
            vals.update(usage_date_start=due.date_start, usage_date_end=due.date_end)
            if self.is_usage:
                vals[USAGE_MARKER] = due
        return vals

    def _usage_section_name(self, rated):
        """The heading above a usage line's charges, in the customer's language."""
        self.ensure_one()
        explainer = self.env["usage.explainer"].with_context(lang=self.contract_id.partner_id.lang)
        name = rated.commitment.name if rated.commitment else self._usage_name_of(rated.due)
        return f"{name} ({explainer._period_text(rated.segment)})"

    def _usage_name_of(self, days):
        """The name of the line with the host's markers for the first and last day, and the month, of some days."""
        self.ensure_one()
        if "#" not in self.name:
            return self.name
        return self._insert_markers(days.date_start, days.date_end - timedelta(days=1))

    def _update_last_date_invoiced(self):
        """Advance lines of one date together: a write per date, not per line or contract."""
        if (gathered := self.env.context.get("usage_invoiced_lines")) is not None:
            gathered.ids += self.ids
            return None
        usage_contracts = self.filtered("contract_id.has_usage")
        for date_end, lines in usage_contracts.grouped("next_period_date_end").items():
            lines.write({"last_date_invoiced": date_end})
        return super(ContractLine, self - usage_contracts)._update_last_date_invoiced()

    def action_view_usage_events(self):
        """Open the events of these contract lines, newest first."""
        return self.env["usage.event"]._action_of([("contract_line_id", "in", self.ids)])
