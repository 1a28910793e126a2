"""What contract lines have used and no posted invoice has billed by a day: the amounts of an accrual.

A period that is charged, but whose invoice is a draft or dated later, is worth its charges, and every charged
period its accepted differences that are not billed either. Any other is rated by the code that will invoice it, up
to the day; what cannot be rated, or a safety bound would hold, leaves its contract out but for what is charged.
Nothing is written.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo.exceptions import UserError

from ..rating import RatingError
from ..rating.interval import Interval
from . import commitments
from .accrual_differences import differences
from .charges import members_of, rate_one
from .earlier import Earlier
from .lines import NOTES
from .measures import measure
from .periods import Due
from .segments import line_end, segments
from .terms import TermsReader
from .usage_of import needs_of

PERIODS = """
    SELECT p.contract_line_id, p.date_start, p.date_end, p.id,
           m.state = 'posted' AND m.date <= %s AS billed,
           EXISTS (SELECT FROM usage_charge c WHERE c.period_id = p.id AND c.state <> 'released') AS charged
      FROM usage_billing_period p LEFT JOIN account_move m ON m.id = p.move_id
     WHERE p.contract_line_id = ANY(%s) AND p.state <> 'released' AND p.date_start <= %s
     ORDER BY p.contract_line_id, p.date_start
"""
CHARGES = """
    SELECT c.period_id, c.id, c.commitment_id IS NOT NULL, c.quantity::text, p.amount::text, p.name
      FROM usage_charge c LEFT JOIN usage_charge_component p ON p.charge_id = c.id AND p.kind <> ALL(%s)
     WHERE c.period_id = ANY(%s) AND c.state <> 'released' ORDER BY c.period_id, c.id, p.sequence
"""
FLUSHED = ("usage.billing.period", "usage.charge", "usage.charge.component")
#: More open periods than this mean that the dates of a contract line are wrong.
PERIODS_MAX = 800


class Open(NamedTuple):
    """A period of a line up to the day, the whole period, and the period row it was charged under, if it was."""

    line: object
    due: Due
    whole: Due
    period_id: int = 0

    @property
    def is_charged(self):
        """Whether its charges say what it is worth: all of it was charged."""
        return bool(self.period_id) and self.due == self.whole


class Owed(NamedTuple):
    """What a contract line owes for days `[date_start, date_end)`; `amounts` and `names` are those of invoice lines.

    `settled` of them lies above a commitment or is missing to it; the invoice comes when `whole_end` has come.
    """

    line: object
    date_start: date
    date_end: date
    quantity: Decimal
    amounts: tuple
    names: tuple
    settled: Decimal
    whole_end: date
    charged: bool


class LeftOut(NamedTuple):
    """Why a contract was left out, and its periods {(line id, first day)} of unknown worth; None: all that it has."""

    reason: str
    periods: frozenset | None

    def is_about(self, line_id, date_start):
        """Whether nobody knows what the period is worth."""
        return self.periods is None or (line_id, date_start) in self.periods


def unbilled(contracts, day):
    """([Owed], {contract: LeftOut}) of usage contracts up to and including a local day."""
    found, refused = [], {}
    try:
        return _unbilled(contracts, day), refused
    except (UserError, RatingError):  # one of them; alone it names itself
        pass
    for contract in contracts:
        try:
            found += _unbilled(contract, day)
        except (UserError, RatingError) as error:
            charged, periods = _charged_at_least(contract, day)
            found += charged
            refused[contract] = LeftOut(str(error), periods)
    return found, refused


def _charged_at_least(contract, day):
    """([Owed], periods of unknown worth) of a contract that is left out: what it was charged needs no rating."""
    lines = contract._usage_lines_ever()
    try:
        parts = _open_periods(contract.env, lines, day)
    except UserError:
        return [], None
    charged = [part for part in parts if part.is_charged]
    rest = frozenset((part.line.id, part.due.date_start) for part in parts if not part.is_charged)
    return _together(_stored(contract.env, charged) + _late(contract.env, lines, day)), rest


def _unbilled(contracts, day):
    env = contracts.env
    lines = contracts._usage_lines_ever()
    parts = _open_periods(env, lines, day)
    charged = [part for part in parts if part.is_charged]
    rest = [part for part in parts if not part.is_charged]
    rated = _rate_in_turns(env, rest)
    known = {part.due for part in rest if not part.period_id}
    fresh = [item for item in rated if item.due in known]
    contracts._hold_implausible(fresh)
    rated += commitments.settle(env, fresh)
    ends = {part.due: part.whole.date_end for part in rest}
    return _together(_stored(env, charged) + _summed(rated, ends) + _late(env, lines, day))


def _late(env, lines, day):
    return [Owed(*difference, difference[2], True) for difference in differences(env, lines, day)]


# -- which days ------------------------------------------------------------


def _open_periods(env, lines, day):
    """[Open] of the lines, in the order of time within each."""
    for model in FLUSHED:
        env[model].flush_model()
    env["account.move"].flush_model(["state", "date"])
    env.cr.execute(PERIODS, (day, lines.ids, day))
    rows = {}
    for line_id, *row in env.cr.fetchall():
        rows.setdefault(line_id, []).append(row)
    return [part for line in lines for part in _open_of(line, rows.get(line.id, []), day)]


def _open_of(line, rows, day):
    result, taken = [], [Interval(start, end) for start, end, *_rest in rows]
    for start, end, period_id, billed, charged in rows:
        # What is archived or cancelled is invoiced no more, but what was charged stays charged.
        if not billed and (charged or _goes_on(line)):
            result.append(_until(line, Due(line.id, start, end), day, period_id if charged else 0))
    for due in _following(line, day):
        if not any(span.overlap(Interval(due.date_start, due.date_end)) for span in taken):
            result.append(_until(line, due, day))
    return sorted(result, key=lambda part: part.due.date_start)


def _goes_on(line):
    """Whether a billing run invoices the line."""
    return line.contract_id.active and not line.is_canceled


def _until(line, whole, day, period_id=0):
    due = whole._replace(date_end=min(whole.date_end, day + timedelta(days=1)))
    return Open(line, due, whole, period_id)


def _following(line, day):
    """The periods that the contract line comes to next, as Dues, up to a day."""
    if not _goes_on(line) or not line.recurring_next_date or not line.next_period_date_start:
        return
    due = line._usage_due()
    for _number in range(PERIODS_MAX):
        if due.date_start > day:
            return
        yield due
        last = line.get_next_period_date_end(
            due.date_end, line.recurring_rule_type, line.recurring_interval, max_date_end=line.date_end
        )
        if not last:
            return
        due = Due(line.id, due.date_end, last + timedelta(days=1))
    raise UserError(
        line.env._(
            "%(line)s has more than %(count)s periods that were not invoiced. Set its date of next invoice right.",
            line=line.display_name,
            count=PERIODS_MAX,
        )
    )


# -- what they cost --------------------------------------------------------


def _rate_in_turns(env, parts):
    """[Rated] of the open periods: the first of each line, then the second, each knowing the one before."""
    waiting, last, result = {}, {}, []
    for part in parts:
        waiting.setdefault(part.line, []).append(part)
    while turn := [queue.pop(0) for queue in waiting.values() if queue]:
        for item in _rate_turn(env, turn, last):
            last[item.line.id] = item
            result.append(item)
    return result


def _rate_turn(env, turn, last):
    lines = {part.line.id: part.line for part in turn}
    found = [_cut(part, segment) for part in turn for segment in segments(part.line, part.due, part.whole)]
    reader = TermsReader(env, found, lines, members_of(env, lines))
    for segment in found:
        before = last.get(segment.line_id)
        if before and before.segment.date_end == segment.date_start:
            reader.earlier[segment] = _after(before, segment, reader.earlier[segment])
    agreements = [reader.agreement(segment) for segment in found]
    wanted = [needs_of(agreement) for agreement in agreements]
    measured = measure(env, [need for needs in wanted for need in needs])
    return [
        rate_one(agreement, needs, measured, reader.earlier[agreement.segment])
        for agreement, needs in zip(agreements, wanted, strict=True)
    ]


def _cut(part, segment):
    """Let a term that is cut short end on its last day, so that agreed amounts count by days.

    Only where nothing else was or will be billed of the term: what is billed in several parts is looked at as
    the next of them, and a contract that owes full amounts for part periods owes them from the first day.
    """
    line = part.line
    begins = segment.date_start == max(segment.term_start, line.date_start)
    ends = part.whole.date_end >= min(filter(None, (segment.term_end, line_end(line))))
    if part.due == part.whole or not (begins and ends) or line.contract_id.usage_proration == "none":
        return segment
    return segment._replace(cut_end=segment.date_end)


def _after(before, segment, stored):
    """The Earlier of a segment whose predecessor was rated just now and is stored nowhere."""
    charge = before.charge
    if before.segment.term_start != segment.term_start or before.segment.term_end != segment.term_end:
        carried = format(charge.quantity_carried, "f") if before.terms.baseline else stored.carried
        return stored._replace(carried=carried)
    agreed = before.terms.to_dict().get("baseline") or {}
    billed = charge.to_dict().get("billed_after", {})
    quantity = format(charge.quantity, "f")
    carried = agreed.get("carried_in", "0")
    return Earlier(before.agreement.term_start, billed, quantity, carried, before.agreement.rates)


def _summed(rated, ends):
    """[Owed]: the charges of a due period together."""
    found = {}
    for item in rated:
        found.setdefault(item.due, []).append(item)
    return [_owed(due, items, ends[due]) for due, items in found.items()]


def _owed(due, items, whole_end):
    priced = [
        (component.amount, name)
        for item in items
        for component, name in zip(item.charge.components, item.names, strict=True)
        if component.kind not in NOTES
    ]
    quantity = sum((item.quantity for item in items if not item.commitment), Decimal(0))
    amounts, names = tuple(amount for amount, _name in priced), tuple(name for _amount, name in priced)
    settled = sum((item.charge.amount for item in items if item.commitment), Decimal(0))
    return Owed(items[0].line, due.date_start, due.date_end, quantity, amounts, names, settled, whole_end, False)


def _together(owed):
    """[Owed], one for each line and first day: what is charged and its differences are one figure."""
    found = {}
    for item in owed:
        key = item.line, item.date_start
        if key in found:
            known = found[key]
            item = known._replace(
                quantity=known.quantity + item.quantity,
                amounts=known.amounts + item.amounts,
                names=known.names + item.names,
                settled=known.settled + item.settled,
            )
        found[key] = item
    return list(found.values())


def _stored(env, parts):
    """[Owed] of charged periods, from their charges."""
    if not parts:
        return []
    env.cr.execute(CHARGES, (list(NOTES), [part.period_id for part in parts]))
    quantities, settled, priced = defaultdict(dict), defaultdict(Decimal), defaultdict(list)
    for period_id, charge_id, is_settled, quantity, amount, name in env.cr.fetchall():
        if not is_settled:
            quantities[period_id][charge_id] = Decimal(quantity or 0)
        if amount is not None:
            priced[period_id].append((Decimal(amount), name))
            settled[period_id] += Decimal(amount) if is_settled else 0
    return [
        Owed(
            part.line,
            part.due.date_start,
            part.due.date_end,
            sum(quantities[part.period_id].values(), Decimal(0)),
            tuple(amount for amount, _name in priced[part.period_id]),
            tuple(name for _amount, name in priced[part.period_id]),
            settled[part.period_id],
            part.whole.date_end,
            True,
        )
        for part in parts
    ]
