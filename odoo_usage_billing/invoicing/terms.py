"""What was agreed for a segment of a contract line: the kernel's Terms, with every price that held in it.

Odoo hands NUMERIC over as float, so the numbers are read as text. All lines of a chunk of contracts are
read with a handful of queries.
"""

import hashlib
import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from odoo.exceptions import UserError

from ..rating import Terms
from ..rating.interval import Interval, days
from .baselines import BaselineReader
from .earlier import earlier
from .figures import day_basis, figure, money_step
from .prices import detail_of, overridden, price, product, scaled
from .segments import line_end

VERSIONS = """
SELECT id, card_id, date_start, date_end, charge_model, unit_price::text, flat_amount::text, package_size::text,
       package_rounding, packages_minimum, quantity_included::text, increment_first::text,
       increment_next::text, increment_per::text, connect_amount::text, discount_percent::text,
       minimum_amount::text, maximum_amount::text, rate_percent::text, rate_base, event_amount::text,
       event_minimum::text, event_maximum::text, free_events, free_amount::text, multiplier::text,
       negative_usage, bill_flat_on_zero, best_price_guard, limits_include_fixed,
       dimension_1, dimension_2, dimension_3, prefix_1, prefix_2, prefix_3
  FROM usage_rate_card_version WHERE card_id = ANY(%s) AND state <> 'draft' ORDER BY card_id, date_start
"""
TIERS = """
SELECT version_id, up_to::text, unit_price::text, flat_amount::text, package_size::text, maximum_amount::text
  FROM usage_rate_card_tier WHERE version_id = ANY(%s) ORDER BY version_id, sort_key
"""
BANDS = """
SELECT version_id, id, name->>'en_US' AS name, unit_price::text
  FROM usage_rate_card_band WHERE version_id = ANY(%s) ORDER BY version_id, sequence, id
"""
ROWS = """
SELECT version_id, value_1, value_2, value_3, band_id, unit_price::text, name
  FROM usage_rate_card_row WHERE version_id = ANY(%s) ORDER BY version_id, value_1, value_2, value_3, id
"""
OVERRIDES = """
SELECT contract_line_id, target, COALESCE(key, ''), value::text, date_start, date_end
  FROM usage_price_override WHERE contract_line_id = ANY(%s) ORDER BY contract_line_id, id
"""
UNITS = "SELECT id, factor::text FROM uom_uom WHERE id = ANY(%s)"
#: Charge models that price money, to which units mean nothing.
OF_MONEY = ("percentage", "dynamic")
READ_FROM = (
    "usage.rate.card",
    "usage.rate.card.version",
    "usage.rate.card.tier",
    "usage.rate.card.band",
    "usage.rate.card.row",
    "usage.price.override",
)


class Stretch(NamedTuple):
    """Days of a segment's rating term in which one price held; `row` is the version's with own values."""

    span: Interval
    version_id: int
    row: dict


class Frame(NamedTuple):
    """What a contract line has without a date: a charge that is rated again keeps what it was rated with."""

    card: object
    members: object
    pooled: bool
    rates: dict | None = None


class Agreement(NamedTuple):
    """Everything `rate` and the measuring need to know about a segment."""

    segment: object
    line: object
    term_start: date
    billed_before: dict
    final: bool
    stretches: tuple
    terms: Terms
    baseline_id: int
    members: tuple
    frame: Frame = None
    held: str = ""
    rates: dict | None = None

    @property
    def row(self):
        """The version's row at the segment's end."""
        return self.stretches[-1].row

    @property
    def detail(self):
        """What the measuring must tell apart."""
        return next((d for d in (detail_of(stretch.row) for stretch in self.stretches) if d), "")


class TermsReader:
    """Reads what was agreed for many segments in a handful of queries."""

    def __init__(self, env, segments, lines, members, frames=None):
        """`lines`: {line id: record}; `members`: {line id: lines pooled into it}.

        `frames`: {segment: Frame} of segments that were charged; what was billed before them is given later.
        """
        self.env, self.lines, self.members, self.frames = env, lines, members, frames or {}
        for model in READ_FROM:
            env[model].flush_model()
        pooled_ = [found.ids for found in members.values()] + [frame.members.ids for frame in self.frames.values()]
        self.line_ids = sorted(lines.keys() | {id_ for ids in pooled_ for id_ in ids})
        self.baselines = BaselineReader(env, self.line_ids)
        self.earlier = {} if frames else earlier(env, segments, self.baselines.carrying())
        above = {row["above_card_id"] for rows in self.baselines.rows.values() for row in rows}
        self.cards = {line.usage_rate_card_id for line in lines.values()} | {f.card for f in self.frames.values()}
        cards = {card.id for card in self.cards} | (above - {None})
        self.versions = self._read_versions(sorted(cards))
        self.overrides = self._read_overrides()
        self.factors = self._read_factors()
        self._built = {}
        self._held = {}

    def frame(self, segment):
        """The Frame of a segment: as it was charged, else as the contract line stands."""
        if segment in self.frames:
            return self.frames[segment]
        line = self.lines[segment.line_id]
        members = self.members.get(line.id, line.browse())
        return Frame(line.usage_rate_card_id, members, bool(line.usage_pool_line_id))

    def _rows(self, query, ids):
        self.env.cr.execute(query, (ids,))
        return self.env.cr.dictfetchall()

    def _read_versions(self, card_ids):
        versions = self._rows(VERSIONS, card_ids)
        ids = [row["id"] for row in versions]
        parts = {name: defaultdict(list) for name in ("tiers", "bands", "rows")}
        for row in self._rows(TIERS, ids):
            parts["tiers"][row.pop("version_id")].append(row)
        for row in self._rows(BANDS, ids):
            parts["bands"][row["version_id"]].append(row)
        names = {
            row["id"]: (str(place), row["name"])
            for rows in parts["bands"].values()
            for place, row in enumerate(rows, 1)
        }
        for row in self._rows(ROWS, ids):
            band, band_name = names.get(row["band_id"], (None, None))
            values = (row["value_1"], row["value_2"], row["value_3"])
            key = " / ".join(filter(None, (*values, band_name)))
            item = {"values": values, "band": band, "key": key, "unit_price": row["unit_price"], "name": row["name"]}
            parts["rows"][row["version_id"]].append(item)
        result = defaultdict(list)
        for row in versions:
            result[row["card_id"]].append({**row, **{name: parts[name][row["id"]] for name in parts}})
        return result

    def _read_overrides(self):
        self.env.cr.execute(OVERRIDES, (self.line_ids,))
        result = defaultdict(list)
        for line_id, *override in self.env.cr.fetchall():
            result[line_id].append(tuple(override))
        return result

    def _read_factors(self):
        units = {line.usage_metric_id.uom_id.id for line in self.lines.values()}
        units |= {card.uom_id.id for card in self.cards}
        self.env["uom.uom"].flush_model()
        self.env.cr.execute(UNITS, (sorted(units - {False}),))
        return dict(self.env.cr.fetchall())

    def agreement(self, segment):
        """The Agreement of a segment; UserError says what is missing."""
        line, frame = self.lines[segment.line_id], self.frame(segment)
        past = self.earlier[segment]
        term = Interval(segment.term_start, segment.term_end)
        ends = [segment.term_end, line_end(line), segment.cut_end]
        lived = Interval(past.start, min(filter(None, ends)))
        stretches = self._stretches(line, frame.card, lived, segment.date_end)
        agreed = self.baselines.agreed(line, term, lived, line.contract_id.usage_proration)
        rates = _Rates(line, lived.start, {**(past.rates or {}), **(frame.rates or {})})
        data = self._terms(line, frame.card, term, lived, stretches, rates.of(frame.card))
        if agreed:
            data["baseline"] = self._baseline(line, frame.members, term, lived, agreed, past.carried, rates)
        if frame.pooled:
            data = pooled(data)
        key = json.dumps(data, sort_keys=True)
        if key not in self._built:
            self._built[key] = Terms.from_dict(data)
        return Agreement(
            segment,
            line,
            lived.start,
            past.billed,
            segment.date_end >= lived.end,
            stretches,
            self._built[key],
            agreed.last["id"] if agreed else None,
            tuple(frame.members),
            frame,
            self.held_on(segment),
            rates.used,
        )

    def held_on(self, segment):
        """A digest of the prices and baselines in force on the days of a segment.

        It changes when one of them is changed for these days, and only then: what begins later in the rating
        term is settled by the billing periods to come.
        """
        frame, days_ = self.frame(segment), Interval(segment.date_start, segment.date_end)
        own = self.overrides.get(segment.line_id, ())
        agreed = [row for id_ in (segment.line_id, *frame.members.ids) for row in self.baselines.rows.get(id_, ())]
        held = [
            self._prices_on(frame.card.id, days_),
            _clipped(days_, (({"own": [t, k, v]}, start, end) for t, k, v, start, end in own)),
            _clipped(days_, ((row, row["date_start"], row["date_end"]) for row in agreed)),
            [self._prices_on(row["above_card_id"], days_) for row in agreed if row["above_card_id"]],
        ]
        return hashlib.sha256(json.dumps(held, sort_keys=True, default=str).encode()).hexdigest()

    def _prices_on(self, card_id, days_):
        if (card_id, days_) not in self._held:
            versions = self.versions[card_id]
            self._held[card_id, days_] = _clipped(
                days_, ((row, row["date_start"], row["date_end"]) for row in versions)
            )
        return self._held[card_id, days_]

    def _baseline(self, line, members, term, lived, agreed, carried, rates):
        """The kernel's Baseline: a pool's lead agrees for its members too, each bills its own fee."""
        for member in members:
            other = self.baselines.agreed(member, term, lived, line.contract_id.usage_proration)
            if other:
                agreed = agreed._replace(quantity=agreed.quantity + other.quantity)
        above = None
        if agreed.last["above"] == "card":
            card = self.env["usage.rate.card"].browse(agreed.last["above_card_id"])
            above = scaled(price(self._version_on(card, lived.start)), rates.of(card))
        return agreed.terms(carried, above)

    def _version_on(self, card, day):
        for row in self.versions[card.id]:
            if row["date_start"] <= day and (not row["date_end"] or day < row["date_end"]):
                return row
        card._require_version_on(day)
        raise UserError(self.env._("%(card)s has no price on %(day)s.", card=card.display_name, day=day))

    def _stretches(self, line, card, span, until):
        """The Stretches of `span` that begin before `until`: cut where a version or an own price begins or ends."""
        overrides = self.overrides.get(line.id, ())
        marks = {span.start}
        bounds = [(row["date_start"], row["date_end"]) for row in self.versions[card.id]]
        for edge in [edge for pair in bounds + [(o[3], o[4]) for o in overrides] for edge in pair]:
            if edge and span.start < edge < span.end:
                marks.add(edge)
        days_ = [*sorted(marks), span.end]
        result = []
        for start, end in pairwise(days_):
            if start >= until:
                break
            version = self._version_on(card, start)
            own = [(t, k, v) for t, k, v, first, last in overrides if first <= start and (not last or start < last)]
            row, unknown = overridden(version, own)
            if unknown:
                self._refuse_unknown(line, version, unknown[0])
            if result and (result[-1].row == row):
                start = result.pop().span.start
            result.append(Stretch(Interval(start, end), version["id"], row))
        return tuple(result)

    def _refuse_unknown(self, line, version, override):
        name = self.env["usage.rate.card.version"].browse(version["id"]).display_name
        raise UserError(
            self.env._(
                "%(line)s has an own price for %(key)s, which %(version)s does not have. End the own price on the "
                "day the version starts, or name another.",
                line=line.display_name,
                key=override[1],
                version=name,
            )
        )

    def _terms(self, line, card, term, lived, stretches, rate):
        """The kernel's Terms as a dict, without the baseline."""
        basis = line.contract_id.usage_proration
        whole = days(lived if basis == "none" else term, day_basis(basis))
        last = stretches[-1].row
        metric = line.usage_metric_id
        data = scaled(price(last), rate)
        data |= {
            "discount_percent": last["discount_percent"] or "0",
            "currency_rounding": money_step(line.contract_id.currency_id),
            "limits_include_fixed": bool(last["limits_include_fixed"]),
        }
        held = [days(stretch.span, day_basis(basis)) for stretch in stretches]
        if len(stretches) > 1 or held[-1] != whole:
            data |= {"days": held[-1], "days_total": max(whole, sum(held))}
            data["stretches"] = [
                {
                    "price": scaled(price(stretch.row), rate),
                    "discount_percent": stretch.row["discount_percent"] or "0",
                    "days": count,
                }
                for stretch, count in zip(stretches[:-1], held[:-1], strict=True)
            ]
        data |= _by_days(stretches, held, whole, rate)
        if card.uom_id and card.uom_id != metric.uom_id:
            data["unit_factor"] = self.factors[metric.uom_id.id]
            data["unit_divisor"] = self.factors[card.uom_id.id]
        if metric.rounding_mode != "none":
            data |= {"quantity_rounding": metric.rounding_mode, "quantity_precision": metric.rounding_digits}
        return data


class _Rates:
    """What one unit of a card's currency is worth in a line's, on the first day that counts.

    A rate that the term was rated with holds for all of it: it is a part of the price, whatever a table says later.
    """

    def __init__(self, line, day, known):
        self.line, self.day, self.known, self.used = line, day, known, {}

    def of(self, card):
        """The rate as text, "1" for the contract's own currency."""
        if card.currency_id == self.line.contract_id.currency_id:
            return "1"
        key = str(card.currency_id.id)
        self.used[key] = self.known.get(key) or self.line._usage_currency_rate(self.day, card)
        return self.used[key]


def _clipped(days_, rows):
    """[first day, end, row] of the rows that hold on some of the days, the row without its own dates."""
    result = []
    for row, start, end in rows:
        span = days_.overlap(Interval(start, end or days_.end))
        if span:
            bare = {key: value for key, value in row.items() if key not in ("date_start", "date_end")}
            result.append([span.start, span.end, bare])
    return result


def pooled(data):
    """The terms of a line whose usage counts elsewhere: its agreed facts and fee, no price of usage."""
    result = {"charge_model": "flat", "currency_rounding": data["currency_rounding"]}
    if data.get("baseline", {}).get("kind") == "quantity":
        result["baseline"] = {**data["baseline"], "above": "none", "below": "none"}
    return result


def _by_days(stretches, held, whole, rate):
    """Minimum, cap and included quantity, each counted for the days it held."""

    def blended(name):
        values = [Fraction(stretch.row[name] or 0) for stretch in stretches]
        return sum((value * count for value, count in zip(values, held, strict=True)), Fraction(0)) / whole

    result = {}
    if minimum := blended("minimum_amount"):
        result["minimum"] = product(figure(minimum), rate)
    if all(Fraction(stretch.row["maximum_amount"] or 0) for stretch in stretches):
        result["maximum"] = product(figure(blended("maximum_amount")), rate)
    included = blended("quantity_included")
    if included and stretches[-1].row["charge_model"] not in OF_MONEY:
        result["quantity_included"] = figure(included)
    return result


def rate_text(rate):
    """A currency rate as the decimal text that calculations use: twelve digits."""
    return format(Decimal(f"{rate:.12g}"), "f")
