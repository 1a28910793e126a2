from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing import charges, commitments, completeness, periods
from ..invoicing.lines import LineHints, commands
from ..invoicing.own_marks import OWN
from .contract_line import USAGE_MARKER, InvoicedLines
from .usage_tz import tz_get

FAST_CREATE = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_notrack": True,
    "skip_analytic_sync": True,
    "usage_makes_invoices": OWN,
}
AFTER_FIXED = 10_000


class ContractContract(models.Model):
    _inherit = "contract.contract"

    # Usage viewers read contracts without rights on price lists and invoices.
    currency_id = fields.Many2one(compute_sudo=True)
    invoice_count = fields.Integer(compute_sudo=True)
    pricelist_id_domain = fields.Binary(compute_sudo=True)
    has_usage = fields.Boolean(compute="_compute_has_usage", store=True)
    usage_tz = fields.Selection(
        tz_get,
        string="Billing Time Zone",
        required=True,
        default=lambda self: self.env.company.usage_tz or self.env.user.tz or "UTC",
        help="Usage falls in the day and the period of this zone. Fixed when usage is stored.",
    )
    usage_grace_days = fields.Integer(
        string="Grace (days)",
        default=lambda self: self.env.company.usage_grace_days,
        help="Days after the end of a period before it is invoiced, so that usage that arrives late is still in it.",
    )
    usage_invoice_policy = fields.Selection(
        [("draft", "Create drafts"), ("post", "Post"), ("send", "Post and send to the customer")],
        string="Usage Invoices",
        required=True,
        default=lambda self: self.env.company.usage_invoice_policy or "post",
        help="What a billing run does with the invoices that it makes. An invoice of several contracts follows "
        "the most careful of them.",
    )
    usage_proration = fields.Selection(
        [
            ("actual", "Days of the period"),
            ("thirty", "Months of thirty days"),
            ("none", "Not at all: full amounts"),
        ],
        string="Count Part Periods By",
        required=True,
        default="actual",
        help="How baselines, flat amounts, minimums and caps count when they hold only part of a period. The days "
        "used are printed on the invoice.",
    )
    usage_commitment_ids = fields.One2many("usage.commitment", "contract_id", string="Commitments")
    usage_commitment_count = fields.Integer(compute="_compute_usage_counts")
    usage_billed_at = fields.Datetime(readonly=True, copy=False, help="When usage of the contract was last invoiced.")
    usage_charge_count = fields.Integer(compute="_compute_usage_counts")
    usage_subject_count = fields.Integer(compute="_compute_usage_counts")

    _usage_grace_days_positive = models.Constraint(
        "CHECK (usage_grace_days IS NULL OR usage_grace_days >= 0)",
        "The grace may not be negative.",
    )

    @api.depends("contract_line_ids.is_usage")
    def _compute_has_usage(self):
        for contract in self:
            contract.has_usage = any(contract.contract_line_ids.mapped("is_usage"))

    def _compute_usage_counts(self):
        charge_counts = dict(
            self.env["usage.charge"]._read_group([("contract_id", "in", self.ids)], ["contract_id"], ["__count"])
        )
        subject_counts = dict(
            self.env["usage.assignment"]._read_group(
                [("contract_id", "in", self.ids)],
                ["contract_id"],
                ["subject_id:count_distinct"],
            )
        )
        commitment_counts = dict(
            self.env["usage.commitment"]._read_group([("contract_id", "in", self.ids)], ["contract_id"], ["__count"])
        )
        for contract in self:
            contract.usage_commitment_count = commitment_counts.get(contract, 0)
            contract.usage_charge_count = charge_counts.get(contract, 0)
            contract.usage_subject_count = subject_counts.get(contract, 0)

    @api.model_create_multi
    def create(self, vals_list):
        contracts = super().create(vals_list)
        contracts.contract_line_ids._check_usage_terms()
        contracts.contract_line_ids._check_usage_card()
        return contracts

    def write(self, vals):
        result = super().write(vals)
        if {"currency_id", "manual_currency_id", "pricelist_id", "journal_id", "generation_type"} & vals.keys():
            self.contract_line_ids._check_usage_terms()
            self.contract_line_ids._check_usage_card()
            self._keep_charged_currency()
        return result

    def _keep_charged_currency(self):
        """Refuse another currency than the charges have: what comes late of them could not be rated any more."""
        for contract in self.filtered("has_usage"):
            charged = (
                self.env["usage.charge"]
                .sudo()
                ._read_group([("contract_id", "=", contract.id), ("state", "=", "invoiced")], ["currency_id"])
            )
            other = [currency for (currency,) in charged if currency != contract.currency_id]
            if other:
                raise UserError(
                    self.env._(
                        "%(contract)s was invoiced in %(charged)s, and what comes late of that is billed in "
                        "%(charged)s too. End its lines, and make another contract in %(currency)s.",
                        contract=contract.display_name,
                        charged=other[0].name,
                        currency=contract.currency_id.name,
                    )
                )

    def copy_data(self, default=None):
        """A copied usage contract begins today: the days before would be billed by the next run. Ends move along."""
        vals_list = super().copy_data(default)
        today = fields.Date.context_today(self)
        for contract, vals in zip(self, vals_list, strict=True):
            if not contract.has_usage:
                continue
            if "name" not in (default or {}):
                vals["name"] = self.env._("%s (copy)", contract.name)
            for _create, _id, line in vals.get("contract_line_ids", ()):
                start, end = (fields.Date.to_date(line.get(name)) for name in ("date_start", "date_end"))
                if start and start < today:
                    line.update(date_start=today, date_end=end and end + (today - start))
        return vals_list

    def _force_line_recurrence(self):
        """Usage lines keep their own dates: header dates compute wrong periods for them."""
        self.filtered(lambda c: not c.line_recurrence and any(c.contract_line_ids.mapped("is_usage"))).write(
            {"line_recurrence": True}
        )

    # -- invoicing ---------------------------------------------------------

    @api.model
    def _get_contracts_to_invoice_domain(self, date_ref=None):
        """Usage contracts are invoiced by billing runs, not by the recurring cron."""
        domain = super()._get_contracts_to_invoice_domain(date_ref)
        if self.env.context.get("usage_billing_run"):
            return domain
        return fields.Domain.AND([domain, [("has_usage", "=", False)]])

    def recurring_create_invoice(self):
        """The contract's own button takes a run's lock and invoices only what has ended.

        Pressed twice, or replayed after a conflict, it must not go on to the next period.
        """
        for contract in self.filtered("has_usage"):
            contract.lock_for_update(allow_referencing=True)
            due = contract.recurring_next_date
            if due and not contract._usage_is_over():
                raise UserError(
                    self.env._(
                        "Nothing is due on %(contract)s yet: usage is still coming in until "
                        "%(day)s. Use “Usage so far” to see what it would cost now.",
                        contract=contract.display_name,
                        day=fields.Date.to_string(due),
                    )
                )
        return super().recurring_create_invoice()

    def _prepare_recurring_invoices_values(self, date_ref=False):
        """Expand each usage line into its rated lines, for all contracts at once."""
        self.filtered("has_usage")._hold_usage_off()
        invoiced = InvoicedLines()
        collecting = self.with_context(usage_invoiced_lines=invoiced)
        values = super(ContractContract, collecting)._prepare_recurring_invoices_values(date_ref)
        self.env["contract.line"].browse(invoiced.ids)._update_last_date_invoiced()
        carriers = [
            (move, command) for move in values for command in move["invoice_line_ids"] if USAGE_MARKER in command[2]
        ]
        if carriers:
            self._expand_usage(carriers)
        return [move for move in values if move["invoice_line_ids"]]

    def _hold_usage_off(self):
        """Touch the contract rows: usage that arrives from now on waits for this transaction.

        A writer holds them shared until its own commit. See Guide._hold_billing_off.
        """
        if self and not self._usage_is_rehearsed():
            self.env.cr.execute(
                "UPDATE contract_contract SET usage_billed_at = now() AT TIME ZONE 'UTC'"
                " WHERE id IN (SELECT id FROM contract_contract WHERE id = ANY(%s)"
                " ORDER BY id FOR NO KEY UPDATE)",
                (self.ids,),
            )
            self.invalidate_recordset(["usage_billed_at"], flush=False)

    def _expand_usage(self, carriers):
        dues = [command[2].pop(USAGE_MARKER) for _move, command in carriers]
        claimed = periods.claim(self.env, dues)
        self.env["contract.line"].browse({due.line_id for due in claimed})._usage_look_before(claimed)
        rated = charges.rate_dues(self.env, [due for due in dues if due in claimed])
        completeness.require_complete(self.env, rated)
        self._hold_implausible(rated)
        self._settle_holds(claimed)
        rated += commitments.settle(self.env, rated)
        now = self.env.cr.now()
        stored = defaultdict(list)
        for item, ids in zip(rated, charges.store(self.env, rated, claimed, now), strict=True):
            stored[item.due].append((item, ids))
        expanded = self._usage_commands(dues, carriers, stored)
        for move in {id(move): move for move, _command in carriers}.values():
            fixed = [c for c in move["invoice_line_ids"] if id(c) not in expanded]
            usage = [new for command in move["invoice_line_ids"] for new in expanded.get(id(command), ())]
            # A usage line may open a section, so fixed lines come before all of them.
            for command in usage:
                command[2]["sequence"] += AFTER_FIXED
            move["invoice_line_ids"] = fixed + usage

    @api.model
    def _usage_commands(self, dues, carriers, stored):
        """{id of a carrier: Commands of its lines}; lines have headings where a charge of the invoice needs several."""
        headed = {
            id(move)
            for due, (move, _command) in zip(dues, carriers, strict=True)
            if any(len(item.charge.components) > 1 for item, _ids in stored[due])
        }
        expanded = {}
        for due, (move, command) in zip(dues, carriers, strict=True):
            lines = expanded[id(command)] = []
            for item, ids in stored[due]:
                hints = LineHints(item.line.contract_id, move, item.line.product_id.taxes_id)
                lines += commands(item, *ids, command[2], hints, id(move) in headed)
        return expanded

    def _recurring_create_invoice(self, date_ref=False):
        usage = self.filtered("has_usage")
        moves = self.env["account.move"]
        if others := self - usage:
            moves = super(ContractContract, others)._recurring_create_invoice(date_ref)
        if usage:
            created = super(ContractContract, usage.with_context(**FAST_CREATE))._recurring_create_invoice(date_ref)
            created = self.env["account.move"].browse(created.ids)
            created._link_usage_charges()
            created._turn_negative_into_credit_notes()
            created.with_context(**FAST_CREATE)._due_from_their_day()
            created.with_context(**FAST_CREATE)._draw_prepaid()
            moves |= created
        return moves

    @api.model
    def _add_contract_origin(self, invoices):
        """Name the contract in each invoice's chatter: one batch of messages for a run."""
        if not self.filtered("has_usage"):
            return super()._add_contract_origin(invoices)
        by_move = invoices._usage_contracts()
        link = self.env._("Created by contract %s.")
        return invoices._message_log_batch(
            {
                move.id: Markup(link) % Markup(", ").join(c._get_html_link() for c in by_move[move])
                for move in invoices
                if move in by_move
            }
        )

    # -- looking -----------------------------------------------------------

    def _usage_rated(self, day=None):
        """The open period of each usage line, rated as it stands; nothing is written."""
        day = day or fields.Date.context_today(self)
        dues = [
            line._usage_due()
            for line in self.contract_line_ids.filtered("is_usage")
            if line.recurring_next_date and line.date_start <= day
        ]
        return charges.rate_dues(self.env, dues) if dues else []

    def _usage_preview(self, day=None):
        """The open period of each usage line and where commitments stand, as [Rated]; nothing is written.

        Lines that have not started or are complete are left out.
        """
        rated = self._usage_rated(day)
        return rated + commitments.settle(self.env, rated)

    def action_usage_preview(self):
        """Show what the open period would cost now."""
        self.ensure_one()
        preview = self.env["usage.preview"]._of_contract(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage of the Open Period"),
            "res_model": "usage.preview",
            "res_id": preview.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_usage_run(self):
        """Invoice this contract now by a billing run of its own and show the run."""
        self.ensure_one()
        run = self.env["usage.billing.run"].create(
            {
                "company_id": self.company_id.id,
                "contract_ids": [fields.Command.set(self.ids)],
            }
        )
        run.action_start()
        return run._action_open()

    def action_view_usage_charges(self):
        """Open the charges of these contracts."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Charges"),
            "res_model": "usage.charge",
            "view_mode": "list,kanban,form",
            "domain": [("contract_id", "in", self.ids)],
        }

    def action_view_usage_commitments(self):
        """Open the commitments of these contracts."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Commitments"),
            "res_model": "usage.commitment",
            "view_mode": "list,kanban,form",
            "domain": [("contract_id", "=", self.id)],
            "context": {"default_contract_id": self.id},
        }

    def action_view_usage_subjects(self):
        """Open the subjects assigned to these contracts."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Subjects"),
            "res_model": "usage.subject",
            "view_mode": "list,kanban,form",
            "domain": [("assignment_ids.contract_id", "in", self.ids)],
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_without_periods(self):
        if self.env["usage.billing.period"].search_count([("contract_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "A contract with billing periods stays, because invoices explain "
                    "themselves by it. Archive it instead."
                )
            )

    def _usage_today(self):
        """Today in the contract's time zone."""
        self.ensure_one()
        return fields.Date.context_today(self.with_context(tz=self.usage_tz))
