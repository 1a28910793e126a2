"""Rerating: charged periods whose usage or terms changed are rated again, and the difference is found.

A charge is rated with everything that is known of its days now, and with what was billed of the rating term as
"billed before", the charge itself and its adjustments included: the components that come out are the
difference. The later periods of the term follow, each after what was found before it, so that nothing is found
twice and a tier that moved is moved everywhere.
"""

from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from .changes import changed, late_events
from .charges import rate_one
from .completeness import require_complete
from .earlier import Earlier
from .lines import NOTES
from .measures import measure, out_of_reach
from .periods import Due
from .positions import add, as_billed, read_charged, total
from .segments import Segment, segments
from .terms import Frame, TermsReader
from .usage_of import EXACT, needs_of


class Found(NamedTuple):
    """What a charged period costs now, beside what was billed of it.

    `event_count` are events that nobody had counted, `change` is what the position of the term moves by,
    `draft` an undecided adjustment that this one takes the place of.
    """

    charged: object
    rated: object
    change: dict
    event_count: int
    draft: object
    is_repriced: bool
    late: object = None

    @property
    def components(self):
        """The components that carry money."""
        return [part for part in self.rated.charge.components if part.kind not in NOTES and part.amount]

    @property
    def amount(self):
        """The difference in money."""
        return self.rated.charge.amount

    @property
    def is_nothing(self):
        """Whether nothing new is known, neither in money nor in usage."""
        carried = EXACT.subtract(self.rated.charge.quantity_carried, Decimal(self.charged.carried))
        return not (self.change or self.components or self.event_count or carried)

    @property
    def is_known(self):
        """Whether the draft says the same already."""
        draft = self.draft
        return bool(draft) and (draft.change, draft.event_count) == (self.change, self.event_count)


def find(env, lines, since=date.min):
    """Return (charges compared, [Found]) of contract lines whose contracts are held; nothing is written.

    Only charges that end after `since` are looked at. Drafts among them that a Found does not repeat are void.
    """
    charged = read_charged(env, lines.ids, since)
    if not charged:
        return [], []
    work = _Work(env, lines, charged)
    fresh, repriced = changed(env, work)
    todo = _spread(charged, fresh | repriced, work.spreading())
    if not todo:
        return [], []
    found = work.rate(todo, repriced)
    require_complete(env, [item.rated for item in found])
    events = late_events(env, [item for item in found if item.event_count])
    found = [item._replace(late=events.get(item.charged.id)) for item in found]
    return [item for item in charged if item.id in todo], found


def _spread(charged, moved, spreading):
    """The ids to rate again: what changed, what follows in its rating term, or on its line if that carries on."""
    todo, terms, lines = set(), set(), set()
    for item in charged:
        if item.id in moved:
            terms.add(item.term)
            lines |= {item.line_id} & spreading
        if item.term in terms or item.line_id in lines:
            todo.add(item.id)
    return todo


def change_between(before, after):
    """What a position moves by, component by component."""
    moved = {}
    add(moved, after, 1)
    add(moved, before, -1)
    return as_billed(moved)


class _Work:
    """The charges of some contract lines, with what is needed to rate them again."""

    def __init__(self, env, lines, charged):
        self.env, self.charged = env, charged
        self.lines = {line.id: line for line in lines}
        self.segments = {item.id: self._segment(item) for item in charged}
        frames = {self.segments[item.id]: self.frame(item) for item in charged}
        self.reader = TermsReader(env, list(frames), self.lines, {}, frames)

    def _segment(self, item):
        """The segment that was charged, cut out of its period again."""
        line = self.lines[item.line_id]
        due = Due(item.line_id, item.period_start, item.period_end)
        if line.usage_rating_term != "deal" or line.date_end:
            for segment in segments(line, due):
                if (segment.date_start, segment.date_end) == (item.date_start, item.date_end):
                    return segment
        return Segment(due, item.date_start, item.date_end, item.term_start, item.term_end)

    def frame(self, item):
        """Card and pool as they were when the charge was rated; a line may have others by now."""
        line, basis = self.lines[item.line_id], item.basis or {}
        card = self.env["usage.rate.card"].browse(item.card_id) or line.usage_rate_card_id
        measured = line.browse(id_ for id_ in basis.get("lines", ()) if id_ != line.id)
        if not basis:
            return Frame(card, line.usage_pool_member_ids, bool(line.usage_pool_line_id))
        return Frame(card, measured, basis["pooled"], basis.get("rates"))

    def is_rateable(self, item):
        """Whether the line still has the metric, and the contract the currency, that were charged."""
        line = self.lines[item.line_id]
        return (line.usage_metric_id.id, line.contract_id.currency_id.id) == (item.metric_id, item.currency_id)

    def spreading(self):
        """Lines whose later terms depend on earlier ones: unused baselines carry on, or levels do."""
        levels = {
            line.id for line in self.lines.values() if line.usage_metric_id.aggregation == "time_weighted_average"
        }
        return levels | self.reader.baselines.carrying()

    def rate(self, todo, repriced):
        """[Found] of the charges in `todo` that are not what they were. What needs retired events stays as it is."""
        wanted = {}
        for item in self.charged:
            if item.id in todo and self.is_rateable(item):
                self.reader.earlier[self.segments[item.id]] = Earlier(item.term_start, {}, "0", "0")
                wanted[item.id] = needs_of(self.reader.agreement(self.segments[item.id]))
        for id_ in out_of_reach(self.env, wanted):
            del wanted[id_]
        measured = measure(self.env, [need for needs in wanted.values() for need in needs])
        found = []
        for _line, items in groupby(self.charged, key=lambda item: item.line_id):
            found += self._rate_line(list(items), wanted, measured, repriced)
        return found

    def _rate_line(self, items, wanted, measured, repriced):
        """Walk the charges of a line in order; each is rated after what was found before it."""
        result, term, carried = [], None, "0"
        for item in items:
            if item.term != term:
                term, position, quantity, carried_in = item.term, {}, Decimal(0), carried
            standing = item.without_draft() if item.id in wanted else item
            standing.add_to(position)
            quantity = total([quantity, standing.quantity])
            carried = standing.carried
            if item.id not in wanted:
                continue
            segment = self.segments[item.id]
            carries = item.line_id in self.reader.baselines.carrying()
            past = Earlier(item.term_start, as_billed(position), format(quantity, "f"), carried_in if carries else "0")
            self.reader.earlier[segment] = past
            rated = rate_one(self.reader.agreement(segment), wanted[item.id], measured, past)
            after = rated.charge.to_dict().get("billed_after", {})
            change = change_between(as_billed(position), after)
            more = rated.event_count - standing.event_count
            result.append(Found(standing, rated, change, more, item.draft, item.id in repriced))
            position, quantity, carried = {}, rated.charge.quantity, format(rated.charge.quantity_carried, "f")
            add(position, after, 1)
        return result
