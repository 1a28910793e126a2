"""Series for the charts, with labels in the reader's language."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools.misc import format_date

from . import queries

MONTHS = 13


def day_chart(line, usage, today):
    """Usage per day of the period of `usage` (LineUsage), up to today."""
    found = queries.per_day(line, usage.date_start, usage.date_end)
    count = (usage.date_end - usage.date_start).days
    days = [usage.date_start + timedelta(days=n) for n in range(count)]
    return {
        "labels": [format_date(line.env, day, date_format="d MMM") for day in days],
        "unit": usage.unit,
        "series": [
            {
                "label": usage.metric,
                "values": [float(found.get(day, 0)) if day <= today else None for day in days],
            }
        ],
    }


def month_chart(line, usage):
    """Usage per month, thirteen months up to the end of the period of `usage` (LineUsage)."""
    newest = (usage.date_end - timedelta(days=1)).replace(day=1)
    months = [newest - relativedelta(months=n) for n in reversed(range(MONTHS))]
    found = queries.per_month(line, months[0], newest + relativedelta(months=1))
    series = [{"label": usage.metric, "values": [float(found.get(m, 0)) for m in months]}]
    if _is_monthly(line):
        agreed = [line._baseline_on(month) for month in months]
        if any(agreed):
            series.append(
                {
                    "label": line.env._("Baseline"),
                    "values": [b.quantity if b else None for b in agreed],
                    "is_line": True,
                }
            )
    return {
        "labels": [format_date(line.env, m, date_format="MMM yyyy") for m in months],
        "unit": usage.unit,
        "series": series,
    }


def _is_monthly(line):
    """Whether a baseline per period is a baseline per month."""
    rules = ("monthly", "monthlylastday")
    return line.recurring_rule_type in rules and line.recurring_interval == 1
