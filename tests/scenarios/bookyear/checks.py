"""What must hold after each step: the product's own invariants, and the diary's figures beside the books'."""

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction

from .byhand import billed_terms, cost, in_force, months_after, periods, rounded

BILLED = """
    SELECT contract_line_id, date_start, date_end FROM usage_billing_period
     WHERE state = 'invoiced' ORDER BY contract_line_id, date_start
"""
UNBALANCED = "SELECT move_id FROM account_move_line WHERE company_id = ANY(%s) GROUP BY 1 HAVING SUM(balance) <> 0"
POSTED = """
    SELECT m.id, m.date, m.company_id,
           md5(concat_ws('|', m.name, m.date, m.invoice_date, m.amount_total, m.partner_id, string_agg(
               concat_ws(' ', l.id, l.account_id, l.balance, l.amount_currency, l.quantity, l.price_unit, l.name),
               ';' ORDER BY l.id)))
      FROM account_move m JOIN account_move_line l ON l.move_id = m.id
     WHERE m.state = 'posted' AND m.company_id = ANY(%s) GROUP BY m.id
"""
CHARGED = """
    SELECT c.contract_line_id, c.amount::text, c.date_start, c.date_end, COALESCE(a.open, 0)::text,
           COALESCE(a.given_up, 0)::text, COALESCE(a.billed, 0)::text, c.commitment_id
      FROM usage_charge c
      LEFT JOIN LATERAL (
            SELECT SUM(amount) FILTER (WHERE state IN ('draft', 'accepted')) AS open,
                   SUM(amount) FILTER (WHERE state IN ('rejected', 'written_off')) AS given_up,
                   SUM(amount) FILTER (WHERE state = 'invoiced') AS billed
              FROM usage_adjustment WHERE charge_id = c.id) a ON TRUE
     WHERE c.state = 'invoiced'
"""
ON_INVOICES = """
    SELECT l.contract_line_id, SUM(l.price_subtotal * CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END)::text
      FROM account_move_line l JOIN account_move m ON m.id = l.move_id
     WHERE (l.usage_component_id IS NOT NULL OR l.usage_adjustment_component_id IS NOT NULL)
       AND m.state = ANY(%s) AND m.date <= %s
     GROUP BY 1
"""
DROPPED = """
    SELECT contract_line_id, SUM(amount)::text FROM usage_adjustment
     WHERE state IN ('draft', 'rejected', 'written_off') AND date_end <= %s::date + 1 GROUP BY 1
"""
ACCRUED = """
    SELECT a.date, a.company_id, SUM(l.balance)::text, (array_agg(a.id ORDER BY a.number DESC))[1]
      FROM usage_accrual a JOIN account_move_line l ON l.move_id = a.move_id AND l.account_id = a.account_id
     WHERE a.state = 'posted' AND a.company_id = ANY(%s) GROUP BY 1, 2
"""
LEFT = """
    SELECT l.account_id, SUM(l.balance) FROM account_move_line l
     WHERE l.account_id = ANY(%s) AND l.parent_state = 'posted' GROUP BY 1 HAVING SUM(l.balance) <> 0
"""
LEDGER = """
    SELECT company_id, currency_id, SUM(-amount_currency)::text FROM account_move_line
     WHERE parent_state = 'posted' AND company_id = ANY(%s)
       AND (usage_component_id IS NOT NULL OR usage_adjustment_component_id IS NOT NULL)
     GROUP BY 1, 2
"""
FAR = "9999-12-31"
#: Traces are a sample; each so manieth time they are all recomputed.
EVERY_TRACE = 10


def require(holds, *told):
    """Stop with words where something does not hold."""
    if not holds:
        raise AssertionError(" ".join(str(word) for word in told))


class Checks:
    """After each operation."""

    def check(self, env):
        """Everything that is asked after each step."""
        env.flush_all()
        env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.checked += 1
        self._audit(env)
        self._ledger(env)
        self._days(env)
        self._amounts(env)
        self._accruals(env)
        self._reports(env)

    def _audit(self, env):
        from odoo.addons.odoo_usage_billing.audit import verify

        every_trace = self.checked % EVERY_TRACE == 0
        for finding in verify(env.cr, self.world.companies.values(), every_trace):
            require(not finding.broken, f"{finding.code}: {finding.broken} of {finding.checked}:", finding.examples)

    # -- ledger --------------------------------------------------------------

    def posted(self, env, company, until):
        """{move id: what it says} of what is posted up to a day."""
        env.cr.execute(POSTED, ([company.id],))
        return {id_: said for id_, day, _company, said in env.cr.fetchall() if day <= until}

    def _ledger(self, env):
        companies = list(self.world.companies.values())
        env.cr.execute(UNBALANCED, (companies,))
        require(not (found := env.cr.fetchall()), "debit is not credit:", found)
        env.cr.execute(POSTED, (companies,))
        said = {id_: (day, company_id, text) for id_, day, company_id, text in env.cr.fetchall()}
        changed = [id_ for id_, text in self.said.items() if said.get(id_) != text]
        require(not changed, "posted entries that changed:", changed)
        self.said = said
        for name, (day, before) in self.locks.items():
            mine = self.world.companies[name]
            now = {id_: text for id_, (at, owner, text) in said.items() if owner == mine and at <= day}
            require(
                now == before, f"the locked period of {name} up to {day} has other entries:", set(now) ^ set(before)
            )

    def _accruals(self, env):
        env.cr.execute(LEFT, (list(self.world.assets.values()),))
        require(not (found := env.cr.fetchall()), "accrual + reversal is not 0:", found)
        env.cr.execute(ACCRUED, (list(self.world.companies.values()),))
        for day, company_id, balance, id_ in env.cr.fetchall():
            accrual = env["usage.accrual"].browse(id_)
            unbilled = accrual.currency_id.round(accrual.amount_unbilled)
            require(
                accrual.currency_id.compare_amounts(unbilled, float(balance)) == 0,
                f"the ledger accrues {balance} on {day}, unbilled are {unbilled} of company {company_id}",
            )

    def _reports(self, env):
        env.cr.execute(LEDGER, (list(self.world.companies.values()),))
        ledger = {(company, currency): Fraction(amount) for company, currency, amount in env.cr.fetchall()}
        rows = env["usage.charge.report"]._read_group(
            [("company_id", "in", list(self.world.companies.values())), ("move_id.state", "=", "posted")],
            ["company_id", "currency_id"],
            ["amount:sum"],
        )
        shown = {(c.id, currency.id): Fraction(str(round(amount, 6))) for c, currency, amount in rows}
        for key in ledger.keys() | shown.keys():
            require(
                ledger.get(key, 0) == shown.get(key, 0),
                "analysis",
                float(shown.get(key, 0)),
                "ledger",
                float(ledger.get(key, 0)),
            )
        used = self.diary.by_line()
        rows = env["usage.report"]._read_group(
            [("contract_line_id", "in", list(self.diary.lines))], ["contract_line_id"], ["quantity:sum"]
        )
        shown = {line.id: Fraction(str(round(quantity, 6))) for line, quantity in rows}
        for line_id, line in self.diary.lines.items():
            wanted = len(used[line_id]) if line.kind.metric == "counted" else sum(one.quantity for one in used[line_id])
            require(
                wanted == shown.get(line_id, 0), f"usage of {line.kind.name}:", wanted, "shown:", shown.get(line_id, 0)
            )

    # -- days and amounts ----------------------------------------------------

    def billed(self, env):
        """{line id: [(first day, day after)]} of what is invoiced."""
        env["usage.billing.period"].flush_model()
        env.cr.execute(BILLED)
        found = defaultdict(list)
        for line_id, start, end in env.cr.fetchall():
            found[line_id].append((start, end))
        return found

    def _days(self, env):
        """Each line is billed from its start on, without gap, as far as runs went."""
        billed = self.billed(env)
        for line in self.diary.lines.values():
            until = self.billed_until.get(line.company)
            spans = billed.get(line.id, [])
            wanted = [
                (start, end)
                for start, end in periods(line, self.clock.today + timedelta(days=2))
                if until and end + timedelta(days=line.grace) <= until
            ]
            name = f"{line.kind.name} of {line.company}: billed {spans[-3:]}, by hand {wanted[-3:]}"
            if line.contract_id in self.held | self.behind:
                require(spans == wanted[: len(spans)], name)
            else:
                require(spans == wanted, name)

    def _amounts(self, env):
        """Charges with their differences are one rating by hand; invoices show what was not given up."""
        env.cr.execute(CHARGED)
        charged, apart, given_up = defaultdict(Fraction), defaultdict(Fraction), defaultdict(Fraction)
        for line_id, amount, start, _end, open_, dropped, billed, commitment_id in env.cr.fetchall():
            contract = self.diary.lines[line_id].contract_id
            charged[contract] += sum(map(Fraction, (amount, open_, dropped, billed)))
            apart[contract] += Fraction(open_) + Fraction(dropped)
            if not commitment_id:
                given_up[contract, _quarter(start)] += Fraction(dropped)
        env.cr.execute(ON_INVOICES, (["draft", "posted"], FAR))
        shown = defaultdict(Fraction)
        for line_id, amount in env.cr.fetchall():
            shown[self.diary.lines[line_id].contract_id] += Fraction(amount)
        billed, used = self.billed(env), self.diary.by_line()
        for contract, lines in self._contracts().items():
            name = f"{lines[0].kind.name} of {lines[0].company}:"
            total = charged[contract] - apart[contract]
            require(shown[contract] == total, name, "on invoices", float(shown[contract]), "charged", float(total))
            if lines[0].kind.cost and not {line.id for line in lines} & self.diary.stale:
                wanted = self._by_hand(lines, billed, used, given_up)
                self.compared += 1
                require(
                    charged[contract] == wanted, name, "charged", float(charged[contract]), "by hand", float(wanted)
                )

    def _contracts(self):
        found = defaultdict(list)
        for line in self.diary.lines.values():
            found[line.contract_id].append(line)
        return found

    def _by_hand(self, lines, billed, used, given_up):
        if lines[0].kind.pooled:
            return self._pool(lines, billed, used)
        total = Fraction(0)
        for line in lines:
            spans = billed.get(line.id, ())
            for start, end in billed_terms(line, spans):
                total += cost(line, start, end, used[line.id])
            if line.kind.commitment:
                total += self._true_ups(line, spans, used[line.id], given_up)
        return total

    def _pool(self, lines, billed, used):
        """Each line's fee, and what all of them used above all their baselines."""
        lead, total = lines[0], Fraction(0)
        for start, end in billed.get(lead.id, ()):
            inside = [one for line in lines for one in used[line.id] if start <= line.day(one) < end]
            agreed = sum(in_force(line.baselines, start) for line in lines)
            excess = max(sum((one.quantity for one in inside), Fraction(0)) - agreed, 0)
            total += rounded(excess * lead.kind.price, lead.step) + len(lines) * rounded(lead.kind.fee, lead.step)
        return total

    def _true_ups(self, line, spans, used, given_up):
        """What is missing to the promise of each quarter that has been billed to its end."""
        total, promised = Fraction(0), Fraction(line.kind.commitment["amount"])
        quarters = defaultdict(list)
        for start, end in spans:
            quarters[_quarter(start)].append((start, end))
        for first, inside in quarters.items():
            if inside[-1][1] == months_after(first, 3) or inside[-1][1] == line.end:
                value = sum(cost(line, start, end, used) for start, end in inside) - given_up[line.contract_id, first]
                total += max(promised - value, Fraction(0))
        return total

    def compare_accrual(self, env, accrual):
        """Rated = invoiced + accrued + dropped, by line, up to the day of an accrual."""
        day, after = accrual.date, accrual.date + timedelta(days=1)
        env.cr.execute(ON_INVOICES, (["posted"], day))
        invoiced = {line_id: Fraction(amount) for line_id, amount in env.cr.fetchall()}
        env.cr.execute(DROPPED, (day,))
        dropped = {line_id: Fraction(amount) for line_id, amount in env.cr.fetchall()}
        accrued, used = defaultdict(Fraction), self.diary.by_line()
        left_out = set(accrual.line_ids.filtered("reason").contract_line_id.ids)
        for owed in accrual.line_ids:
            accrued[owed.contract_line_id.id] += Fraction(str(round(owed.amount_unbilled, 6)))
        for line in self.diary.lines.values():
            if line.company != accrual.company_id.name or not line.kind.by_days:
                continue
            if line.id in self.diary.stale | left_out:
                continue
            rated = sum(
                (cost(line, start, min(end, after), used[line.id]) for start, end in periods(line, after)), Fraction(0)
            )
            parts = invoiced.get(line.id, 0), accrued[line.id], dropped.get(line.id, 0)
            self.accruals_compared += 1
            require(
                rated == sum(parts),
                f"{line.kind.name} of {line.company} by {day}: rated by hand {float(rated)},",
                "invoiced, accrued, dropped",
                [float(part) for part in parts],
            )


def _quarter(day):
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
