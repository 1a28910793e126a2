from collections import defaultdict

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..invoicing import rehearsal
from .usage_billing_run import CONTENTION, INLINE_LIMIT, wait_for_turn
from .usage_billing_run_line import CHUNK


class UsageBillingRun(models.Model):
    """Looking at a whole run before it is started: the run's own code, rehearsed chunk by chunk."""

    _inherit = "usage.billing.run"

    preview_ids = fields.One2many("usage.run.preview", "run_id", readonly=True)
    preview_state = fields.Selection(
        [("running", "Being made"), ("done", "Ready")], string="State of the Preview", readonly=True, copy=False
    )
    previewed_at = fields.Datetime(string="Previewed", readonly=True, copy=False)
    preview_contract_count = fields.Integer(string="Contracts Previewed", readonly=True, copy=False)
    preview_move_count = fields.Integer(string="Invoices Previewed", readonly=True, copy=False)
    preview_progress = fields.Float(compute="_compute_preview")
    preview_failed_count = fields.Integer(compute="_compute_preview", string="Would Fail")
    preview_held_count = fields.Integer(compute="_compute_preview", string="Would Be Held")
    preview_outlier_count = fields.Integer(compute="_compute_preview", string="Outliers")
    preview_differs_count = fields.Integer(compute="_compute_preview", string="Not as Previewed")
    preview_totals = fields.Char(compute="_compute_preview", string="Would Be Invoiced")

    @api.depends("preview_ids.finding", "preview_ids.outcome", "preview_contract_count")
    def _compute_preview(self):
        counts, other, totals = self._preview_figures()
        explainer = self.env["usage.explainer"]
        for run in self:
            known = counts[run]
            run.preview_failed_count = known.get("failed", 0)
            run.preview_held_count = known.get("held", 0)
            run.preview_outlier_count = known.get("outlier", 0)
            run.preview_differs_count = other.get(run, 0)
            done = run.preview_contract_count - known.get("pending", 0)
            run.preview_progress = 100 * done / run.preview_contract_count if run.preview_contract_count else 0
            run.preview_totals = ", ".join(explainer._money(amount, currency) for currency, amount in totals[run])

    def _preview_figures(self):
        """({run: {finding: rows}}, {run: rows that came out otherwise}, {run: [(currency, untaxed)]})."""
        Preview = self.env["usage.run.preview"]
        mine = [("run_id", "in", self.ids)]
        counts, totals = defaultdict(dict), defaultdict(list)
        for run, finding, count in Preview._read_group(mine, ["run_id", "finding"], ["__count"]):
            counts[run][finding] = count
        for run, currency, amount in Preview._read_group(mine, ["run_id", "currency_id"], ["amount_untaxed:sum"]):
            totals[run].append((currency, amount))
        other = Preview._read_group([*mine, ("outcome", "not in", (False, "same"))], ["run_id"], ["__count"])
        return counts, dict(other), totals

    # -- making it ---------------------------------------------------------

    def action_preview(self):
        """Rehearse the run: at once for few contracts, else in the background. An earlier preview goes."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "draft":
            raise UserError(self.env._("This run was started. Make a new run to preview what is due now."))
        self.preview_ids.unlink()
        due = self._due_contracts()
        self.write(
            {
                "preview_state": "running",
                "previewed_at": fields.Datetime.now(),
                "preview_contract_count": len(due),
                "preview_move_count": 0,
            }
        )
        ordered = due.sorted(lambda c: (c.invoice_partner_id.id if c.usage_invoice_together else 0, c.id))
        self.env["usage.run.preview"].create(
            [{"run_id": self.id, "contract_id": c.id, "currency_id": c.currency_id.id} for c in ordered]
        )
        if len(due) > INLINE_LIMIT:
            self.env.ref("odoo_usage_billing.cron_run_preview")._trigger()
            return self._action_open()
        while chunk := self._preview_chunk():
            self._preview_process(chunk)
        self.preview_state = "done"
        return self.action_view_preview()

    def _drop_unfinished_preview(self):
        """A run that is started before its preview is ready is not compared with it."""
        for run in self.filtered(lambda r: r.preview_state == "running"):
            run.preview_ids.unlink()
            run.preview_state = False

    def _preview_chunk(self):
        """The next rows to look at, with those whose contracts may share an invoice with theirs."""
        pending = [("run_id", "=", self.id), ("finding", "=", "pending")]
        chunk = self.env["usage.run.preview"].search(pending, limit=CHUNK, order="id")
        partners = chunk.contract_id.filtered("usage_invoice_together").invoice_partner_id
        together = [("contract_id.usage_invoice_together", "=", True)]
        return chunk | chunk.search([*pending, *together, ("contract_id.invoice_partner_id", "in", partners.ids)])

    def _preview_process(self, pending):
        """Put what would become of the contracts in the place of their pending rows."""
        contracts = pending.contract_id.with_company(self.company_id)
        earlier = rehearsal.Earlier(self.env, contracts.ids, self.date_ref)
        values = self._rehearsed(contracts, earlier)
        pending.unlink()
        self.env["usage.run.preview"].create(values)

    def _rehearsed(self, contracts, earlier):
        """Values of preview rows; when contracts cannot be rehearsed together, in smaller parts as the run does."""
        try:
            turns, holds = contracts._usage_rehearse(self.date_ref)
        except CONTENTION:
            raise
        except Exception as error:  # noqa: BLE001 - this is what the run would say; it is shown
            self.env.invalidate_all()
            if len(contracts) == 1:
                return [self._preview_failed(contracts, str(error) or repr(error))]
            return [vals for part in contracts._usage_parts() for vals in self._rehearsed(part, earlier)]
        found = [vals for number, turn in enumerate(turns, 1) for vals in self._preview_turn(number, *turn, earlier)]
        by_contract = defaultdict(list)
        for hold in holds:
            by_contract[hold["contract_id"]].append(hold)
        return found + [self._preview_held(held) for held in by_contract.values()]

    def _preview_turn(self, number, turn, warnings, earlier):
        """Values of a row per contract of a turn."""
        owners = {line: line.contract_id for line in self.env["contract.line"].browse({key.line_id for key in turn})}
        by_contract = defaultdict(dict)
        for key, item in turn.items():
            by_contract[owners[self.env["contract.line"].browse(key.line_id)]][key] = item
        base = self.preview_move_count + 1
        self.preview_move_count += len({item.move_number for item in turn.values()})
        result = []
        for contract, items in by_contract.items():
            vals = self._preview_vals(contract, number, items, earlier, base)
            numbers = sorted(warnings.keys() & {item.move_number for item in items.values()})
            result.append({**vals, "message": "\n".join(warnings[each] for each in numbers) or False})
        return result

    def _preview_vals(self, contract, number, items, earlier, base):
        untaxed = sum(item.amount for item in items.values())
        tax = sum(item.tax for item in items.values())
        compared = earlier.compared("contracts", contract.id, untaxed)
        return {
            "run_id": self.id,
            "contract_id": contract.id,
            "currency_id": contract.currency_id.id,
            "turn": number,
            "date_invoice": max(item.move_date for item in items.values()),
            "amount_untaxed": float(untaxed),
            "amount_tax": float(tax),
            "amount_total": float(untaxed + tax),
            **self._compared_vals(contract, compared),
            "has_earlier": compared.last is not None,
            "line_ids": [
                Command.create(self._preview_line_vals(contract, key, item, earlier, base))
                for key, item in items.items()
            ],
        }

    def _preview_line_vals(self, contract, key, item, earlier, base):
        vals = {**self._key_vals(key), "quantity": float(item.quantity), "finding": "plain"}
        vals.update(amount=float(item.amount), amount_tax=float(item.tax), move_number=base + item.move_number)
        if key.kind == "usage":
            vals.update(self._compared_vals(contract, earlier.compared("lines", key.line_id, item.amount)))
        return vals

    def _key_vals(self, key):
        return {
            "contract_line_id": key.line_id,
            "kind": key.kind,
            "date_start": key.date_start,
            "date_end": key.date_end,
        }

    def _compared_vals(self, contract, compared):
        company = self.company_id
        deviation = contract.currency_id._convert(
            float(compared.deviation), company.currency_id, company, self.date_ref
        )
        return {
            "amount_last": float(compared.last or 0),
            "amount_usual": float(compared.usual or 0),
            "usual_ratio": float(compared.ratio or 0),
            "deviation": deviation,
            "finding": compared.finding,
        }

    def _preview_failed(self, contract, message):
        return {
            "run_id": self.id,
            "contract_id": contract.id,
            "currency_id": contract.currency_id.id,
            "finding": "failed",
            "message": message,
        }

    def _preview_held(self, holds):
        """Values of a row for a contract that would be held; `holds` are values of its held periods."""
        contract = self.env["contract.contract"].browse(holds[0]["contract_id"])
        lines = [
            {
                "contract_line_id": hold["contract_line_id"],
                "kind": "usage",
                "date_start": hold["date_start"],
                "date_end": hold["date_end"],
                "quantity": hold["quantity"],
                "amount_held": hold["amount"],
                "amount_last": float(hold["earlier"][0][1]) if hold["earlier"] else 0,
                "amount_usual": hold["amount_usual"],
                "finding": "held",
                "message": "\n".join(self.env["usage.hold"]._sentences(hold)),
            }
            for hold in holds
        ]
        names = ("amount_held", "amount_last", "amount_usual")
        amount, last, usual = (sum(line[name] for line in lines) for name in names)
        return {
            "run_id": self.id,
            "contract_id": contract.id,
            "currency_id": contract.currency_id.id,
            "finding": "held",
            "amount_held": amount,
            "amount_last": last,
            "has_earlier": any(hold["earlier"] for hold in holds),
            "amount_usual": usual,
            "usual_ratio": amount / usual if usual else 0,
            "deviation": abs(amount - usual),
            "message": "\n".join(line["message"] for line in lines),
            "line_ids": [Command.create(line) for line in lines],
        }

    @api.model
    def _cron_preview(self):
        """Go on with previews, chunk by chunk, each chunk committed."""
        cron, tries = self.env["ir.cron"], 0
        running = [("preview_state", "=", "running"), ("state", "=", "draft")]
        pending = [("finding", "=", "pending"), ("run_id.state", "=", "draft")]
        cron._commit_progress(remaining=self.env["usage.run.preview"].search_count(pending))
        while run := self.search(running, limit=1, order="id"):
            chunk = run._preview_chunk()
            try:
                if chunk:
                    run._preview_process(chunk)
                else:
                    run.preview_state = "done"
                self.env.flush_all()
            except CONTENTION as error:
                tries = wait_for_turn(self.env.cr, tries + 1, error)
                continue
            tries = 0
            if not cron._commit_progress(len(chunk)):
                break
