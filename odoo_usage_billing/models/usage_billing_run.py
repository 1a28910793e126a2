import random
import time
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError, UserError

from ..store.pause import collector_paused
from .usage_billing_run_line import CHUNK

CONTENTION = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    ConcurrencyError,
    LockError,
)
INLINE_LIMIT = 50
PERIODS_MAX = 36
MOVES_MAX = 100
TRIES = 8


def wait_for_turn(cr, tries, error):
    """After contention: roll back, wait a little longer each time and return `tries`; raise when they are too many."""
    cr.rollback()
    if tries >= TRIES:
        raise error
    time.sleep(random.uniform(0, 0.1 * 2**tries))
    return tries


class UsageBillingRun(models.Model):
    """A billing run: due contracts, progress, counts, failures with their reason; resumable.

    draft -> running -> done. Each chunk of contracts commits; one contract's
    failure stays its own; contention rises and the chunk is tried again.
    """

    _name = "usage.billing.run"
    _description = "Billing Run"
    _inherit = ["mail.thread"]
    _order = "id DESC"

    name = fields.Char(required=True, default=lambda self: self.env._("New billing run"), copy=False)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    date_ref = fields.Date(
        string="Invoice What Is Due On",
        required=True,
        default=fields.Date.context_today,
        copy=False,
    )
    contract_ids = fields.Many2many(
        "contract.contract",
        string="Only These Contracts",
        domain="[('has_usage', '=', True), ('company_id', '=', company_id)]",
        help="Empty: every due usage contract of the company.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("running", "Running"), ("done", "Done")],
        required=True,
        default="draft",
        tracking=True,
        copy=False,
    )
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, copy=False)
    started_at = fields.Datetime(readonly=True, copy=False)
    ended_at = fields.Datetime(readonly=True, copy=False)
    line_ids = fields.One2many("usage.billing.run.line", "run_id", readonly=True)
    # Counts and totals are for every reader of a run; invoices have rights of their own.
    contract_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Contracts")
    done_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Processed")
    failed_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Failed")
    held_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Held")
    invoice_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Invoices")
    progress = fields.Float(compute="_compute_counts", compute_sudo=True, string="Progress")
    amount_untaxed = fields.Monetary(compute="_compute_amount", compute_sudo=True, string="Invoiced")
    currency_id = fields.Many2one(related="company_id.currency_id")

    @api.depends("line_ids.state", "line_ids.move_ids")
    def _compute_counts(self):
        for run in self:
            lines = run.line_ids
            run.contract_count = len(lines)
            run.done_count = len(lines.filtered(lambda line: line.state != "pending"))
            run.failed_count = len(lines.filtered(lambda line: line.state == "failed"))
            run.held_count = len(lines.filtered(lambda line: line.state == "held"))
            run.invoice_count = len(lines.move_ids)
            run.progress = 100 * run.done_count / len(lines) if lines else 0

    @api.depends("line_ids.move_ids")
    def _compute_amount(self):
        for run in self:
            run.amount_untaxed = sum(run.line_ids.move_ids.mapped("amount_untaxed_signed"))

    def action_start(self):
        """List the due contracts and invoice them, at once when few, else in the background."""
        for run in self.filtered(lambda r: r.state == "draft"):
            run._drop_unfinished_preview()
            run._list_contracts()
        few = self.filtered(lambda r: r.line_ids.mapped("state").count("pending") <= INLINE_LIMIT)
        for run in few:
            run._process_at_once()
        (self - few)._go_on_in_background()
        return True

    def _process_at_once(self):
        """Invoice what is pending in this transaction; what meets the work of others goes on after it."""
        self.ensure_one()
        while pending := self.line_ids.filtered(lambda line: line.state == "pending"):
            before = len(self.line_ids.move_ids)
            try:
                with self.env.cr.savepoint():
                    self._process(pending)
            except CONTENTION:
                self.env.invalidate_all()
                self._go_on_in_background()
                return
            if len(self.line_ids.move_ids) == before:
                break
        if "pending" in self.line_ids.mapped("state"):
            self._go_on_in_background()
        self._finish_if_complete()

    def _go_on_in_background(self):
        """Have the pending contracts of these runs worked on after this transaction."""
        if self:
            self.env.ref("odoo_usage_billing.cron_billing_run")._trigger()

    def action_retry_failed(self):
        """Put failed and held contracts back in line and go on."""
        self.ensure_one()
        self.line_ids.filtered(lambda line: line.state in ("failed", "held")).write(
            {"state": "pending", "message": False}
        )
        self.state = "running"
        return self.action_start()

    def action_view_holds(self):
        """Open the held periods of this run's contracts."""
        self.ensure_one()
        return self.line_ids.filtered(lambda line: line.state == "held").contract_id.action_view_usage_holds()

    def action_view_invoices(self):
        """Open the invoices of this run."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_out_invoice")
        return {
            **action,
            "domain": [("id", "in", self.line_ids.move_ids.ids)],
            "context": {"default_move_type": "out_invoice", "create": False},
        }

    def _action_open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self[:1].id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _due_contracts(self):
        """The contracts that this run is for and that are due on its day."""
        self.ensure_one()
        Contract = self.env["contract.contract"].with_context(usage_billing_run=True)
        domain = fields.Domain.AND(
            [
                Contract._get_contracts_to_invoice_domain(self.date_ref),
                [("has_usage", "=", True), ("company_id", "=", self.company_id.id)],
                [("generation_type", "=", "invoice")],
            ]
        )
        if self.contract_ids:
            domain &= fields.Domain("id", "in", self.contract_ids.ids)
        return Contract.search(domain)._usage_due_on(self.date_ref)

    def _list_contracts(self):
        """One pending line per contract that is due, so that progress is known."""
        due = self._due_contracts()
        self.env["usage.billing.run.line"].create([{"run_id": self.id, "contract_id": contract.id} for contract in due])
        self.write(
            {
                "state": "running",
                "started_at": fields.Datetime.now(),
                "name": self.env._("Billing run of %s", fields.Date.to_string(self.date_ref))
                if self.name == self.env._("New billing run")
                else self.name,
            }
        )

    def _process(self, lines):
        """Invoice a chunk of pending lines; contracts that another worker holds wait."""
        self.ensure_one()
        contracts = lines.contract_id.try_lock_for_update(allow_referencing=True)
        mine = lines.filtered(lambda line: line.contract_id in contracts)
        if mine:
            with collector_paused():
                self._try(mine)
        return mine

    def _try(self, lines):
        """Invoice these together, else in smaller parts: one contract's failure is on its line and stays its own."""
        try:
            with self.env.cr.savepoint():
                self._invoice(lines)
        except CONTENTION:
            raise
        except Exception as error:  # noqa: BLE001 - recorded, shown, and retried by a person
            self.env.invalidate_all()
            if len(lines) == 1:
                lines.write({"state": "failed", "message": str(error) or repr(error)})
                return
            for part in lines.contract_id._usage_parts():
                self._try(lines.filtered(lambda line, part=part: line.contract_id in part))

    def _invoice(self, lines):
        """Invoice due periods of the lines' contracts, oldest first, and post by policy.

        A transaction makes about MOVES_MAX invoices; a contract with more periods to
        catch up stays pending and goes on in the next one.
        """
        contracts = lines.contract_id.with_company(self.company_id)
        owners = {}

        def invoice(due):
            moves = due._recurring_create_invoice()
            owned = moves._usage_contracts()
            moves._usage_post_by_policy(owned)
            owners.update(owned)

        held = contracts._usage_in_turns(self.date_ref, invoice, PERIODS_MAX, lambda: len(owners) >= MOVES_MAX)
        holds = self.env["usage.hold"]._hold(held)
        self._refresh_statistics()
        behind = (contracts - holds.contract_id)._usage_due_on(self.date_ref) if owners else contracts.browse()
        lines._note_outcome(owners, holds, behind)

    def _refresh_statistics(self):
        """Tell the planner about a young ledger: with its first figures every query is slow."""
        self.env.cr.execute("SELECT reltuples < 1000 FROM pg_class WHERE oid = 'account_move_line'::regclass")
        if self.env.cr.fetchone()[0]:
            self.env.cr.execute("ANALYZE account_move, account_move_line")

    def _finish_if_complete(self):
        lines = self.env["usage.billing.run.line"]
        for run in self.filtered(lambda run: run.state == "running"):
            # Asked after each chunk: the lines of a large run are not read for it.
            if not lines.search_count([("run_id", "=", run.id), ("state", "=", "pending")], limit=1):
                run.write({"state": "done", "ended_at": fields.Datetime.now()})

    # -- in the background -------------------------------------------------

    @api.model
    def _cron_process(self):
        """Go on with running runs, chunk by chunk, each chunk committed."""
        Line = self.env["usage.billing.run.line"]
        cron = self.env["ir.cron"]
        domain = [("state", "=", "pending"), ("run_id.state", "=", "running")]
        cron._commit_progress(remaining=Line.search_count(domain))
        tries = 0
        skipped = set()
        while lines := Line.search([*domain, ("id", "not in", list(skipped))], limit=CHUNK, order="run_id, id"):
            run = lines[0].run_id
            chunk = lines.filtered(lambda line, run=run: line.run_id == run)._with_companions()
            try:
                done = run._process(chunk)
                run._finish_if_complete()
                self.env.flush_all()
            except CONTENTION as error:
                # The transaction is over: it is rolled back whole and the chunk is
                # tried again on a fresh snapshot.
                tries = wait_for_turn(self.env.cr, tries + 1, error)
                continue
            tries = 0
            skipped |= set((chunk - done).ids)
            if not cron._commit_progress(len(done)):
                break
        # Those whose last contracts another worker did.
        self.search([("state", "=", "running")])._finish_if_complete()

    @api.model
    def _cron_start(self):
        """Daily: one run per company that has something due."""
        today = fields.Date.context_today(self)
        runs = self.browse()
        for company in self.env["res.company"].search([]):
            run = self.with_company(company).create({"company_id": company.id, "date_ref": today})
            run._list_contracts()
            if run.line_ids:
                runs |= run
            else:
                run.unlink()
        runs._go_on_in_background()

    @api.ondelete(at_uninstall=False)
    def _unlink_empty(self):
        if self.line_ids.move_ids:
            raise UserError(self.env._("A run that made invoices stays, because it explains them."))

    @api.autovacuum
    def _gc_empty_drafts(self):
        """Drop drafts that nobody started within a week."""
        old = fields.Datetime.now() - timedelta(days=7)
        self.search([("state", "=", "draft"), ("create_date", "<", old)]).unlink()
