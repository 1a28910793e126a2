from odoo import api, fields, models
from odoo.exceptions import UserError

from ..store.schema import refuse_truncate


class UsageCharge(models.Model):
    """Rated result of a billing period: quantity, components, amount, and the trace.

    A fact: PostgreSQL refuses changes of what was rated. rated -> invoiced -> released.
    """

    _name = "usage.charge"
    _description = "Usage Charge"
    _order = "date_start DESC, id DESC"

    period_id = fields.Many2one("usage.billing.period", required=True, index=True, ondelete="restrict")
    contract_line_id = fields.Many2one("contract.line", required=True, index=True, ondelete="restrict")
    contract_id = fields.Many2one("contract.contract", required=True, index=True, ondelete="restrict")
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    metric_id = fields.Many2one("usage.metric", required=True, ondelete="restrict")
    uom_id = fields.Many2one(related="metric_id.uom_id")
    version_id = fields.Many2one("usage.rate.card.version", string="Rate Card Version", ondelete="restrict")
    baseline_id = fields.Many2one("usage.baseline", ondelete="restrict")
    date_start = fields.Date(required=True)
    date_end = fields.Date(required=True)
    term_start = fields.Date(help="First day of the rating term that this charge belongs to.")
    term_end = fields.Date(help="First day after the rating term.")
    commitment_id = fields.Many2one("usage.commitment", index="btree_not_null", ondelete="restrict")
    quantity = fields.Float(digits=False, min_display_digits=2)
    quantity_carried = fields.Float(
        digits=False, min_display_digits=2, help="Unused baseline that the next term may use."
    )
    billed_after = fields.Json(help="What is billed of the rating term so far, by component.")
    basis = fields.Json(help="The contract lines that were measured, and the last event that was known.")
    # Not part of the fact: what held on the charged days when they were last compared.
    agreed_digest = fields.Char(readonly=True)
    event_count = fields.Integer(string="Events")
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    amount = fields.Monetary()
    state = fields.Selection(
        [("rated", "Rated"), ("invoiced", "Invoiced"), ("released", "Released")],
        required=True,
        default="rated",
        index=True,
    )
    terms = fields.Json(required=True, help="The terms that the kernel was given.")
    usage = fields.Json(required=True, help="The usage that the kernel was given.")
    trace = fields.Json(required=True, help="Steps from which the amount is recomputed.")
    rated_at = fields.Datetime(required=True)
    component_ids = fields.One2many("usage.charge.component", "charge_id")
    move_id = fields.Many2one(related="period_id.move_id", string="Invoice")
    retired_note = fields.Char(compute="_compute_retired_note")
    explanation = fields.Text(compute="_compute_explanation")

    _rated_once = models.UniqueIndex(
        "(period_id, date_start, COALESCE(commitment_id, 0)) WHERE state <> 'released'",
        "This part of the billing period is rated already.",
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION usage_charge_is_fact() RETURNS trigger AS $$
            BEGIN
                IF TG_OP = 'DELETE' OR (
                    NEW.period_id, NEW.quantity, NEW.amount, NEW.currency_id, NEW.terms,
                    NEW.usage, NEW.trace, NEW.version_id, NEW.date_start, NEW.date_end,
                    NEW.term_start, NEW.term_end, NEW.commitment_id, NEW.quantity_carried, NEW.billed_after,
                    NEW.basis)
                    IS DISTINCT FROM (
                    OLD.period_id, OLD.quantity, OLD.amount, OLD.currency_id, OLD.terms,
                    OLD.usage, OLD.trace, OLD.version_id, OLD.date_start, OLD.date_end,
                    OLD.term_start, OLD.term_end, OLD.commitment_id, OLD.quantity_carried, OLD.billed_after,
                    OLD.basis)
                THEN RAISE EXCEPTION 'A charge is a fact: % is refused. Rate again instead.',
                    TG_OP USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS usage_charge_fact ON usage_charge;
            CREATE TRIGGER usage_charge_fact BEFORE UPDATE OR DELETE ON usage_charge
                FOR EACH ROW EXECUTE FUNCTION usage_charge_is_fact();
            """
        )

    @api.depends("trace")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for charge in self:
            charge.explanation = "\n".join(self.env["usage.explainer"]._phrase_trace(charge))

    @api.depends("contract_line_id", "date_start", "date_end")
    @api.depends_context("lang")
    def _compute_display_name(self):
        explainer = self.env["usage.explainer"]
        for charge in self:
            charge.display_name = f"{charge.metric_id.name} {explainer._period_text(charge)}"

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Charges are facts and stay. Cancel the draft invoice to release them."))

    def action_view_events(self):
        """Open the events behind this charge; what came later belongs to its adjustments."""
        self.ensure_one()
        until = (self.basis or {}).get("events_until")
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Events"),
            "res_model": "usage.event",
            "view_mode": "list,kanban,form",
            "domain": [
                ("contract_line_id", "=", self.contract_line_id.id),
                ("metric_id", "=", self.metric_id.id),
                ("usage_date", ">=", self.date_start),
                ("usage_date", "<", self.date_end),
                *([] if until is None else [("id", "<=", until)]),
            ],
        }
        return self.env["usage.retirement"]._explain_in(action, self.retired_note)

    @api.depends("date_start", "date_end")
    def _compute_retired_note(self):
        for charge in self:
            lines = charge.contract_line_id.browse((charge.basis or {}).get("lines") or charge.contract_line_id.ids)
            charge.retired_note = self.env["usage.retirement"]._note(
                lines, charge.metric_id, charge.date_start, charge.date_end
            )

    def action_view_invoice(self):
        """Open the invoice that carries this charge."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }
