from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..store.schema import refuse_truncate

OPEN = ("draft", "accepted")


class UsageAdjustment(models.Model):
    """What a charged period costs now, less what was billed of it: a signed difference with its cause.

    draft -> accepted -> invoiced | written_off; draft -> rejected. A draft that a later look finds otherwise is
    superseded. `nothing` is late usage that changes no money. What was found is a fact: PostgreSQL refuses to
    change it. Whatever is decided, the difference counts as dealt with: it is found once.
    """

    _name = "usage.adjustment"
    _description = "Usage Adjustment"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "found_at DESC, id DESC"

    charge_id = fields.Many2one("usage.charge", required=True, index=True, ondelete="restrict")
    number = fields.Integer(required=True, help="The how manieth adjustment of its charge.")
    contract_line_id = fields.Many2one("contract.line", required=True, index=True, ondelete="restrict")
    contract_id = fields.Many2one("contract.contract", required=True, index=True, ondelete="restrict")
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    metric_id = fields.Many2one("usage.metric", required=True, ondelete="restrict")
    uom_id = fields.Many2one(related="metric_id.uom_id")
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    commitment_id = fields.Many2one("usage.commitment", index="btree_not_null", ondelete="restrict")
    date_start = fields.Date(required=True)
    date_end = fields.Date(required=True, help="First day after the period.")
    term_start = fields.Date()
    state = fields.Selection(
        [
            ("draft", "To decide"),
            ("accepted", "Accepted"),
            ("invoiced", "Invoiced"),
            ("written_off", "Written off"),
            ("rejected", "Rejected"),
            ("nothing", "No difference"),
            ("superseded", "Superseded"),
        ],
        required=True,
        default="draft",
        index=True,
        tracking=True,
    )
    amount_before = fields.Monetary(string="Billed", help="Of the period, earlier adjustments included.")
    amount_now = fields.Monetary(string="Costs Now")
    amount = fields.Monetary(string="Difference")
    quantity = fields.Float(digits=False, min_display_digits=2, help="Billed units more, or less.")
    quantity_carried = fields.Float(
        digits=False, min_display_digits=2, help="Unused baseline that the next term may use, as it is now."
    )
    event_count = fields.Integer(string="Events More", help="Events that were in no charge and no adjustment yet.")
    late_event_count = fields.Integer(string="Late Events")
    late_void_count = fields.Integer(string="Taken Back")
    late_quantity = fields.Float(digits=False, min_display_digits=2)
    late_events = fields.Json(string="What Came Late", help="The first hundred of them, with their quantities.")
    is_repriced = fields.Boolean(string="Price or Baseline Changed")
    version_id = fields.Many2one("usage.rate.card.version", string="Rate Card Version", ondelete="restrict")
    charged_version_id = fields.Many2one(related="charge_id.version_id", string="Version Charged")
    terms = fields.Json(required=True, help="The terms that the kernel was given.")
    usage = fields.Json(required=True, help="The usage that the kernel was given.")
    trace = fields.Json(required=True, help="Steps from which the amount is recomputed.")
    billed_change = fields.Json(required=True, help="What the position of the rating term moves by, by component.")
    basis = fields.Json(required=True)
    found_at = fields.Datetime(required=True)
    reason = fields.Char(string="Why", tracking=True)
    decided_by_id = fields.Many2one("res.users", string="Decided By", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    component_ids = fields.One2many("usage.adjustment.component", "adjustment_id")
    move_id = fields.Many2one("account.move", string="Invoice", index="btree_not_null", ondelete="restrict")
    origin_move_id = fields.Many2one(related="charge_id.period_id.move_id", string="Origin")
    cause = fields.Text(compute="_compute_cause")
    explanation = fields.Text(compute="_compute_explanation")

    _found_once = models.UniqueIndex("(charge_id, number)", "This difference was found already.")
    _one_draft = models.UniqueIndex(
        "(charge_id) WHERE state = 'draft'", "A charge has one undecided adjustment at a time."
    )
    _invoiced_has_move = models.Constraint(
        "CHECK ((state = 'invoiced') = (move_id IS NOT NULL))", "An adjustment is invoiced on an invoice."
    )
    _decided_has_reason = models.Constraint(
        "CHECK (state NOT IN ('rejected', 'written_off') OR COALESCE(reason, '') <> '')",
        "Say why the difference is not billed.",
    )
    _adds_up = models.Constraint(
        "CHECK (amount_now = amount_before + amount)", "Before and difference must add up to now."
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(FACT)

    @api.depends("charge_id", "date_start", "date_end")
    def _compute_display_name(self):
        explainer = self.env["usage.explainer"]
        for adjustment in self:
            line = adjustment.contract_line_id.sudo().name or ""
            adjustment.display_name = f"{line} {explainer._period_text(adjustment)}"

    @api.depends("late_event_count", "late_void_count", "is_repriced")
    @api.depends_context("lang")
    def _compute_cause(self):
        explainer = self.env["usage.explainer"]
        for adjustment in self:
            adjustment.cause = "\n".join(explainer._phrase_cause(adjustment))

    @api.depends("trace")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for adjustment in self:
            adjustment.explanation = "\n".join(self.env["usage.explainer"]._phrase_trace(adjustment))

    def _supersede(self):
        """A later look knows better: these no longer count."""
        if self:
            self.write({"state": "superseded"})

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Adjustments are facts and stay. Reject what shall not be billed."))

    def _annex(self):
        """What the usage annex of an invoice prints of these: one dict each, in the reader's language."""
        explainer = self.env["usage.explainer"]
        self.env["usage.adjustment.component"].flush_model()
        query = "SELECT id, quantity::text FROM usage_adjustment_component WHERE adjustment_id = ANY(%s)"
        numbers = dict(self.env.execute_query(SQL(query, self.ids)))
        return [
            {
                "adjustment": adjustment,
                "title": explainer._phrase_adjustment_section(adjustment),
                "cause": adjustment.cause,
                "components": [
                    {
                        "name": component.name,
                        "quantity": explainer._number(numbers[component.id]),
                        "amount": component.amount,
                    }
                    for component in adjustment.component_ids.filtered("amount")
                ],
                "explanation": (adjustment.explanation or "").splitlines(),
            }
            for adjustment in self.sorted(lambda a: (a.contract_line_id.sequence, a.date_start, a.id))
        ]

    def action_view_events(self):
        """Open the events that came after the charge."""
        self.ensure_one()
        basis = self.basis or {}
        domain = [
            ("contract_line_id", "in", basis.get("lines") or self.contract_line_id.ids),
            ("metric_id", "=", self.metric_id.id),
            ("usage_date", ">=", self.date_start),
            ("usage_date", "<", self.date_end),
            ("id", "<=", basis.get("events_until") or 0),
        ]
        if basis.get("events_after") is not None:
            domain.append(("id", ">", basis["events_after"]))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Late Events"),
            "res_model": "usage.event",
            "view_mode": "list,kanban,form",
            "domain": domain,
        }

    def action_view_charge(self):
        """Open the charge that this is the difference to."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "usage.charge",
            "res_id": self.charge_id.id,
            "view_mode": "form",
        }

    def action_view_invoice(self):
        """Open the invoice that carries the difference."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }


#: What people decide, what an invoice leaves behind, and the customer, who may be merged into another; all else was
#: found and stays.
FACT = """
CREATE OR REPLACE FUNCTION usage_adjustment_is_fact() RETURNS trigger AS $$
DECLARE
    free text[] := ARRAY['state', 'reason', 'decided_by_id', 'decided_at', 'move_id', 'write_off_move_id', 'write_uid', 
                         'write_date', 'message_main_attachment_id', 'partner_id'];
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - free IS DISTINCT FROM to_jsonb(NEW) - free
    THEN RAISE EXCEPTION 'An adjustment is a fact: % is refused. Look for changes again instead.', TG_OP
        USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('rejected', 'written_off', 'superseded', 'nothing') AND NEW.state <> OLD.state
    THEN RAISE EXCEPTION 'What was decided about an adjustment stays: % to % is refused.', OLD.state, NEW.state
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_adjustment_fact ON usage_adjustment;
CREATE TRIGGER usage_adjustment_fact BEFORE UPDATE OR DELETE ON usage_adjustment
    FOR EACH ROW EXECUTE FUNCTION usage_adjustment_is_fact();
"""
