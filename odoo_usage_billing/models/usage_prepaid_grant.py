from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits, money_step
from ..prepaid import company_share
from .usage_prepaid_schema import GRANT_FIGURES

FIGURES = (
    "amount_granted",
    "amount_drawn",
    "amount_expired",
    "amount_remaining",
    "amount_recognised",
    "amount_liability",
    "amount_company",
)
PAID = ("paid", "in_payment")


class UsagePrepaidGrant(models.Model):
    """One amount of prepaid money: bought with an invoice line, or promotional; how long it lasts, what is left.

    Granted = drawn + expired + remaining, kept by PostgreSQL. What was bought is a liability: used up by draws, or,
    for a commitment that is earned by days, by the calendar.
    """

    _name = "usage.prepaid.grant"
    _description = "Grant of Prepaid Money"
    _inherit = ["mail.thread"]
    _order = "priority, date_end, id"

    name = fields.Char(required=True)
    balance_id = fields.Many2one("usage.prepaid.balance", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="balance_id.company_id", store=True)
    partner_id = fields.Many2one(related="balance_id.partner_id", store=True)
    contract_id = fields.Many2one(related="balance_id.contract_id", store=True)
    commitment_id = fields.Many2one(related="balance_id.commitment_id", store=True)
    currency_id = fields.Many2one(related="balance_id.currency_id", store=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    kind = fields.Selection(
        [("bought", "Bought"), ("promotional", "Promotional")], required=True, default="bought", readonly=True
    )
    recognition = fields.Selection(
        [("use", "By use"), ("days", "By days")],
        string="Revenue",
        required=True,
        default="use",
        readonly=True,
        help="By use: a draw takes the money out of the liability. By days: the calendar does, and what is drawn "
        "lowers the revenue of the invoice.",
    )
    validity = fields.Selection(
        [("invoice", "Invoices of these days"), ("usage", "Usage that begins on these days")],
        string="Pays For",
        required=True,
        default="invoice",
        readonly=True,
    )
    needs_payment = fields.Boolean(readonly=True, help="May be drawn once its invoice is paid.")
    date_start = fields.Date(required=True, tracking=True)
    date_end = fields.Date(
        string="First Day After", tracking=True, help="On this day it cannot be used any more. Empty: it never expires."
    )
    expires_on = fields.Date(string="Last Day", compute="_compute_expires_on")
    priority = fields.Integer(default=10, tracking=True, help="The lowest number is used first.")
    expected_breakage = fields.Float(
        digits=False,
        min_display_digits=2,
        readonly=True,
        help="Per cent that is expected never to be used: revenue in proportion to use. 0: revenue when it expires.",
    )
    move_line_id = fields.Many2one(
        "account.move.line", string="Bought by", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    purchase_move_id = fields.Many2one(related="move_line_id.move_id", string="Purchase")
    amount_granted = fields.Monetary(string="Granted", readonly=True, help="Less what was taken back.")
    amount_drawn = fields.Monetary(string="Drawn", readonly=True, help="Less what was given back.")
    amount_expired = fields.Monetary(string="Expired", readonly=True)
    amount_remaining = fields.Monetary(string="Left", readonly=True)
    amount_recognised = fields.Monetary(
        string="Recognised", readonly=True, help="Revenue by days, or because it is never used."
    )
    amount_liability = fields.Monetary(string="Liability", readonly=True)
    amount_company = fields.Monetary(
        string="Liability, Company Currency",
        currency_field="company_currency_id",
        readonly=True,
        help="At the rate of the day on which it was bought.",
    )
    state = fields.Selection(
        [
            ("waiting", "To Be Paid"),
            ("open", "Open"),
            ("used", "Used Up"),
            ("ended", "Expired"),
            ("gone", "Taken Back"),
        ],
        compute="_compute_state",
    )
    move_ids = fields.One2many("usage.prepaid.move", "grant_id", string="Movements")

    _adds_up = models.Constraint(
        "CHECK (amount_granted = amount_drawn + amount_expired + amount_remaining)",
        "What is granted is drawn, expired or left.",
    )
    _never_negative = models.Constraint(
        "CHECK (amount_granted >= 0 AND amount_drawn >= 0 AND amount_expired >= 0 AND amount_remaining >= 0)",
        "Less is left of this grant than that.",
    )
    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)", "A grant must end after it starts."
    )
    _promotional_owes_nothing = models.Constraint(
        "CHECK (kind = 'bought' OR (amount_liability = 0 AND amount_company = 0 AND recognition = 'use'))",
        "Promotional money is no liability.",
    )
    _days_have_end = models.Constraint(
        "CHECK (recognition = 'use' OR date_end IS NOT NULL)", "Revenue by days needs a last day."
    )
    _bought_once = models.UniqueIndex(
        "(move_line_id) WHERE move_line_id IS NOT NULL AND amount_granted > 0",
        "This invoice line was granted already.",
    )

    def init(self):
        self.env.cr.execute(GRANT_FIGURES)

    @api.depends("date_end")
    def _compute_expires_on(self):
        for grant in self:
            grant.expires_on = grant.date_end and fields.Date.subtract(grant.date_end, days=1)

    @api.depends(
        "amount_granted", "amount_remaining", "amount_expired", "needs_payment", "move_line_id.move_id.payment_state"
    )
    def _compute_state(self):
        for grant in self:
            if not grant.amount_granted:
                grant.state = "gone"
            elif not grant.amount_remaining:
                grant.state = "ended" if grant.amount_expired else "used"
            else:
                grant.state = "open" if grant._is_paid() else "waiting"

    def _is_paid(self):
        """Whether it may be drawn: nothing was asked for it, or its invoice is paid."""
        # Who sees a grant sees whether it is paid; invoices have rights of their own.
        return not self.needs_payment or self.sudo().purchase_move_id.payment_state in PAID

    def _is_open_on(self, day):
        """Whether invoices of a day may draw on it."""
        self.ensure_one()
        return (
            self.amount_remaining > 0
            and self.date_start <= day
            and (not self.date_end or day < self.date_end)
            and self._is_paid()
        )

    def _carries_liability(self):
        """Whether a draw takes money out of the liability; else it lowers the revenue of the invoice."""
        return self.kind == "bought" and self.recognition == "use"

    def _lowers_account(self):
        """The account on which a draw that is no liability lowers revenue; none for that of the usage."""
        is_promotional = self.kind == "promotional"
        return self.company_id.usage_prepaid_promotion_account_id if is_promotional else self.env["account.account"]

    def _granted_on(self):
        """The day since which the books know of it."""
        # Who may see a grant may see since when; invoices have rights of their own.
        return self.sudo().purchase_move_id.date or self.date_start

    # -- movements ---------------------------------------------------------

    def _record(self, kind, amount, liability=None, company=None, **vals):
        """Add a movement of `amount` (Decimal, below zero for what goes); PostgreSQL adds it to the figures.

        `liability` and `company`: how the liability changes, in both currencies; normally worked out.
        """
        self.ensure_one()
        if liability is None:
            liability = amount if self._carries_liability() else Decimal(0)
        if company is None:
            company = self._company_share(liability)
        # Whoever invoices, posts or recognises may; nobody writes movements by hand.
        move = (
            self.env["usage.prepaid.move"]
            .sudo()
            .create(
                {
                    "balance_id": self.balance_id.id,
                    "grant_id": self.id,
                    "company_id": self.company_id.id,
                    "currency_id": self.currency_id.id,
                    "kind": kind,
                    "date": fields.Date.context_today(self),
                    "amount": float(amount),
                    "amount_liability": float(liability),
                    "amount_company": float(company),
                    **vals,
                }
            )
        )
        self.env.flush_all()
        self.invalidate_recordset([*FIGURES, "state"], flush=False)
        self.balance_id.invalidate_recordset(["amount", "amount_available"], flush=False)
        return move

    def _figure(self, name):
        return Decimal(digits(self[name]))

    def _company_share(self, change):
        """What a change of the liability is in the company's currency, at the rate of the purchase."""
        if self.currency_id == self.company_currency_id:
            return change
        first = self.move_ids.filtered(lambda move: move.kind == "grant")[:1]
        return company_share(
            change,
            self._figure("amount_liability"),
            self._figure("amount_company"),
            Decimal(digits(first.amount_liability)),
            Decimal(digits(first.amount_company)),
            Decimal(money_step(self.company_currency_id)),
        )

    def _take_back(self, amount, **vals):
        """Take back what a credit note, or a person, takes of these grants, the last one first (Decimal)."""
        for grant in self.sorted("id", reverse=True):
            part = min(amount, grant._figure("amount_remaining"))
            if part > 0:
                # By days too, what is credited leaves the liability; recognition follows by difference.
                liability = -part if grant.kind == "bought" else Decimal(0)
                grant._record("correction", -part, liability=liability, **vals)
                amount -= part
        return amount

    def action_take_back(self):
        """Take what is left of promotional grants back."""
        self.check_access("write")
        if self.filtered(lambda grant: grant.kind != "promotional"):
            raise UserError(
                self.env._("What was bought is taken back by a credit note of its invoice, so that the books follow.")
            )
        self.balance_id._lock()
        for grant in self:
            grant._take_back(grant._figure("amount_remaining"), reason=self.env._("Taken back"))
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if self.move_ids:
            raise UserError(self.env._("A grant stays, because its movements are explained by it."))

    def action_view_purchase(self):
        """Open the invoice that bought this money."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.purchase_move_id.id,
            "view_mode": "form",
        }
