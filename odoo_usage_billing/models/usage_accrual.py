from odoo import api, fields, models
from odoo.exceptions import UserError

from ..store.schema import refuse_truncate

FACT = """
CREATE OR REPLACE FUNCTION usage_accrual_is_fact() RETURNS trigger AS $$
BEGIN
    IF OLD.state = 'posted' AND (TG_OP = 'DELETE' OR (
        NEW.state, NEW.company_id, NEW.date, NEW.number, NEW.move_id, NEW.reversal_move_id) IS DISTINCT FROM (
        OLD.state, OLD.company_id, OLD.date, OLD.number, OLD.move_id, OLD.reversal_move_id))
    THEN RAISE EXCEPTION 'A posted accrual is a fact: % is refused. Accrue the same date again instead.',
        TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_accrual_fact ON usage_accrual;
CREATE TRIGGER usage_accrual_fact BEFORE UPDATE OR DELETE ON usage_accrual
    FOR EACH ROW EXECUTE FUNCTION usage_accrual_is_fact();
"""


class UsageAccrual(models.Model):
    """Revenue for usage that no posted invoice has billed by a date: an entry, and its reversal on the next day.

    draft -> posted. A date may be accrued again: only the difference to what is posted for it is posted, so that
    facts are added and never rewritten. PostgreSQL keeps two runs from posting the same difference.
    """

    _name = "usage.accrual"
    _description = "Usage Accrual"
    _inherit = ["usage.posting"]
    _order = "date DESC, number DESC, id DESC"
    _check_company_auto = True

    date = fields.Date(help="Usage up to and including this day counts; the entry has this date.")
    date_reversal = fields.Date(string="Reversed On", compute="_compute_date_reversal")
    account_id = fields.Many2one(
        "account.account",
        string="Unbilled Revenue Account",
        compute="_compute_account_id",
        store=True,
        readonly=False,
        check_company=True,
        domain="[('internal_group', '=', 'asset'), ('account_type', 'not in', ('asset_receivable', 'asset_cash'))]",
        help="The contract asset: what customers owe for usage that is not invoiced.",
    )
    line_ids = fields.One2many("usage.accrual.line", "accrual_id", readonly=True)
    move_id = fields.Many2one(
        "account.move", string="Entry", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    reversal_move_id = fields.Many2one(
        "account.move", string="Reversal", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    # Everybody who sees an accrual sees its figures; entries have rights of their own.
    amount_unbilled = fields.Monetary(
        compute="_compute_amounts", compute_sudo=True, help="Unbilled usage by the date, in the company's currency."
    )
    amount = fields.Monetary(
        string="To Post", compute="_compute_amounts", compute_sudo=True, help="Less what is posted for the date."
    )
    skipped_count = fields.Integer(string="Left Out", compute="_compute_amounts", compute_sudo=True)

    _posted_once = models.UniqueIndex(
        "(company_id, date, number) WHERE state = 'posted'",
        "Another accrual of this date was posted meanwhile. Look at the preview again: only the difference is posted.",
    )
    _posted_has_entries = models.Constraint(
        "CHECK (state <> 'posted' OR (number > 0 AND move_id IS NOT NULL AND reversal_move_id IS NOT NULL))",
        "A posted accrual has an entry and its reversal.",
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(FACT)

    @api.depends("date")
    def _compute_date_reversal(self):
        for accrual in self:
            accrual.date_reversal = accrual.date and fields.Date.add(accrual.date, days=1)

    @api.depends("company_id")
    def _compute_account_id(self):
        for accrual in self:
            accrual.account_id = accrual.company_id._usage_accrual_account()

    @api.depends("line_ids.amount_company", "line_ids.amount_unbilled_company", "line_ids.reason")
    def _compute_amounts(self):
        for accrual in self:
            accrual.amount_unbilled = sum(accrual.line_ids.mapped("amount_unbilled_company"))
            accrual.amount = sum(accrual.line_ids.mapped("amount_company"))
            accrual.skipped_count = len(accrual.line_ids.filtered("reason"))

    @api.depends("date", "number")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for accrual in self:
            day = accrual.date and self.env["usage.explainer"]._day_text(accrual.date)
            if accrual.number > 1:
                accrual.display_name = self.env._(
                    "Accrual of %(day)s, number %(number)s", day=day, number=accrual.number
                )
            else:
                accrual.display_name = self.env._("Accrual of %(day)s", day=day)

    def write(self, vals):
        if {"company_id", "date"} & vals.keys():
            self.filtered(lambda accrual: accrual.state == "draft").line_ids.unlink()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts(self):
        if self.filtered(lambda accrual: accrual.state == "posted"):
            raise UserError(
                self.env._(
                    "A posted accrual stays, because its entries are in the books. Accrue the same date again: only "
                    "the difference is posted."
                )
            )

    def action_view_entries(self):
        """Open the entry and its reversal."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Entries"),
            "res_model": "account.move",
            "view_mode": "list,kanban,form",
            "domain": [("id", "in", (self.move_id | self.reversal_move_id).ids)],
        }

    def action_view_lines(self):
        """Open the lines of these accruals."""
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_accrual_line_action")
        return {**action, "domain": [("accrual_id", "in", self.ids)]}
