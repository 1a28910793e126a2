from odoo import api, fields, models

from ..invoicing.adjustment_lines import adjustment_commands
from .contract_contract import AFTER_FIXED
from .usage_billing_run import CONTENTION, wait_for_turn
from .usage_billing_run_line import CHUNK

AFTER_USAGE = 2 * AFTER_FIXED


class ContractContract(models.Model):
    """What becomes of usage and prices that change after the invoice."""

    _inherit = "contract.contract"

    usage_late_policy = fields.Selection(
        [("accept", "Accept it: the difference is billed"), ("refuse", "Keep it in suspense")],
        string="Usage of Invoiced Periods",
        required=True,
        default=lambda self: self.env.company.usage_late_policy or "accept",
        help="What happens with usage, and with corrections, of days that are invoiced already.",
    )
    usage_adjustment_policy = fields.Selection(
        [
            ("ask", "Ask: a person accepts them"),
            ("next_invoice", "Put them on the next invoice"),
            ("own_invoice", "Bill or credit them at once"),
        ],
        string="Differences",
        required=True,
        default=lambda self: self.env.company.usage_adjustment_policy or "ask",
        help="What happens with the difference when an invoiced period costs something else now: late usage, "
        "corrections, or prices and baselines that were changed for days that are invoiced.",
    )
    usage_write_off_below = fields.Monetary(
        string="Write Off Below",
        default=lambda self: self.env.company.usage_write_off_below,
        help="A difference smaller than this, either way, is written off instead of billed, together with those of the "
        "same period that were. 0: none is.",
    )
    usage_adjustment_ids = fields.One2many("usage.adjustment", "contract_id", string="Adjustments")
    usage_adjustment_count = fields.Integer(compute="_compute_usage_adjustment_count")

    _usage_write_off_positive = models.Constraint(
        "CHECK (COALESCE(usage_write_off_below, 0) >= 0)", "The limit for writing off may not be negative."
    )

    def _compute_usage_adjustment_count(self):
        counts = dict(
            self.env["usage.adjustment"]._read_group(
                [("contract_id", "in", self.ids), ("state", "!=", "superseded")], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.usage_adjustment_count = counts.get(contract, 0)

    def _usage_look(self):
        """Rate charged periods again whose usage or terms changed; return the adjustments that were found."""
        contracts = self.filtered("has_usage")
        contracts._hold_usage_off()
        return contracts._usage_lines_ever()._usage_look_held()

    def _usage_adjust(self):
        """Look for changes and bill at once what the contracts say; return the adjustments that were found."""
        found = self._usage_look()
        waiting = self.env["usage.adjustment"].search([("contract_id", "in", self.ids), ("state", "=", "accepted")])
        alone = waiting.filtered(lambda a: a.contract_id._bills_adjustments_at_once())
        (alone | (waiting - alone) - (waiting - alone)._fit_next_invoice())._bill()
        return found

    def _bills_adjustments_at_once(self):
        """Whether differences get a document of their own: by policy, or because no invoice is to come."""
        self.ensure_one()
        return self.usage_adjustment_policy == "own_invoice" or not self.recurring_next_date or not self.active

    @api.model
    def _decide_adjustment(self, found):
        """(state, reason) of a new adjustment, by the policy of its contract."""
        contract = found.rated.line.contract_id
        currency = contract.currency_id
        amount = float(found.amount)
        if currency.is_zero(amount):
            return "nothing", None
        forgiven = sum(
            float(item.amount) for item in found.charged.adjusted if item.state in ("rejected", "written_off")
        )
        if forgiven * amount < 0:
            note = self.env._(
                "A difference of %(amount)s of this period was not billed. Reject this one where it takes that back.",
                amount=self.env["usage.explainer"]._money(forgiven, currency),
            )
            return "draft", note
        # Many small ones of a period are not small together; a large one was given up by a person.
        small = [float(item.amount) for item in found.charged.adjusted if item.state == "written_off"] + [amount]
        limit = contract.usage_write_off_below
        if abs(amount) < limit and abs(currency.round(sum(each for each in small if abs(each) < limit))) < limit:
            return "written_off", self.env._("Below the limit of the contract.")
        return ("draft" if contract.usage_adjustment_policy == "ask" else "accepted"), None

    # -- on invoices -------------------------------------------------------

    def _prepare_recurring_invoices_values(self, date_ref=False):
        """The accepted adjustments of a contract come last on its next invoice, if it is of the origin's customer."""
        values = super()._prepare_recurring_invoices_values(date_ref)
        accepted = self.env["usage.adjustment"].search([("contract_id", "in", self.ids), ("state", "=", "accepted")])
        accepted -= accepted.browse(self.env.context.get("usage_rehearsed", ()))
        if not accepted:
            return values
        by_contract = accepted.grouped("contract_id")
        for move in values:
            ids = {command[2].get("contract_line_id") for command in move["invoice_line_ids"]} - {None, False}
            for contract in self.env["contract.line"].browse(sorted(ids)).contract_id:
                if contract in by_contract and (fitting := by_contract.pop(contract)._fitting(move)):
                    move["invoice_line_ids"] += contract._usage_adjustment_commands(fitting)
        return values

    def _usage_adjustment_commands(self, accepted):
        """The invoice lines of accepted adjustments of this contract."""
        self.ensure_one()
        return adjustment_commands(accepted, AFTER_USAGE)

    # -- looking -----------------------------------------------------------

    def action_usage_look(self):
        """Look for changes of what was billed, and show what there is to decide."""
        self.check_access("write")
        self.env["usage.adjustment"].check_access("write")
        self._usage_adjust()
        return self.action_view_usage_adjustments()

    def action_view_usage_adjustments(self):
        """Open the adjustments of these contracts."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Adjustments"),
            "res_model": "usage.adjustment",
            "view_mode": "list,kanban,form",
            "domain": [("contract_id", "in", self.ids)],
            "context": {"search_default_current": 1},
        }

    @api.model
    def _usage_looked_at(self):
        """Every usage contract: of one that is archived, usage may still come late."""
        found = self.with_context(active_test=False).search([("has_usage", "=", True)], order="id")
        return self.browse(found.ids)

    @api.model
    def _cron_usage_look(self):
        """Daily: look for changes in every usage contract, a chunk per transaction; a failure stays its own."""
        cron = self.env["ir.cron"]
        ids = self._usage_looked_at().ids
        cron._commit_progress(remaining=len(ids))
        tries = 0
        while ids:
            chunk = self.browse(ids[:CHUNK])
            try:
                chunk._usage_adjust_each()
                self.env.flush_all()
            except CONTENTION as error:
                # The transaction is over: the chunk is tried again on a fresh snapshot.
                tries = wait_for_turn(self.env.cr, tries + 1, error)
                continue
            tries = 0
            ids = ids[CHUNK:]
            if not cron._commit_progress(len(chunk)):
                break

    def _usage_adjust_each(self):
        """Look together; when one of them is bad, each alone, and the bad one gets an activity with the reason."""
        try:
            with self.env.cr.savepoint():
                self._usage_adjust()
            return
        except CONTENTION:
            raise
        except Exception:  # noqa: BLE001 - one of them is bad; alone it names itself
            self.env.invalidate_all()
        for contract in self:
            try:
                with self.env.cr.savepoint():
                    contract._usage_adjust()
            except CONTENTION:
                raise
            except Exception as error:  # noqa: BLE001 - recorded for a person
                self.env.invalidate_all()
                contract._note_failed_look(str(error) or repr(error))

    def _note_failed_look(self, message):
        """One open activity per contract, however often it fails."""
        summary = self.env._("Usage could not be rated again")
        if summary not in self.activity_ids.mapped("summary"):
            user = self.user_id or self.env.user
            self.activity_schedule("mail.mail_activity_data_todo", summary=summary, note=message, user_id=user.id)
