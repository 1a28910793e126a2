"""Text messages that are paid ahead: a purchase, what usage draws from it, and an accrual at the month's end."""

from datetime import datetime, time, timedelta

from odoo import Command

SENDERS = ("Shop", "Newsroom", "Service desk")
PAID_AHEAD = 120.0


def accounts(env, company):
    """What is unbilled and what is paid ahead get accounts of their own."""
    unbilled, owed = env["account.account"].create(
        [
            {"name": "Unbilled Usage", "code": "118500", "account_type": "asset_current"},
            {"name": "Paid Ahead by Customers", "code": "218500", "account_type": "liability_current"},
        ]
    )
    company.write({"usage_accrual_account_id": unbilled.id, "usage_prepaid_account_id": owed.id})


def contract(env, partner, follower, start):
    """The contract from `start` (a date), with its senders."""
    unit = env.ref("uom.product_uom_unit")
    metric = env["usage.metric"].create({"name": "Text messages", "code": "messages", "uom_id": unit.id})
    product = env["product.product"].create({"name": "Text messages", "type": "service"})
    card = env["usage.rate.card"].create({"name": "Text messages"})
    price = {"charge_model": "per_unit", "unit_price": 0.05}
    env["usage.rate.card.version"].create({"card_id": card.id, "date_start": "2020-01-01", **price}).action_activate()
    line = {
        "name": "Text messages",
        "product_id": product.id,
        "usage_metric_id": metric.id,
        "usage_rate_card_id": card.id,
        "recurring_rule_type": "monthly",
        "recurring_invoicing_type": "post-paid",
        "recurring_interval": 1,
        "date_start": start,
    }
    found = env["contract.contract"].create(
        {
            "name": "Text messages",
            "partner_id": partner.id,
            "contract_type": "sale",
            "line_recurrence": True,
            "usage_tz": "Europe/Brussels",
            "contract_line_ids": [Command.create(line)],
        }
    )
    found.message_subscribe(partner_ids=follower.ids)
    _senders(env, found.contract_line_ids, partner, start)
    return found


def _senders(env, line, partner, start):
    subjects = env["usage.subject"].create(
        [
            {"code": f"SMS-{number:02d}", "name": name, "partner_id": partner.id}
            for number, name in enumerate(SENDERS, start=1)
        ]
    )
    began = datetime.combine(start, time()) - timedelta(days=1)
    env["usage.assignment"].create(
        [{"subject_id": subject.id, "contract_line_id": line.id, "start_at": began} for subject in subjects]
    )


def buy(env, contract_, day):
    """The customer pays ahead: a balance for this contract, an invoice that fills it, and its payment."""
    balance = {"partner_id": contract_.partner_id.id, "contract_id": contract_.id}
    env["usage.prepaid.balance"].create({**balance, "currency_id": contract_.currency_id.id})
    product = env["product.product"].create(
        {"name": "Prepaid text messages", "type": "service", "usage_prepaid": True, "taxes_id": [Command.clear()]}
    )
    line = {"product_id": product.id, "price_unit": PAID_AHEAD, "contract_line_id": contract_.contract_line_ids.id}
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": contract_.partner_id.id,
            "invoice_date": day,
            "invoice_line_ids": [Command.create(line)],
        }
    )
    move.action_post()
    paying = env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids)
    paying.create({"payment_date": day})._create_payments()


def accrue(env, day):
    """The month's end: what no invoice of the month has billed, less what is paid ahead, and its reversal."""
    accrual = env["usage.accrual"].create({"date": day})
    accrual.action_prepare()
    accrual.action_post()
