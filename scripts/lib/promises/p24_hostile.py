"""Promise 24: hostile content stays content.

Files made to exhaust or to deceive each reader; texts that would be formulas in sheets, scripts in pages, SQL or
domains in parameters, paths in names, code in profiles. Watched from outside: nothing is opened, called, made.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import odoo
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import p24_injections as injections
from .p24_bait import Bait
from .p24_files import PLAIN, files
from .p24_judge import live_cells, live_markup, live_parts, texts_kept
from .p24_site import Visitor, prepare
from .p25_http import Server
from .p25_http import prepare as prepare_door

NUMBER = 24
PROMISE = "Hostile content stays content"
TARGET = "code run 0; files read 0; formula cells 0; SQL joined 0; memory <= 256 MB and CPU <= 10 s per file; errors 0"
#: (how large the files are, every how many-th text is tried)
SIZES = {"full": (1, 1), "medium": (0.3, 1), "small": (0.005, 10)}
# A text that asks PostgreSQL to sleep asks for thirty.
LONGEST_REQUEST_SECONDS = 29
MOST_MEGABYTES, MOST_SECONDS = 256, 10
ROOT = Path(__file__).resolve().parents[3]
ADDONS = ("odoo_usage_billing", "odoo_usage_mediation", "odoo_usage_mi")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FACTS = ("usage_event", "usage_event_key", "res_users", "usage_batch", "ir_config_parameter")


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    scale, step = SIZES[size]
    bait = Bait()
    reader = Reader(bait)
    try:
        bait.check()
        for name, changes, content in files(scale, (str(bait.path), bait.address, str(bait.made))):
            reader.read(name, content, {**PLAIN, **changes})
        with database.env() as env:
            made = prepare(env, bait)
            keys, _signed = prepare_door(env)
            folder = _attack_folder(env, bait)
            profiles = _attack_profiles(env, bait, reader)
            env.cr.commit()
        server = Server(database)
        try:
            with database.env() as env:
                env["ir.config_parameter"].sudo().set_param("report.url", f"http://127.0.0.1:{server.port}")
                env.cr.commit()
            written = _attack_writers(database, server, made, bait)
            routes = _attack_routes(database, server, made, keys["good"], bait, step)
        finally:
            server.stop()
        joined = _joined_sql() if size != "small" else "see the linters"
        return _judged(bait, reader, folder, profiles, written, routes, joined)
    finally:
        reader.close()
        bait.close()


class Reader:
    """Reads files in processes of their own, one after the other, and remembers the worst."""

    def __init__(self, bait):
        self._path = bait.folder / "hostile"
        command = [sys.executable, Path(__file__).with_name("p24_reader.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.count, self.crashes = 0, []
        self.worst = {"cpu": (0, ""), "megabytes": (0, "")}

    def read(self, name, content, definition):
        """One file by one profile."""
        self._path.write_bytes(content)
        self._process.stdin.write(json.dumps({"path": str(self._path), "definition": definition}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        self.count += 1
        if answer["outcome"].startswith("crash"):
            self.crashes.append(f"{name}: {answer['outcome']}")
        for figure, worst in self.worst.items():
            self.worst[figure] = max(worst, (answer[figure], name))

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait(20)


def _attack_folder(env, bait):
    """Paths that lead out of the root, and links that do: refused, and nothing is opened."""
    from odoo.addons.odoo_usage_mediation.folder import OutsideRoot, claim, complete_names, folder_below
    from odoo.addons.odoo_usage_mediation.folder.places import claimed_names, open_claimed

    root = bait.folder / "root"
    (root / "in").mkdir(parents=True)
    (root / "out").symlink_to(bait.folder)
    (root / "in" / "link.csv").symlink_to(bait.path)
    os.mkfifo(root / "in" / "pipe.csv")
    escaped = []
    for path in (
        "..",
        "../..",
        "/etc",
        "in/../..",
        "in/../../bait.txt",
        "out",
        "out/in",
        "",
        ".",
        "in\\..\\..",
        "a\0b",
        "in//x",
    ):
        try:
            escaped.append(folder_below(str(root), path))
        except (OutsideRoot, ValueError):
            continue
    folder = str(root / "in")
    names = complete_names(folder, 0, 2**40)
    escaped += [name for name in names if claim(folder, name)]
    (root / "in" / "work").mkdir(exist_ok=True)
    (root / "in" / "work" / "0123456789ab-link.csv").symlink_to(bait.path)
    escaped += claimed_names(folder)
    try:
        open_claimed(folder, "0123456789ab-link.csv").close()
        escaped.append("a link was opened")
    except OSError:
        pass
    return escaped


def _attack_profiles(env, bait, reader):
    """Each profile taken in, and tried on a small file. Returns those neither refused with a sentence nor harmless."""
    wrong = []
    for name, content in injections.profiles(bait).items():
        wizard = {"file": base64.b64encode(content), "file_name": f"../../{name}.json"}
        known = env["usage.profile"].search([]).ids
        try:
            with env.cr.savepoint():
                env["usage.profile.import"].create(wizard).action_import()
                env.flush_all()
        except UserError:
            env.invalidate_all()
            continue
        except Exception as error:  # noqa: BLE001 - every crash is counted against the promise
            env.invalidate_all()
            wrong.append(f"{name}: {type(error).__name__} {error}"[:200])
            continue
        made = env["usage.profile"].search([("id", "not in", known)])
        reader.read(f"profile, {name}", injections.SAMPLE, made.definition)
    return wrong


def _attack_writers(database, server, made, bait):
    """{document: how much in it is live}, of pages, workbooks and the PDF that hold hostile texts."""
    staff, customer = Visitor(server, "staff"), Visitor(server, "hostile")
    live, missing, pages = {}, [], []
    contract, invoice = f"/my/usage/{made['hostile']}", f"/my/invoices/{made['invoice']}"
    sheets = [
        (staff, f"/usage/upload/{made['upload']}/refused.xlsx"),
        (staff, f"/usage/batch/{made['batch']}/refused.xlsx"),
        (staff, f"/usage/template/{made['template']}.xlsx"),
        (customer, f"{contract}/usage.xlsx"),
    ]
    for visitor, path in sheets:
        status, head, content, _took = visitor.get(path)
        if status != 200 or not texts_kept(content, b"HYPERLINK"):
            missing.append(f"{path} {status}")
            continue
        live[path] = live_cells(content) + ("Set-Cookie: evil" in str(head)) + bool(head.get("evil"))
    for path in ("/my", "/my/usage", contract, f"{contract}?search=HYPERLINK", invoice):
        status, _head, content, _took = customer.get(path)
        if status != 200 or (path != "/my" and b"HYPERLINK" not in content):
            missing.append(f"{path} {status}")
            continue
        live[path] = live_markup(content, bait.address)
        pages.append(content)
    _status, _head, content, _took = staff.get(f"/usage/profile/{made['profile']}/export")
    live["profile"] = "HYPERLINK" not in json.loads(content)["name"]
    _status, _head, content, _took = customer.get(f"{invoice}?report_type=pdf&download=true")
    if not content.startswith(b"%PDF"):
        missing.append("the PDF")
    else:
        live["PDF"] = live_parts(content, bait.address)
    live["inside"] = _live_inside(database, made, bait)
    return {
        "live": {name: count for name, count in live.items() if count},
        "missing": missing,
        "documents": len(live),
        "in a browser": _open_in_browser(pages, bait),
    }


def _live_inside(database, made, bait):
    """Live markup in messages of the chatter and in tables that are computed as HTML."""
    count = 0
    with database.env() as env:
        env.cr.execute("SELECT body FROM mail_message WHERE body <> ''")
        count += sum(live_markup(f"<div>{body}</div>", bait.address) for (body,) in env.cr.fetchall())
        contract = env["contract.contract"].browse(made["hostile"])
        action = contract.action_usage_preview()
        preview = env[action["res_model"]].browse(action["res_id"])
        count += live_markup(f"<div>{preview.table}</div>", bait.address)
        if "HYPERLINK" not in preview.table:
            raise AssertionError("the preview names nothing hostile")
    return count


def _open_in_browser(pages, bait):
    """How many of the pages a browser was asked to run; what it runs calls the bait."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not program:
        return 0
    # One after the other in one document: what is live in any of them is live in it.
    place = bait.folder / "pages.html"
    place.write_bytes(b"<hr>".join(pages))
    command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000"]
    subprocess.run(
        [*command, f"--user-data-dir={bait.folder}/profile", "--dump-dom", place.as_uri()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=180,
        check=False,
    )
    return len(pages)


def _attack_routes(database, server, made, key, bait, step):
    """{figure: value} of texts in the parameters of routes."""
    before, failed, leaks, count, slowest = _facts(database), [], 0, 0, 0
    customer, staff = Visitor(server, "hostile"), Visitor(server, "staff")

    def judge(path, status, content, took):
        nonlocal leaks, count, slowest
        count += 1
        slowest = max(slowest, took)
        leaks += b"OTHERS" in content
        if status >= 500 or any(mark in content for mark in injections.REACHED):
            failed.append(f"{status} {path}"[:160])

    for place, text in enumerate(injections.texts(bait)):
        for number, path in enumerate(injections.addresses(made["hostile"], made["other"], text)):
            if (number + place) % step == 0:
                status, _head, content, took = customer.get(path)
                judge(path, status, content if status != 200 or "pg_sleep" not in text else b"", took)
        for path in injections.staff_addresses(text):
            status, _head, content, took = staff.get(path)
            judge(path, status, content, took)
        for number, sent in enumerate(injections.requests(text)):
            if (number + place) % step == 0:
                began = time.monotonic()
                status, answer = server.send(**{"Authorization": f"Bearer {key}", **sent})
                judge(str(sent), status, b"", time.monotonic() - began)
        for number, call in enumerate(injections.reports(text)):
            if (number + place) % (3 * step) == 0:
                judge(*_call(staff, text, *call))
    return {"count": count, "failed": failed, "leaks": leaks, "lost": _facts(database) - before, "slowest": slowest}


def _call(staff, text, model, method, arguments):
    """A call of the staff by JSON: a refusal is an answer, a statement that PostgreSQL cannot read is not."""
    params = {"model": model, "method": method, "args": [], "kwargs": arguments}
    body = json.dumps({"jsonrpc": "2.0", "params": params}).encode()
    path = f"/web/dataset/call_kw/{model}/{method}"
    status, _head, content, took = staff.get(path, body, **{"Content-Type": "application/json"})
    return path + repr(text)[:60], status, content.replace(json.dumps(text).encode()[1:-1], b""), took


def _facts(database):
    """The tables that must still be there, with the rows they must not lose, as a set."""
    found = set()
    with database.env() as env:
        for table in FACTS:
            env.cr.execute(SQL("SELECT count(*) FROM %s", SQL.identifier(table)))
            found.add((table, env.cr.fetchone()[0] > 0))
    return found


def _joined_sql():
    """How often SQL is joined from text, by two linters that look for it."""
    checks, found = Path(odoo.addons.__path__[0]) / "test_lint/tests", 0
    for plugin in ("pylint_odoo", "_odoo_checker_sql_injection"):
        command = [ROOT / ".local/lint/bin/pylint", "--rcfile=/dev/null", f"--load-plugins={plugin}"]
        command += ["--disable=all", "--enable=sql-injection", "--score=n"]
        done = subprocess.run(
            [*command, *(ROOT / name for name in ADDONS)],
            env={**os.environ, "PYTHONPATH": str(checks)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 2, 4, 6, 8, 16):
            return f"not looked for: {done.stderr[-200:]}"
        found += done.stdout.count("(sql-injection)")
    return found


def _judged(bait, reader, folder, profiles, written, routes, joined):
    opened, ran = bait.opened(), bait.ran()
    megabytes, heavy = reader.worst["megabytes"]
    seconds, slow = reader.worst["cpu"]
    formulas = sum(written["live"].values())
    wrong = [*reader.crashes, *profiles, *folder, *written["missing"], *routes["failed"]]
    return {
        "files read": reader.count,
        "peak memory MB": megabytes,
        "the largest": heavy,
        "CPU seconds most": seconds,
        "the slowest": slow,
        "documents written": written["documents"],
        "pages in a browser": written["in a browser"],
        "live cells, markup, actions": formulas,
        "live, where": json.dumps(written["live"]) if formulas else 0,
        "requests with hostile parameters": routes["count"],
        "slowest request s": round(routes["slowest"], 1),
        "rows of others seen": routes["leaks"],
        "code run": ran,
        "files opened": opened,
        "SQL joined": joined,
        "errors": len(wrong),
        "errors, which": json.dumps(wrong[:12]) if wrong else 0,
        "holds": not (opened or ran or formulas or wrong or routes["leaks"] or routes["lost"])
        and routes["slowest"] < LONGEST_REQUEST_SECONDS
        and joined in (0, "see the linters")
        and megabytes <= MOST_MEGABYTES
        and seconds <= MOST_SECONDS,
    }
