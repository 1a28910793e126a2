"""Totals of usage from buckets: per day, per month, per subject, and the rows of the download.

A metric's aggregation decides how buckets add up, with the same expressions as billing.
"""

from decimal import Decimal
from typing import NamedTuple

from odoo.tools import SQL
from odoo.tools.sql import escape_psql

from odoo.addons.odoo_usage_billing.invoicing.bucket_totals import AGGREGATES


class SubjectUsage(NamedTuple):
    """What a subject, and the person to whom it is attributed, used."""

    serial: str
    name: str
    location: str
    end_user: str
    quantity: Decimal
    event_count: int


def _aggregate(line):
    # One of a handful of literals, chosen by a key of the metric's selection.
    return SQL(AGGREGATES[line.usage_metric_id.aggregation])


def _within(line, date_start, date_end):
    return SQL(
        "b.contract_line_id = %s AND b.metric_id = %s AND b.usage_date >= %s AND b.usage_date < %s",
        line.id,
        line.usage_metric_id.id,
        date_start,
        date_end,
    )


def total(line, date_start, date_end):
    """The quantity of a contract line in an interval."""
    rows = line.env.execute_query(
        SQL(
            "SELECT (%s)::text FROM usage_bucket b WHERE %s",
            _aggregate(line),
            _within(line, date_start, date_end),
        )
    )
    return Decimal(rows[0][0] or 0)


def per_day(line, date_start, date_end):
    """{day: quantity} of the days with usage."""
    return _per(line, SQL("b.usage_date"), date_start, date_end)


def per_month(line, date_start, date_end):
    """{first day of the month: quantity} of the months with usage."""
    month = SQL("date_trunc('month', b.usage_date)::date")
    return _per(line, month, date_start, date_end)


def _per(line, key, date_start, date_end):
    rows = line.env.execute_query(
        SQL(
            "SELECT %s, (%s)::text FROM usage_bucket b WHERE %s GROUP BY 1",
            key,
            _aggregate(line),
            _within(line, date_start, date_end),
        )
    )
    return {day: Decimal(quantity) for day, quantity in rows}


SUBJECT_JOINS = SQL(
    "JOIN usage_subject s ON s.id = b.subject_id LEFT JOIN res_partner u ON u.id = NULLIF(b.end_user_id, 0)"
)
SUBJECT_ORDERS = {
    "quantity": SQL("quantity DESC, s.code, u.name"),
    "serial": SQL("s.code, u.name"),
    "location": SQL("s.location NULLS LAST, s.code, u.name"),
    "end_user": SQL("u.name NULLS LAST, s.code"),
}


def _search(text):
    if not text:
        return SQL("TRUE")
    pattern = f"%{escape_psql(text)}%"
    return SQL(
        "(s.code ILIKE %(p)s OR s.name ILIKE %(p)s OR s.location ILIKE %(p)s OR u.name ILIKE %(p)s)",
        p=pattern,
    )


def _flush_names(env):
    env["usage.subject"].flush_model(["code", "name", "location"])
    env["res.partner"].flush_model(["name"])


def count_subjects(line, period, search=""):
    """How many rows `per_subject` has."""
    _flush_names(line.env)
    rows = line.env.execute_query(
        SQL(
            "SELECT count(DISTINCT (b.subject_id, b.end_user_id)) FROM usage_bucket b %s WHERE %s AND %s",
            SUBJECT_JOINS,
            _within(line, period.date_start, period.date_end),
            _search(search),
        )
    )
    return rows[0][0]


def per_subject(line, period, search="", order="quantity", limit=None, offset=0):
    """[SubjectUsage] of a contract line in a period."""
    _flush_names(line.env)
    rows = line.env.execute_query(
        SQL(
            "SELECT s.code, s.name, s.location, u.name, (%s) AS quantity, SUM(b.event_count)"
            " FROM usage_bucket b %s WHERE %s AND %s"
            " GROUP BY s.id, u.id ORDER BY %s LIMIT %s OFFSET %s",
            _aggregate(line),
            SUBJECT_JOINS,
            _within(line, period.date_start, period.date_end),
            _search(search),
            SUBJECT_ORDERS[order],
            limit,
            offset,
        )
    )
    return [
        SubjectUsage(code, name, location or "", user or "", Decimal(str(quantity)), int(count))
        for code, name, location, user, quantity, count in rows
    ]


def day_rows(line, date_start, date_end):
    """(day, serial, name, location, end user, quantity, events) per day and subject, in order."""
    _flush_names(line.env)
    return line.env.execute_query(
        SQL(
            "SELECT b.usage_date, s.code, s.name, s.location, u.name, (%s),"
            " SUM(b.event_count)"
            " FROM usage_bucket b %s WHERE %s"
            " GROUP BY b.usage_date, s.id, u.id ORDER BY b.usage_date, s.code, u.name",
            _aggregate(line),
            SUBJECT_JOINS,
            _within(line, date_start, date_end),
        )
    )
