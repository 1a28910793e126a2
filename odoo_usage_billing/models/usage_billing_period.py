from odoo import api, fields, models
from odoo.exceptions import UserError

from ..store.retirement import spent


class UsageBillingPeriod(models.Model):
    """(contract line, interval): the unit of exactly-once invoicing.

    open -> invoiced -> released when the draft invoice is cancelled or deleted.
    A released row stays as a fact; the period is claimed again by a new row.
    """

    _name = "usage.billing.period"
    _description = "Billing Period"
    _order = "date_start DESC, contract_line_id, id DESC"

    contract_line_id = fields.Many2one("contract.line", required=True, index=True, ondelete="restrict")
    contract_id = fields.Many2one("contract.contract", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    metric_id = fields.Many2one("usage.metric", required=True, ondelete="restrict")
    date_start = fields.Date(required=True)
    date_end = fields.Date(required=True, help="First day after the period.")
    date_last = fields.Date(compute="_compute_date_last", string="Last Day")
    state = fields.Selection(
        [("open", "Open"), ("invoiced", "Invoiced"), ("released", "Released")],
        required=True,
        default="open",
        index=True,
    )
    move_id = fields.Many2one("account.move", index="btree_not_null", ondelete="set null")
    charge_ids = fields.One2many("usage.charge", "period_id")

    _dates_ordered = models.Constraint("CHECK (date_end > date_start)", "A billing period must end after it starts.")
    _invoiced_once = models.UniqueIndex(
        "(contract_line_id, date_start) WHERE state <> 'released'",
        "This billing period exists already.",
    )

    _no_overlap = models.Constraint(
        "EXCLUDE USING gist (contract_line_id WITH =,"
        " daterange(date_start, date_end) WITH &&) WHERE (state <> 'released')",
        "Billing periods of a contract line overlap: its days are invoiced already.",
    )

    @api.depends("date_end")
    def _compute_date_last(self):
        for period in self:
            period.date_last = fields.Date.subtract(period.date_end, days=1)

    @api.depends("contract_line_id", "date_start", "date_last")
    def _compute_display_name(self):
        for period in self:
            period.display_name = f"{period.contract_line_id.name} {period.date_start} – {period.date_last}"

    def _release(self):
        """Give periods back after their draft invoice went; the contract dates go back too.

        Refused while a later period of the line is invoiced: dates of a contract
        line move one period at a time.
        """
        invoiced = self.filtered(lambda p: p.state == "invoiced")
        for period in invoiced.sorted("date_start", reverse=True):
            later = self.search(
                [
                    ("contract_line_id", "=", period.contract_line_id.id),
                    ("date_start", ">=", period.date_end),
                    ("state", "=", "invoiced"),
                    ("id", "not in", invoiced.ids),
                ],
                limit=1,
            )
            if later:
                raise UserError(
                    self.env._(
                        "%(period)s cannot be released, because %(later)s is invoiced after "
                        "it (%(invoice)s). Cancel the later invoice first.",
                        period=period.display_name,
                        later=later.display_name,
                        invoice=later.move_id.display_name or "",
                    )
                )
        invoiced._keep_spent()
        invoiced.charge_ids._release_adjustments()
        invoiced.write({"state": "released"})
        invoiced.charge_ids.write({"state": "released"})
        return invoiced

    def _keep_spent(self):
        """Refuse to give back what was rated from events that are retired: it could not be rated again."""
        if not self:
            return
        self.flush_recordset()
        # Retirement locks the same rows: it is waited for, and what it put away is seen by a younger snapshot only.
        self.env.cr.execute("SELECT FROM usage_billing_period WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (self.ids,))
        with self.env.registry.cursor() as fresh:
            found = spent(self.env.cr, self.ids) or spent(fresh, self.ids)
        if found:
            raise UserError(
                self.env._(
                    "%(period)s cannot be released: it was rated event by event, and its events were retired on "
                    "%(day)s. Post the invoice again, and correct it by a credit note.",
                    period=self.browse(found[0]).display_name,
                    day=fields.Date.to_string(found[1]),
                )
            )
