"""Operations on invoices and the ledger: billing, differences, accruals, credit notes, payments, rates, locks."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from odoo.exceptions import UserError

from .byhand import months_after
from .world import COMPANIES


class AccountingOperations:
    """Each gets an environment, a dice, and says in a few words what it did, or None when there was nothing to do."""

    def _company(self, env, dice):
        name = dice.choice(list(self.world.companies))
        return name, env["res.company"].browse(self.world.companies[name])

    def _in(self, env, company):
        return env(context={**env.context, "allowed_company_ids": company.ids})

    # -- billing -------------------------------------------------------------

    def bill(self, env, dice):
        """A billing run of one company, for today."""
        name, company = self._company(env, dice)
        return self.bill_company(env, company)

    def bill_company(self, env, company):
        """A billing run; what fails, fails for a reason that is known."""
        env = self._in(env, company)
        run = env["usage.billing.run"].create({"date_ref": self.clock.today, "company_id": company.id})
        run.action_start()
        failed = run.line_ids.filtered(lambda line: line.state not in ("done", "held"))
        if failed:
            raise AssertionError(f"{failed[0].contract_id.name}: {failed[0].state} {failed[0].message}")
        self.held |= set(run.line_ids.filtered(lambda line: line.state == "held").contract_id.ids)
        # West of UTC a month is over later: what is not, no run bills.
        local = self.clock.instant.astimezone(ZoneInfo(COMPANIES[company.name][2])).date()
        self.billed_until[company.name] = min(self.clock.today, local)
        done = set(run.line_ids.filtered(lambda line: line.state == "done").contract_id.ids)
        self.behind -= done
        self.held -= done
        return f"{company.name}: {len(run.line_ids.move_ids)} invoices, {run.held_count} held"

    def change_policy(self, env, dice):
        """A contract's invoices, or its differences, are dealt with in another way from now on."""
        contract = env["contract.contract"].browse(dice.choice(sorted(self.world.contracts)))
        if dice.random() < 0.5:
            contract.usage_invoice_policy = dice.choice(("draft", "post"))
            return f"{contract.name}: {contract.usage_invoice_policy}"
        contract.usage_adjustment_policy = dice.choice(("ask", "next_invoice", "own_invoice"))
        return f"{contract.name}: {contract.usage_adjustment_policy}"

    def release(self, env, dice):
        """What is held is looked at, released and billed."""
        holds = env["usage.hold"].search([("state", "=", "held")], order="id")
        if not holds:
            return None
        holds.write({"reason": "They print calendars"})
        holds.action_release()
        for company in holds.company_id:
            self.bill_company(env, company)
        return f"{len(holds)} periods"

    def look(self, env, dice):
        """The daily look at all contracts of a company."""
        _name, company = self._company(env, dice)
        return self.look_at(env, company)

    def look_at(self, env, company):
        """Find what changed; a second look finds nothing."""
        env = self._in(env, company)
        contracts = env["contract.contract"].search([("company_id", "=", company.id), ("has_usage", "=", True)])
        found = contracts._usage_adjust()
        again = contracts._usage_look()
        if again:
            raise AssertionError(f"a look after a look found {again.mapped('display_name')}")
        self.diary.stale -= {line.id for line in self.diary.lines.values() if line.contract_id in contracts.ids}
        return f"{company.name}: {len(found)} differences"

    def decide(self, env, dice):
        """A person accepts, rejects, writes off or bills what is to decide."""
        drafts = env["usage.adjustment"].search([("state", "=", "draft")], order="id")
        if not drafts:
            return None
        done = []
        for adjustment in drafts:
            adjustment = adjustment.with_env(self._in(env, adjustment.company_id))
            choice = dice.randrange(8)
            if choice < 4:
                adjustment.action_accept()
            elif choice < 5:
                adjustment.reason = "A courtesy"
                adjustment.action_reject()
            elif choice < 6:
                adjustment.reason = "Too small"
                adjustment.action_write_off()
            elif choice < 7:
                adjustment.action_bill_now()
            done.append(choice)
            if adjustment.contract_id.usage_commitment_ids:
                # What is given up counts no more towards the promise: the next look settles it.
                self.diary.stale |= set(adjustment.contract_id.contract_line_ids.ids)
        return f"{len(done)} decided"

    def bill_differences(self, env, dice):
        """What is accepted is billed or credited now."""
        accepted = env["usage.adjustment"].search([("state", "=", "accepted")], order="id")
        if not accepted:
            return None
        accepted.action_bill_now()
        return f"{len(accepted)} billed"

    # -- invoices ------------------------------------------------------------

    def post_drafts(self, env, dice):
        """An accountant posts the drafts of a company."""
        _name, company = self._company(env, dice)
        drafts = self._invoices(env, company, "draft")
        if not drafts:
            return None
        drafts.action_post()
        return f"{len(drafts)} posted"

    def cancel_draft(self, env, dice):
        """The newest draft of a contract is cancelled; its period is due again."""
        _name, company = self._company(env, dice)
        drafts = self._invoices(env, company, "draft")
        if not drafts:
            return None
        draft = drafts.sorted(lambda m: (m.invoice_date or date(1, 1, 1), m.id))[-1:]
        contracts = draft.invoice_line_ids.contract_line_id.contract_id
        try:
            with env.cr.savepoint():
                draft.button_cancel()
        except UserError as refused:
            return f"refused: {refused}"
        # Whose periods are due again is billed by the next run.
        self.behind |= set(contracts.ids)
        return f"{draft.id} of {', '.join(contracts.mapped('name'))}"

    def credit(self, env, dice):
        """A posted invoice is credited by hand, as a gesture."""
        _name, company = self._company(env, dice)
        posted = self._invoices(env, company, "posted").filtered(lambda m: m.move_type == "out_invoice")
        if not posted:
            return None
        move = dice.choice(posted.sorted("id"))
        wizard = env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids, allowed_company_ids=company.ids
        )
        wizard = wizard.create({"date": self.clock.today, "journal_id": move.journal_id.id, "reason": "A gesture"})
        credit = env["account.move"].browse(wizard.refund_moves()["res_id"])
        credit.action_post()
        return move.name

    def pay(self, env, dice):
        """A customer pays an invoice, or a part of it."""
        _name, company = self._company(env, dice)
        posted = self._invoices(env, company, "posted").filtered(
            lambda m: (
                m.move_type == "out_invoice" and m.payment_state in ("not_paid", "partial") and m.amount_residual > 1
            )
        )
        if not posted:
            return None
        move = dice.choice(posted.sorted("id"))
        register = env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids, allowed_company_ids=company.ids
        )
        amount = move.currency_id.round(move.amount_residual * dice.choice((1, 1, 0.5)))
        register.create({"amount": amount, "payment_date": self.clock.today}).action_create_payments()
        return move.name

    def _invoices(self, env, company, state):
        domain = [
            ("state", "=", state),
            ("company_id", "=", company.id),
            ("move_type", "in", ("out_invoice", "out_refund")),
        ]
        return self._in(env, company)["account.move"].search(domain, order="id")

    # -- ledger --------------------------------------------------------------

    def accrue(self, env, dice):
        """The month before is accrued, perhaps again."""
        _name, company = self._company(env, dice)
        return self.accrue_company(env, company, self.clock.today.replace(day=1) - timedelta(days=1))

    def accrue_company(self, env, company, day):
        """An accrual is prepared, compared with what was worked out by hand, and posted."""
        env = self._in(env, company)
        if day < date(2025, 1, 31) or self.is_locked(company.name, day):
            return None
        accrual = env["usage.accrual"].create({"date": day, "company_id": company.id})
        accrual.action_prepare()
        # What would be held is no revenue yet; nothing else may be left out.
        refused = accrual.line_ids.filtered(lambda line: line.reason and "implausible" not in line.reason)
        if refused:
            raise AssertionError(f"left out of the accrual: {refused[0].contract_id.name}: {refused[0].reason}")
        env.flush_all()
        self.compare_accrual(env, accrual)
        posted = accrual.action_post()
        amount = accrual.amount_unbilled
        if posted is not True:
            accrual.unlink()
        return f"{company.name} {day}: {amount:.2f} unbilled, {'posted' if posted is True else 'nothing to post'}"

    def change_rates(self, env, dice):
        """Currencies move."""
        name, company = self._company(env, dice)
        rates = env["res.currency.rate"]
        day = self.clock.today
        for rate in rates.search([("company_id", "=", company.id), ("name", "=", "2020-01-01")]):
            if not rates.search_count(
                [("company_id", "=", company.id), ("name", "=", day), ("currency_id", "=", rate.currency_id.id)]
            ):
                worth = rate.company_rate * (1 + dice.randint(-50, 50) / 1000)
                rates.create(
                    {"currency_id": rate.currency_id.id, "company_id": company.id, "name": day, "company_rate": worth}
                )
        self.diary.stale |= {line.id for line in self.diary.lines.values() if line.kind.card_currency}
        return name

    def lock(self, env, dice):
        """The books are closed up to the end of the month before the last one."""
        name, company = self._company(env, dice)
        return self.lock_company(env, company, months_after(self.clock.today.replace(day=1), -1) - timedelta(days=1))

    def lock_company(self, env, company, day):
        """Nothing may be booked up to this day from now on."""
        if self.is_locked(company.name, day) or day < date(2025, 1, 31):
            return None
        field = (
            "hard_lock_date"
            if day.month == 12 and not self._drafts_until(env, company, day)
            else "fiscalyear_lock_date"
        )
        company.write({field: day})
        env.flush_all()
        self.locks[company.name] = (day, self.posted(env, company, day))
        return f"{company.name} up to {day} ({field})"

    def _drafts_until(self, env, company, day):
        domain = [("company_id", "=", company.id), ("state", "=", "draft"), ("date", "<=", day)]
        return env["account.move"].search_count(domain, limit=1)

    def is_locked(self, name, day):
        """Whether a company has closed a day."""
        return name in self.locks and day <= self.locks[name][0]

    def try_locked(self, env, dice):
        """Somebody tries to book into the closed year; Odoo, or an accrual, refuses."""
        closed = [(name, day) for name, (day, _posted) in self.locks.items()]
        if not closed:
            return None
        name, day = dice.choice(closed)
        company = env["res.company"].browse(self.world.companies[name])
        accrual = self._in(env, company)["usage.accrual"].create({"date": day, "company_id": company.id})
        accrual.action_prepare()
        try:
            with env.cr.savepoint():
                accrual.action_post()
        except UserError:
            accrual.unlink()
            return f"{name} {day}: refused"
        raise AssertionError(f"an accrual of {day} was posted, which is locked")

    def pass_time(self, env, dice):
        """Days go by."""
        self.clock.go(days=dice.randint(2, 24), hours=dice.randrange(24))
        self.clock.tell(env.cr)
        return str(self.clock.now)
