from collections import defaultdict
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits, money_step
from ..prepaid import Bill, Purse, allocate

AFTER_ALL = 100


def exact(amount):
    """An amount of a record as a Decimal."""
    return Decimal(digits(amount))


class AccountMove(models.Model):
    """Drafts of usage are paid from prepaid balances: lines that take the money, and movements behind them."""

    _inherit = "account.move"

    usage_prepaid_move_ids = fields.One2many("usage.prepaid.move", "move_id", string="Movements of Prepaid Money")
    usage_prepaid_count = fields.Integer(compute="_compute_usage_prepaid_count")

    @api.depends("usage_prepaid_move_ids")
    def _compute_usage_prepaid_count(self):
        counts = dict(
            self.env["usage.prepaid.move"]._read_group([("move_id", "in", self.ids)], ["move_id"], ["__count"])
        )
        for move in self:
            move.usage_prepaid_count = counts.get(move, 0)

    def action_view_usage_prepaid(self):
        """Open the movements of prepaid money that these invoices made."""
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_prepaid_move_action")
        return {**action, "domain": [("move_id", "in", self.ids)]}

    def _draw_prepaid(self):
        """Pay what these drafts bill for usage from the balances of their customers.

        The balances stay locked until the transaction ends, so that no other invoice draws the same money.
        """
        drafts = self.filtered(lambda m: m.move_type == "out_invoice" and m.state == "draft" and m.amount_total > 0)
        # Whoever invoices usage draws: no right on balances is asked for.
        balances = drafts.sudo()._prepaid_balances()
        if not balances:
            return
        balances._lock()
        for draft in drafts.sudo():
            own = balances.filtered(lambda b, d=draft: d._is_paid_by(b))
            if own:
                draft._draw_untaxed(own)
                draft._draw_taxed(own.filtered(lambda b: b.tax_policy == "at_use"))

    def _prepaid_balances(self):
        if not self:
            return self.env["usage.prepaid.balance"]
        return self.env["usage.prepaid.balance"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("amount", ">", 0),
            ]
        )

    def _is_paid_by(self, balance):
        return (balance.partner_id, balance.company_id, balance.currency_id) == (
            self.commercial_partner_id,
            self.company_id,
            self.currency_id,
        )

    def _prepaid_grants(self, balances):
        """The grants that invoices of this one's day may draw on."""
        day = self.invoice_date or fields.Date.context_today(self)
        return balances.grant_ids.filtered(
            lambda g: g._is_open_on(day) if g.validity == "invoice" else g.amount_remaining > 0 and g._is_paid()
        )

    # -- without taxes: what was taxed when it was bought, and what lowers revenue ----------

    def _draw_untaxed(self, balances):
        """Draw grants that pay amounts without taxes; their lines bear the taxes of what they pay."""
        grants = self._prepaid_grants(balances).filtered(
            lambda g: g.balance_id.tax_policy == "at_purchase" or not g._carries_liability()
        )
        lines = self.invoice_line_ids.filtered(lambda line: line._is_prepayable())
        if not grants or not lines:
            return
        others = self.invoice_line_ids - lines
        bills = [Bill(line.id, exact(line.price_subtotal), exact(line.price_total)) for line in lines]
        bills += [
            Bill(line.id, exact(line.price_subtotal), exact(line.price_total))
            for line in others
            if line.display_type == "product" and line.price_total < 0
        ]
        purses = [
            Purse(
                g.id,
                g._figure("amount_remaining"),
                frozenset(line.id for line in lines if line._is_paid_by(g)),
                g.priority,
                g.date_end or None,
                g.kind == "promotional",
                g.id,
            )
            for g in grants
        ]
        groups = defaultdict(list)
        for grant_id, line_id, amount in allocate(purses, bills, Decimal(money_step(self.currency_id))):
            grant, line = grants.browse(grant_id), lines.browse(line_id)
            groups[line._prepaid_group(grant)].append((grant, line, amount))
        self._add_prepaid_lines(groups)

    def _add_prepaid_lines(self, groups):
        """One invoice line per group of [(grant, paid line, amount)], and a movement per grant."""
        if not groups:
            return
        sequence = max(self.invoice_line_ids.mapped("sequence"), default=0) + AFTER_ALL
        explainer = self.env["usage.explainer"].with_context(lang=self.partner_id.lang)
        commands = []
        if not self.invoice_line_ids.filtered("usage_prepaid_balance_id"):
            commands.append(
                Command.create(
                    {"display_type": "line_section", "name": explainer._phrase_prepaid_section(), "sequence": sequence}
                )
            )
        left = {}
        for number, (key, parts) in enumerate(groups.items(), 1):
            left[key[0]] = left.get(key[0], exact(key[0].amount)) - sum(amount for _grant, _line, amount in parts)
            name = explainer._phrase_prepaid(parts[0][0], left[key[0]])
            commands.append(Command.create(self._prepaid_line_vals(key, parts, name, sequence + number)))
        before = self.invoice_line_ids
        self.write({"invoice_line_ids": commands})
        made = (self.invoice_line_ids - before).filtered("usage_prepaid_balance_id").sorted("sequence")
        for line, parts in zip(made, groups.values(), strict=True):
            if line._draw(parts):
                line.name = explainer._phrase_prepaid(parts[0][0], line.usage_prepaid_balance_id.amount)

    def _prepaid_line_vals(self, key, parts, name, sequence):
        balance, _kind, _recognition, account, taxes, analytic, _paid = key
        price = sum((paid._raw_amount(amount) for _grant, paid, amount in parts), Decimal(0))
        return {
            "name": name,
            "quantity": 1,
            "price_unit": -float(price),
            "account_id": account.id,
            "tax_ids": [Command.set(taxes)],
            "analytic_distribution": dict(analytic) or False,
            "contract_line_id": parts[0][1].contract_line_id.id,
            "usage_prepaid_balance_id": balance.id,
            "sequence": sequence,
        }

    # -- with taxes: what is taxed when it is used ------------------------------------------

    def _draw_taxed(self, balances):
        """Draw grants that pay amounts with taxes, contract by contract; their lines bear none."""
        left = exact(self.amount_total)
        by_contract = defaultdict(Decimal)
        products = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        usage = products.filtered(lambda line: line._is_prepayable() or line.usage_prepaid_balance_id)
        for line in usage:
            by_contract[line.contract_line_id.contract_id] += exact(line.price_total)
        if usage == products and by_contract:
            # Taxes that were rounded over all lines are part of it, to the last cent.
            by_contract[list(by_contract)[-1]] += left - sum(by_contract.values())
        grants = self._prepaid_grants(balances).filtered(lambda g: g._carries_liability())
        groups = defaultdict(list)
        taken = defaultdict(Decimal)
        for contract, owed in by_contract.items():
            paid = usage.filtered(lambda line, c=contract: line.contract_line_id.contract_id == c)[:1]
            for grant in grants.sorted(lambda g: (g.priority, g.expires_on or fields.Date.to_date("9999-12-31"), g.id)):
                amount = min(owed, left, grant._figure("amount_remaining") - taken[grant])
                if amount > 0 and grant.contract_id in (contract, contract.browse()):
                    key = (grant.balance_id, grant.kind, "use", grant.balance_id.account_id, (), (), contract.id)
                    groups[key].append((grant, paid, amount))
                    taken[grant] += amount
                    owed, left = owed - amount, left - amount
        self._add_prepaid_lines(groups)

    # -- given back --------------------------------------------------------

    def _release_usage(self):
        result = super()._release_usage()
        if self:
            self.line_ids._give_back_draws()
        return result

    def button_draft(self):
        cancelled = self.filtered(lambda m: m.state == "cancel")
        if cancelled and cancelled.line_ids.filtered("usage_prepaid_balance_id"):
            raise UserError(
                self.env._(
                    "The prepaid money of this invoice was given back when it was cancelled. Invoice again instead of "
                    "reopening it."
                )
            )
        posted = self.filtered(lambda m: m.state == "posted")
        posted._keep_recognised()
        posted._unbook_prepaid()
        return super().button_draft()

    def button_cancel(self):
        self.filtered(lambda m: m.state == "posted")._keep_recognised()
        return super().button_cancel()

    def _keep_recognised(self):
        """Entries of expired and recognised money stay: the difference is recognised by another one."""
        entries = self.filtered(lambda m: m.move_type == "entry")
        if entries and self.env["usage.prepaid.move"].sudo().search_count(
            [("move_id", "in", entries.ids), ("kind", "in", ("expiry", "recognition"))], limit=1
        ):
            raise UserError(
                self.env._(
                    "This entry recognises prepaid revenue and stays. Recognise the same date again: the difference is "
                    "posted."
                )
            )
