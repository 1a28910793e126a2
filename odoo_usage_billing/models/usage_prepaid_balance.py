from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits
from .usage_prepaid_schema import BALANCE_FIGURES


class UsagePrepaidBalance(models.Model):
    """Money that a customer paid ahead, or was given, and what of it is left: a liability until it is drawn.

    Belongs to a customer and a currency; one that names a contract pays for that contract alone, one of a
    commitment for the lines of its promise. PostgreSQL keeps the amount as the sum of the movements, and never
    below zero: two invoices at once cannot draw the same money.
    """

    _name = "usage.prepaid.balance"
    _description = "Prepaid Balance"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "partner_id, id"
    _check_company_auto = True

    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, index=True, ondelete="restrict")
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id, ondelete="restrict"
    )
    contract_id = fields.Many2one(
        "contract.contract",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('has_usage', '=', True)]",
        help="Pays for this contract alone. Empty: for every contract of the customer in this currency.",
    )
    commitment_id = fields.Many2one("usage.commitment", readonly=True, index="btree_not_null", ondelete="restrict")
    account_id = fields.Many2one(
        "account.account",
        string="Liability Account",
        compute="_compute_books",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        check_company=True,
        domain="[('account_type', 'in', ('liability_current', 'liability_non_current'))]",
        help="What is owed to the customer until it is used. Nothing else may be booked on it by hand.",
    )
    tax_policy = fields.Selection(
        [("at_purchase", "When it is bought"), ("at_use", "When it is used")],
        string="Taxed",
        compute="_compute_books",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="When it is bought: the purchase bears the taxes, and usage is paid without taxes. When it is used: the "
        "purchase bears none, and usage is paid with its taxes.",
    )
    amount = fields.Monetary(string="Balance", readonly=True, tracking=False, help="All that is left.")
    amount_available = fields.Monetary(
        string="Available", compute="_compute_available", help="What may be drawn today: paid, begun, not expired."
    )
    grant_ids = fields.One2many("usage.prepaid.grant", "balance_id", string="Grants")
    move_ids = fields.One2many("usage.prepaid.move", "balance_id", string="Movements")
    grant_count = fields.Integer(compute="_compute_available")
    next_expiry = fields.Date(string="Expires Next", compute="_compute_available")

    _one_each = models.UniqueIndex(
        "(company_id, partner_id, currency_id, COALESCE(contract_id, 0), COALESCE(commitment_id, 0))",
        "This customer has such a balance in this currency already. Use that one.",
    )
    _never_negative = models.Constraint("CHECK (amount >= 0)", "A prepaid balance cannot go below zero.")

    def init(self):
        self.env.cr.execute(BALANCE_FIGURES)

    @api.depends("company_id")
    def _compute_books(self):
        for balance in self:
            balance.account_id = balance.account_id or balance.company_id.usage_prepaid_account_id
            balance.tax_policy = balance.tax_policy or balance.company_id.usage_prepaid_tax_policy

    @api.depends("amount", "grant_ids.amount_remaining", "grant_ids.date_end")
    def _compute_available(self):
        today = fields.Date.context_today(self)
        for balance in self:
            left = balance.grant_ids.filtered(lambda grant: grant.amount_remaining > 0)
            balance.grant_count = len(balance.grant_ids)
            balance.amount_available = sum(left.filtered(lambda g: g._is_open_on(today)).mapped("amount_remaining"))
            balance.next_expiry = min((g.expires_on for g in left if g.expires_on), default=False)

    @api.depends("partner_id", "currency_id", "contract_id", "commitment_id")
    def _compute_display_name(self):
        for balance in self:
            parts = (balance.partner_id.name, balance.commitment_id.name or balance.contract_id.name)
            balance.display_name = " – ".join(filter(None, (*parts, balance.currency_id.name)))

    @api.onchange("contract_id")
    def _onchange_contract_id(self):
        if self.contract_id:
            self.partner_id = self.contract_id.invoice_partner_id.commercial_partner_id
            self.currency_id = self.contract_id.currency_id

    @api.constrains("partner_id", "contract_id", "currency_id")
    def _check_contract(self):
        for balance in self:
            contract = balance.contract_id
            if contract and (
                contract.invoice_partner_id.commercial_partner_id != balance.partner_id
                or contract.currency_id != balance.currency_id
            ):
                raise UserError(
                    self.env._(
                        "%(contract)s is invoiced to another customer or in another currency, so this balance cannot "
                        "pay for it.",
                        contract=contract.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """The balance is of the company that is invoiced, not of one of its contacts."""
        for vals in vals_list:
            if vals.get("partner_id"):
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
        return super().create(vals_list)

    def write(self, vals):
        fixed = {"company_id", "partner_id", "currency_id", "contract_id", "commitment_id", "account_id", "tax_policy"}
        changed = fixed & vals.keys()
        if changed and self.filtered(lambda b: b.move_ids and any(b._differs(name, vals[name]) for name in changed)):
            raise UserError(
                self.env._(
                    "A balance that was used keeps its customer, currency, account and taxes, because its movements "
                    "are booked by them. Make another balance."
                )
            )
        return super().write(vals)

    def _differs(self, name, value):
        own = self[name]
        return (own.id if isinstance(own, models.BaseModel) else own) != (value or False)

    # -- for invoices, and for others that sell or spend -------------------

    def _lock(self):
        """Hold these balances until the transaction ends; whoever came second is tried again on a fresh snapshot."""
        self.env.cr.execute(
            "SELECT id FROM usage_prepaid_balance WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (self.ids,)
        )

    @api.model
    def _for(self, partner, company, currency, contract=None):
        """The balance that money of a customer goes to: the contract's own one if there is one, else the common one."""
        domain = [
            ("company_id", "=", company.id),
            ("partner_id", "=", partner.commercial_partner_id.id),
            ("currency_id", "=", currency.id),
            ("commitment_id", "=", False),
        ]
        found = self.with_context(active_test=False).search([*domain, ("contract_id", "in", (contract or self).ids)])
        return (
            found
            if contract and found
            else self.with_context(active_test=False).search([*domain, ("contract_id", "=", False)])
        )

    @api.model
    def _for_or_new(self, partner, company, currency, contract=None):
        """The same, made when there is none."""
        found = self._for(partner, company, currency, contract)
        if found:
            return found
        if not company.usage_prepaid_account_id:
            raise UserError(
                self.env._(
                    "Prepaid balances of %(company)s need a liability account. Choose it under Usage > Configuration > "
                    "Settings.",
                    company=company.name,
                )
            )
        return self.create({"company_id": company.id, "partner_id": partner.id, "currency_id": currency.id})

    def _available(self, day=None):
        """What may be drawn on a day, as a Decimal."""
        day = day or fields.Date.context_today(self)
        grants = self.grant_ids.filtered(lambda grant: grant._is_open_on(day))
        return sum((Decimal(digits(grant.amount_remaining)) for grant in grants), Decimal(0))

    def _give(self, amount, reason, date_start=None, date_end=None, priority=10):
        """Grant promotional money: no payment, no liability; return the grant."""
        self.ensure_one()
        self.check_access("write")
        if self.currency_id.compare_amounts(amount, 0) <= 0:
            raise UserError(self.env._("Give an amount above zero."))
        # Whoever may write the balance may give; grants are not made by hand.
        grant = (
            self.env["usage.prepaid.grant"]
            .sudo()
            .create(
                {
                    "balance_id": self.id,
                    "kind": "promotional",
                    "name": reason,
                    "date_start": date_start or fields.Date.context_today(self),
                    "date_end": date_end,
                    "priority": priority,
                }
            )
        )
        grant._record("grant", Decimal(digits(self.currency_id.round(amount))), reason=reason)
        return grant.sudo(False)

    @api.ondelete(at_uninstall=False)
    def _unlink_unused(self):
        if self.filtered("move_ids"):
            raise UserError(
                self.env._("A balance with movements stays, because invoices are explained by it. Archive it instead.")
            )

    def action_view_moves(self):
        """Open the movements of these balances."""
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_prepaid_move_action")
        return {**action, "domain": [("balance_id", "in", self.ids)]}

    def action_view_grants(self):
        """Open the grants of these balances."""
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_prepaid_grant_action")
        return {**action, "domain": [("balance_id", "in", self.ids)], "context": {}}

    def action_promotion(self):
        """Ask how much promotional money to give."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promotional Balance"),
            "res_model": "usage.prepaid.promotion",
            "view_mode": "form",
            "target": "new",
            "context": {"default_balance_id": self.id},
        }
