"""A line's baselines in a rating term: amended, seasonal and partly held ones become one figure by days."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from odoo.exceptions import UserError

from ..rating.interval import Interval, add_months, days
from .figures import day_basis, figure

BASELINES = """
    SELECT id, contract_line_id, date_start, date_end, kind, COALESCE(quantity, 0)::text AS quantity,
           COALESCE(amount, 0)::text AS amount, COALESCE(fixed_amount, 0)::text AS fixed_amount,
           COALESCE(tolerance_percent, 0)::text AS tolerance_percent, tolerance_mode, above, above_card_id, ladder,
           below, COALESCE(below_unit_price, 0)::text AS below_unit_price,
           NULLIF(carried_maximum, 0)::text AS carried_maximum
      FROM usage_baseline WHERE contract_line_id = ANY(%s) ORDER BY contract_line_id, date_start
"""
SEASONS = """
    SELECT s.baseline_id, s.month, s.percent::text FROM usage_baseline_season s
      JOIN usage_baseline b ON b.id = s.baseline_id WHERE b.contract_line_id = ANY(%s)
"""


class Agreed(NamedTuple):
    """The baseline of a term: `last` is the row in force at its end, figures counted by days."""

    last: dict
    quantity: Fraction
    amount: Fraction
    fixed: Fraction
    days_used: int
    days_total: int
    amended: bool

    def terms(self, carried, above):
        """The kernel's Baseline as a dict; `above` is the price of the excess card, if there is one."""
        row = self.last
        data = {
            "kind": row["kind"],
            "above": above if row["above"] == "card" else row["above"],
            "above_ladder": row["ladder"],
            "tolerance_ratio": format(Decimal(row["tolerance_percent"]).scaleb(-2), "f"),
            "tolerance_mode": row["tolerance_mode"],
            "below": row["below"],
            "below_price": row["below_unit_price"],
            "carried_in": carried,
        }
        if row["carried_maximum"]:
            data["carried_maximum"] = row["carried_maximum"]
        if row["kind"] == "quantity":
            data |= {"quantity": figure(self.quantity), "fixed_amount": figure(self.fixed)}
        else:
            data |= {"amount": figure(self.amount)}
            if self.fixed:
                data["fixed_amount"] = figure(self.fixed)
        if self.amended or self.days_used != self.days_total:
            data |= {"days_used": self.days_used, "days_total": self.days_total}
        return data


class BaselineReader:
    """Reads the baselines of many lines at once."""

    def __init__(self, env, line_ids):
        for model in ("usage.baseline", "usage.baseline.season"):
            env[model].flush_model()
        env.cr.execute(SEASONS, (line_ids,))
        seasons = {}
        for baseline_id, month, percent in env.cr.fetchall():
            seasons.setdefault(baseline_id, {})[int(month)] = Fraction(percent) / 100
        env.cr.execute(BASELINES, (line_ids,))
        self.rows = {}
        for row in env.cr.dictfetchall():
            row["seasons"] = seasons.get(row["id"], {})
            self.rows.setdefault(row["contract_line_id"], []).append(row)

    def carrying(self):
        """The ids of lines that have a baseline that carries forward."""
        return {line_id for line_id, rows in self.rows.items() if any(row["below"] == "carry_forward" for row in rows)}

    def agreed(self, line, term, lived, basis):
        """The Agreed baseline of `line` in the rating `term`, of which it lives `lived`; None without one."""
        pieces = list(self._pieces(line.id, lived))
        if not pieces:
            return None
        last = pieces[-1][1]
        if any(row["kind"] != last["kind"] for _span, row in pieces):
            raise UserError(
                line.env._(
                    "%(line)s changes from an agreed quantity to an agreed amount within %(start)s to %(end)s. "
                    "Let the change fall on the first day of a term.",
                    line=line.display_name,
                    start=term.start,
                    end=term.end,
                )
            )
        total = days(term if basis != "none" else lived, day_basis(basis))
        used = sum(days(span, day_basis(basis)) for span, _row in pieces)

        def blended(name):
            shares = (Fraction(row[name]) * _season_days(row, span, basis) for span, row in pieces)
            return sum(shares, Fraction(0)) / total

        return Agreed(
            last, blended("quantity"), blended("amount"), blended("fixed_amount"), used, total, len(pieces) > 1
        )

    def _pieces(self, line_id, lived):
        """Yield (Interval, row) of each baseline in force within `lived`, in order."""
        for row in self.rows.get(line_id, ()):
            span = lived.overlap(Interval(row["date_start"], row["date_end"] or lived.end))
            if span:
                yield span, row


def _season_days(row, span, basis):
    """The days of a baseline in `span`, each counted at the share of its month."""
    if not row["seasons"]:
        return Fraction(days(span, day_basis(basis)))
    result, day = Fraction(0), span.start
    while day < span.end:
        following = min(add_months(day.replace(day=1), 1), span.end)
        result += days(Interval(day, following), day_basis(basis)) * row["seasons"].get(day.month, Fraction(1))
        day = following
    return result
