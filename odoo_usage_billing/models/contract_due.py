from odoo import fields, models


class ContractContract(models.Model):
    """When the next period of a contract is due."""

    _inherit = "contract.contract"

    def _compute_recurring_next_date(self):
        """Nothing is to come once every line is invoiced to its end, whatever the header's dates say."""
        result = super()._compute_recurring_next_date()
        for contract in self.filtered(lambda c: c.has_usage and c.line_recurrence and c.contract_line_ids):
            lines = contract.contract_line_ids.filtered(
                lambda line: not line.is_canceled and (not line.display_type or line.is_recurring_note)
            )
            if not any(lines.mapped("recurring_next_date")):
                contract.recurring_next_date = False
        return result

    def _usage_due_on(self, date_ref):
        """Contracts whose next invoice date plus grace has come; what is not over in its own zone waits.

        A run for a day to come says what will be due.
        """
        is_to_come = date_ref > fields.Date.context_today(self)
        return self.filtered(
            lambda c: (
                c.recurring_next_date
                and fields.Date.add(c.recurring_next_date, days=c.usage_grace_days) <= date_ref
                and (is_to_come or c._usage_is_over())
            )
        )

    def _usage_is_over(self):
        """Whether the period that is due has ended in the contract's zone: a last-day month is dated its last day."""
        self.ensure_one()
        due, today = self.recurring_next_date, self._usage_today()
        if due != today:
            return due < today
        lines = self.contract_line_ids.filtered(lambda line: line.is_usage and line.recurring_next_date == due)
        return "monthlylastday" not in lines.mapped("recurring_rule_type")
