"""Equipment finance: printers with a baseline, excess in tiers and a fixed service line."""

import io
import random
from datetime import datetime, time, timedelta

import openpyxl

from odoo import Command

DEVICES = 120
FLOORS = ("Reception", "Editorial", "Studio", "Finance", "Archive", "Print room")


def catalogue(env):
    """The metric, the products and the rate card of printed pages."""
    unit = env.ref("uom.product_uom_unit")
    metric = env["usage.metric"].create({"name": "Printed pages", "code": "pages", "uom_id": unit.id})
    pages, service = env["product.product"].create(
        [
            {"name": "Printed pages", "type": "service"},
            {"name": "Fleet service", "type": "service"},
        ]
    )
    card = env["usage.rate.card"].create({"name": "Excess pages"})
    version = env["usage.rate.card.version"].create(
        {
            "card_id": card.id,
            "date_start": "2020-01-01",
            "charge_model": "graduated",
            "tier_ids": [
                Command.create({"up_to": 70000, "unit_price": 0.012}),
                Command.create({"unit_price": 0.009}),
            ],
        }
    )
    version.action_activate()
    return metric, pages, service, card


def contract(env, partner, follower, start):
    """The contract from `start` (a date): service line, usage line with its baseline, devices."""
    metric, pages, service, card = catalogue(env)
    recurrence = {
        "recurring_rule_type": "monthly",
        "recurring_invoicing_type": "post-paid",
        "recurring_interval": 1,
        "date_start": start,
    }
    found = env["contract.contract"].create(
        {
            "name": "Managed printing",
            "partner_id": partner.id,
            "contract_type": "sale",
            "line_recurrence": True,
            "usage_tz": "Europe/Brussels",
            "contract_line_ids": [
                Command.create(
                    {
                        "name": "Fleet service, monthly",
                        "product_id": service.id,
                        "specific_price": 240.0,
                        **recurrence,
                    }
                ),
                Command.create(
                    {
                        "name": "Printed pages",
                        "product_id": pages.id,
                        "usage_metric_id": metric.id,
                        "usage_rate_card_id": card.id,
                        "usage_baseline_ids": [
                            Command.create({"date_start": start, "quantity": 50000, "fixed_amount": 600})
                        ],
                        **recurrence,
                    }
                ),
            ],
        }
    )
    found.message_subscribe(partner_ids=follower.ids)
    devices(env, found.contract_line_ids.filtered("is_usage"), partner, start)
    return found


def devices(env, line, partner, start):
    """DEVICES printers on the customer's floors, assigned since the contract's start."""
    subjects = env["usage.subject"].create(
        [
            {
                "code": f"PRN-{number:04d}",
                "name": f"Printer {number}",
                "location": FLOORS[number % len(FLOORS)],
                "partner_id": partner.id,
            }
            for number in range(1, DEVICES + 1)
        ]
    )
    env["usage.assignment"].create(
        [
            {
                "subject_id": subject.id,
                "contract_line_id": line.id,
                "start_at": datetime.combine(start, time()) - timedelta(days=1),
            }
            for subject in subjects
        ]
    )


def workbook(env, contract_, moment, seed, wrong=True, rows=None):
    """The product's own template for a moment (naive, UTC), filled in; bytes of an .xlsx.

    Only the first `rows`, if so many are said. With `wrong`, four rows are wrong on purpose: an unknown serial, a
    negative quantity, a row twice, and a date long ago.
    """
    template = env["usage.template"].create({"contract_id": contract_.id, "occurred_at": moment})
    target = io.BytesIO()
    template._write(target)
    book = openpyxl.load_workbook(io.BytesIO(target.getvalue()))
    fill(book.worksheets[0], random.Random(seed), wrong, rows)
    filled = io.BytesIO()
    book.save(filled)
    return filled.getvalue()


def fill(sheet, dice, with_wrong_rows, count=None):
    """Write a quantity into each prepared row, or into the first `count`, then the wrong rows."""
    columns = {cell.value: cell.column for cell in sheet[1]}
    serial, metric, moment, quantity = (columns[name] for name in ("Serial", "Metric", "Date and time", "Quantity"))
    rows = [row for row in range(2, sheet.max_row + 1) if sheet.cell(row, serial).value]
    for row in rows[:count]:
        sheet.cell(row, quantity, dice.randint(150, 1050))
    if count:
        sheet.delete_rows(rows[count], len(rows) - count)
    if not with_wrong_rows:
        return
    at = sheet.cell(rows[0], moment).value
    wrong = [
        ("PRN-9999", at, 420),
        ("PRN-0007", at - timedelta(hours=2), -35),
        (sheet.cell(rows[0], serial).value, at, sheet.cell(rows[0], quantity).value),
        ("PRN-0012", at.replace(year=at.year - 9), 300),
    ]
    for row, (code, when, amount) in enumerate(wrong, start=rows[-1] + 1):
        sheet.cell(row, serial, code)
        sheet.cell(row, metric, "pages")
        sheet.cell(row, moment, when).number_format = "yyyy-mm-dd hh:mm"
        sheet.cell(row, quantity, amount)
