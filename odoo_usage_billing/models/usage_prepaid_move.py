from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits
from ..store.schema import refuse_truncate
from .usage_prepaid_schema import MOVE_COUNTS, MOVE_FACT


class UsagePrepaidMove(models.Model):
    """One movement of prepaid money: granted, drawn, given back, expired, corrected, recognised as revenue.

    A fact: PostgreSQL refuses changes, and adds each to the figures of its grant and balance.
    """

    _name = "usage.prepaid.move"
    _description = "Movement of Prepaid Money"
    _order = "id DESC"
    _rec_name = "kind"

    balance_id = fields.Many2one("usage.prepaid.balance", required=True, index=True, ondelete="restrict")
    grant_id = fields.Many2one("usage.prepaid.grant", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    partner_id = fields.Many2one(related="balance_id.partner_id", store=True)
    kind = fields.Selection(
        [
            ("grant", "Granted"),
            ("draw", "Drawn"),
            ("give_back", "Given back"),
            ("expiry", "Expired"),
            ("correction", "Corrected"),
            ("recognition", "Recognised"),
        ],
        required=True,
    )
    date = fields.Date(required=True)
    amount = fields.Monetary(help="How the customer's money changes.")
    amount_liability = fields.Monetary(string="Liability", help="How the liability changes.")
    amount_company = fields.Monetary(string="Liability, Company Currency", currency_field="company_currency_id")
    move_id = fields.Many2one("account.move", string="Entry", index="btree_not_null", ondelete="set null")
    move_line_id = fields.Many2one("account.move.line", string="Item", index="btree_not_null", ondelete="set null")
    reverses_id = fields.Many2one("usage.prepaid.move", string="Undoes", ondelete="restrict")
    draw_id = fields.Many2one("usage.prepaid.move", string="Of the Draw", index="btree_not_null", ondelete="restrict")
    reversed_by_ids = fields.One2many("usage.prepaid.move", "reverses_id")
    reason = fields.Char()

    _undone_once = models.UniqueIndex(
        "(reverses_id) WHERE reverses_id IS NOT NULL", "This movement was undone already."
    )
    _expires_once = models.UniqueIndex(
        "(grant_id, date) WHERE kind = 'expiry'", "What was left of this grant expired on that day already."
    )
    _signs = models.Constraint(
        "CHECK (CASE kind WHEN 'grant' THEN amount > 0 WHEN 'draw' THEN amount < 0 WHEN 'give_back' THEN amount > 0"
        " WHEN 'expiry' THEN amount <= 0 WHEN 'recognition' THEN amount = 0 ELSE true END)",
        "This movement has the wrong sign.",
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(MOVE_FACT)
        self.env.cr.execute(MOVE_COUNTS)

    def _undo(self, **vals):
        """Undo these movements, each once: a draw is given back, what was given back is drawn again."""
        opposite = {"draw": "give_back", "give_back": "draw"}
        undone = self.browse()
        for move in self.filtered(lambda move: not move.reversed_by_ids):
            undone |= move.grant_id._record(
                opposite.get(move.kind, "correction"),
                -move._exact("amount"),
                liability=-move._exact("amount_liability"),
                company=-move._exact("amount_company"),
                reverses_id=move.id,
                draw_id=(move.draw_id or (move if move.kind == "draw" else move.browse())).id,
                **{"move_id": move.move_id.id, "move_line_id": move.move_line_id.id, **vals},
            )
        self.invalidate_recordset(["reversed_by_ids"])
        return undone

    def _exact(self, name):
        return Decimal(digits(self[name]))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Movements of prepaid money are facts and stay."))

    def action_open_entry(self):
        """Open the invoice or entry of this movement."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }
