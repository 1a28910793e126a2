"""scripts/demo's Python half: make the story, run the main job on it, say what happened."""

import argparse
import base64
import sys
from datetime import datetime, time
from pathlib import Path

from dateutil.relativedelta import relativedelta

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.database import open_database

SEED = 2026


def say(text=""):
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(env, folder):
    """The story up to invoices: two months of files in, usage that comes late, two billing runs, a month's end."""
    from odoo import fields

    from demo import messages, people, printers

    messages.accounts(env, people.company(env))
    people.staff(env)
    partner, person = people.customer(env)
    today = fields.Date.context_today(env.user)
    this_month = today.replace(day=1)
    start = this_month - relativedelta(months=2)
    contract = printers.contract(env, partner, person, start)
    texts = messages.contract(env, partner, person, start)
    messages.buy(env, texts, start)
    for number in range(2):
        month = start + relativedelta(months=number)
        moment = datetime.combine(fields.Date.end_of(month, "month"), time(16))
        content = printers.workbook(env, contract, moment, SEED + number)
        upload(env, f"pages-{month:%Y-%m}.xlsx", content, folder)
        sent = printers.workbook(env, texts, moment, SEED - number, wrong=False)
        upload(env, f"messages-{month:%Y-%m}.xlsx", sent, folder)
        if number:
            late(env, contract, folder, start)
        run(env, month + relativedelta(months=1))
    so_far(env, contract, folder, today)
    meters_so_far(env, partner, folder, this_month - relativedelta(months=1), today)
    messages.accrue(env, this_month - relativedelta(days=1))


def upload(env, name, content, folder, source=None):
    """What a billing manager does in the upload wizard: choose, preview, keep the bad rows, confirm."""
    (folder / name).write_bytes(content)
    values = {"file": base64.b64encode(content), "file_name": name}
    wizard = env["usage.upload"].create({**values, "source_id": source.id} if source else values)
    wizard.action_preview()
    if wizard.problem:
        raise SystemExit(f"demo: {name} was refused: {wizard.problem}")
    wizard.action_confirm()


def late(env, contract, folder, month):
    """Readings of a month that is invoiced: what they cost more is found, accepted, and on the next invoice."""
    from demo import printers

    moment = datetime.combine(month + relativedelta(days=9), time(16))
    content = printers.workbook(env, contract, moment, SEED, wrong=False, rows=8)
    upload(env, f"pages-{month:%Y-%m}-late.xlsx", content, folder)
    contract._usage_look().action_accept()


def run(env, day):
    """A billing run for what is due on `day`."""
    billing = env["usage.billing.run"].create({"date_ref": day})
    billing.action_start()
    failed = billing.line_ids.filtered(lambda line: line.state == "failed")
    if failed:
        raise SystemExit(f"demo: billing failed: {failed[0].message}")


def so_far(env, contract, folder, today):
    """The open month up to yesterday, so that there is something to watch grow."""
    from demo import printers

    if today.day > 1:
        moment = datetime.combine(today - relativedelta(days=1), time(16))
        content = printers.workbook(env, contract, moment, SEED + 2, wrong=False)
        upload(env, f"pages-{today:%Y-%m}-so-far.xlsx", content, folder)


def meters_so_far(env, partner, folder, start, today):
    """A second contract, not due yet: simulated meters from `start` up to yesterday, and a key to send more live."""
    from demo import meters

    contract = meters.contract(env, partner, start)
    key = folder / "live.key"
    key.touch(0o600)
    key.write_text(meters.live_key(env, contract))
    content, used, booked = meters.readings(SEED, start, (today - start).days)
    upload(env, "meters-so-far.csv", content, folder, meters.file_source(env, contract))
    say(f"  simulated meters used {used} kWh; what they sent shows {booked}")


def summary(env, folder):
    """What is in the books now, read from the books, which are proved."""
    from odoo.addons.odoo_usage_billing.audit import verify

    for batch in env["usage.batch"].search([], order="id"):
        say(
            f"  file      {batch.name}: {batch.received_count} rows received = "
            f"{batch.accepted_count} accepted + {batch.duplicate_count} duplicate + "
            f"{batch.suspended_count} suspended + {batch.filtered_count} filtered"
        )
    events = env["usage.event"].search_count([])
    suspended = env["usage.suspense"].search([("state", "=", "open")])
    say(f"  events    {events} stored, {len(suspended)} records in suspense:")
    for suspense in suspended:
        say(f"            row {suspense.row_number}: {suspense.message}")
    env.cr.execute(
        "SELECT sum(quantity_sum)::text FROM usage_bucket b JOIN usage_metric m ON m.id = b.metric_id"
        " WHERE m.code = 'energy'"
    )
    say(f"  meters    {env.cr.fetchone()[0] or 0} kWh in the books")
    moves = env["account.move"].search([("usage_period_ids", "!=", False)], order="id")
    for move in moves:
        debit = sum(move.line_ids.mapped("debit"))
        credit = sum(move.line_ids.mapped("credit"))
        say(
            f"  invoice   {move.name} of {move.invoice_date} to {move.partner_id.name}: "
            f"{move.amount_untaxed:.2f} + tax {move.amount_tax:.2f} = "
            f"{move.amount_total:.2f} {move.currency_id.name} ({move.state})"
        )
        say(f"            journal entry: {len(move.line_ids)} items, debit {debit:.2f} = credit {credit:.2f}")
    for adjustment in env["usage.adjustment"].search([], order="id"):
        say(
            f"  late      {adjustment.late_event_count} readings of {adjustment.origin_move_id.name} came late: "
            f"{adjustment.amount:.2f} on {adjustment.move_id.name}"
        )
    for balance in env["usage.prepaid.balance"].search([], order="id"):
        grants = balance.grant_ids
        say(
            f"  prepaid   {balance.contract_id.name}: {sum(grants.mapped('amount_granted')):.2f} bought, "
            f"{sum(grants.mapped('amount_drawn')):.2f} drawn, {balance.amount:.2f} left"
        )
    for accrual in env["usage.accrual"].search([("state", "=", "posted")], order="id"):
        say(
            f"  accrual   {accrual.date}: {accrual.amount:.2f} of revenue, {accrual.amount_prepaid:.2f} of it paid "
            f"ahead; reversed on {accrual.date_reversal}"
        )
    findings = list(verify(env.cr, env.company.ids, True))
    broken = [finding.code for finding in findings if finding.broken]
    say(f"  books     {len(findings)} proofs, " + (f"broken: {', '.join(broken)}" if broken else "all hold"))
    if broken:
        raise SystemExit("demo: the books do not hold")
    say(f"  total     {sum(moves.mapped('amount_total')):.2f} invoiced on {len(moves)} invoices")
    say(f"  to look at  {folder}: the uploaded workbooks and, once the server runs, invoice.pdf")


def main():
    """Tell the story once per database, then sum it up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    database = open_database(options.config, options.database)
    with database.env() as env:
        if not env["usage.subject"].search_count([], limit=1):
            say("demo: uploading, billing and posting two months of usage")
            tell(env, options.folder)
            env.cr.commit()
        say("What happened:")
        summary(env, options.folder)


if __name__ == "__main__":
    main()
