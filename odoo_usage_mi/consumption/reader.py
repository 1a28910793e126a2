"""The door to the usage of contracts: rights are checked here, once."""

import logging

from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.invoicing.charges import rate_dues

from . import lines as shaped
from . import periods, queries
from .periods import Period

_logger = logging.getLogger(__name__)


class Consumption:
    """Usage of contracts that the user may read.

    Raises AccessError when the user may not. What it gives back are plain values.
    """

    def __init__(self, contracts):
        contracts.check_access("read")
        # Portal users have no right on usage, metrics, prices and charges. The right that
        # replaces it is the one to read these contracts, checked above; only what belongs
        # to these contracts is read below, by their ids.
        self.contracts = contracts.sudo()
        self.env = self.contracts.env
        self.lines = self.contracts.contract_line_ids.filtered(lambda line: line.is_usage and not line.is_canceled)
        self._today = {c: c._usage_today() for c in self.contracts}
        self._open = {line: periods.open_dues(line, self.today(line)) for line in self.lines}

    def today(self, line):
        """Today where the contract of `line` is billed."""
        return self._today[line.contract_id]

    def currency_id(self, contract):
        """The id of the currency of a contract; it may come from a journal that portal users cannot read."""
        return self.contracts.browse(contract.id).currency_id.id

    def line(self, line_id):
        """The usage line with this id, else the first one; nothing when there is none."""
        return self.lines.filtered(lambda line: line.id == line_id) or self.lines[:1]

    # -- periods -----------------------------------------------------------

    def periods(self):
        """[Period] of these contracts, newest first."""
        found = {}
        for billed in periods.billed(self.env, self.lines.ids).values():
            for item in billed:
                state = "invoiced" if item.is_posted else "closed"
                found.setdefault(item.due[1:], state)
        for line, dues in self._open.items():
            for due in dues:
                found[due[1:]] = periods.state_of(due, self.today(line))
        ordered = sorted(found, key=lambda key: (key[1], key[0]), reverse=True)
        return [Period(*key, found[key]) for key in ordered]

    def period(self, key):
        """The period that `key` names, else the latest; None when there is none."""
        known = self.periods()
        named = [period for period in known if period.key == key]
        return (named or known or [None])[0]

    # -- lines -------------------------------------------------------------

    def so_far(self):
        """{contract id: [LineUsage]} of the newest period of each line that is not invoiced."""
        newest = [dues[-1] for dues in self._open.values() if dues]
        by_line = {due.line_id: usage for due, usage in self._measure(newest).items()}
        return {
            contract.id: [
                by_line[line.id] for line in self.lines if line.contract_id == contract and line.id in by_line
            ]
            for contract in self.contracts
        }

    def in_period(self, period):
        """[LineUsage] of each line in the period of its own that shows `period` best."""
        invoiced = periods.billed(self.env, self.lines.ids)
        charges, dues = {}, []
        for line in self.lines:
            known = {item.due: item for item in invoiced.get(line.id, ())}
            due = periods.best_match([*known, *self._open[line]], period)
            if due in known:
                state = "invoiced" if known[due].is_posted else "closed"
                charges.update(dict.fromkeys(known[due].charge_ids, state))
            elif due:
                dues.append(due)
        stored = shaped.from_charges(self.env, charges, self.lines) if charges else {}
        found = shaped.by_line(stored.values())
        found.update((due.line_id, usage) for due, usage in self._measure(dues).items())
        return [found[line.id] for line in self.lines if line.id in found]

    def _measure(self, dues):
        """{due: LineUsage} of periods that are not invoiced."""
        found = {}
        for due, rated in self._rate(dues).items():
            line = self.lines.browse(due.line_id)
            state = periods.state_of(due, self.today(line))
            if rated:
                (found[due],) = shaped.by_line(shaped.from_rated(item, state) for item in rated).values()
            else:
                actual = queries.total(line, due.date_start, due.date_end)
                found[due] = shaped.from_measure(line, due, state, actual)
        return found

    def _rate(self, dues):
        """{due: [Rated] or None}: a line without a valid price must not hide the others."""
        if not dues:
            return {}
        try:
            found = {}
            for rated in rate_dues(self.env, dues):
                found.setdefault(rated.due, []).append(rated)
            return found
        except UserError as error:
            if len(dues) == 1:
                _logger.info("no estimate for contract line %s: %s", dues[0].line_id, error)
                return {dues[0]: None}
        return {due: rated for one in dues for due, rated in self._rate([one]).items()}

    # -- invoices ----------------------------------------------------------

    def invoice_ids(self):
        """Ids of the invoices with lines of these contracts, whoever may see them."""
        move_lines = self.env["account.move.line"]._read_group(
            [("contract_line_id.contract_id", "in", self.contracts.ids)], ["move_id"]
        )
        return [move.id for (move,) in move_lines]
