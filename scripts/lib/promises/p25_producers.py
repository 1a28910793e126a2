"""Promise 25: only known producers get in, and refusals are told.

The broker as docker/ ships it, the HTTP door behind a real socket, a listener that runs: strangers, false friends and
replays at both. Nothing of it may count; each refusal has an answer, and a line or a count that stays; no secret is
in any log.
"""

import json
import logging
import re
import shutil
import time
from datetime import date

from . import world
from .broker import source, stored, wait_connected, wait_until
from .nursery import Nursery
from .p25_broker import CONSUMER, DEVICE_PASSWORD, PASSWORD, ShippedBroker
from .p25_http import FORMER, GUESSED, SECRET, HttpCases, Server, event, guess, prepare
from .p25_mqtt import GUESSED as GUESSED_PASSWORD
from .p25_mqtt import MqttCases, payload, refused_without_a_word

NUMBER = 25
PROMISE = "Only known producers get in, and refusals are told"
TARGET = "let in 0; silent refusals 0 (MQTT 5, QoS 1); secrets in logs 0; bad keys told a minute <= 60"
#: (guessed keys, senders)
SIZES = {"full": (10_000, 8), "medium": (2_000, 4), "small": (150, 2)}
DEVICES = ("meter-1", "meter-2", "lost")
SUBJECTS = ("meter-1", "meter-2", "plain")
SESSION = "usage-attack-consumer"
COME_AND_GONE = re.compile(r": New (connection|client)| closed its connection|Client \S+ disconnected\.$")
WITHOUT_LINE = ("too_fast", "too_many_guesses")


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    guesses, senders = SIZES[size]
    broker = ShippedBroker(DEVICES, "plain")
    log = broker.folder / "odoo.log"
    handler = _write_log(log)
    server = nursery = None
    try:
        broker.certificates("revoke", "lost")
        broker.start()
        keys, signed_key = _prepare(database, broker)
        nursery = Nursery(database, ["mqtt"])
        server = Server(database)
        nursery.start()
        wait_connected(database)
        mqtt_told = _attack_broker(database, broker)
        http_told = _attack_door(database, server, keys, signed_key, guesses, senders)
        nursery.stop()
        secrets = [*keys.values(), signed_key, SECRET, FORMER, GUESSED, PASSWORD, DEVICE_PASSWORD, GUESSED_PASSWORD]
        written = log.read_text(errors="replace") + broker.log()
        return _judged(database, mqtt_told, http_told, _found(secrets, written, broker), written)
    finally:
        logging.getLogger().removeHandler(handler)
        if server:
            server.stop()
        if nursery:
            nursery.close()
        broker.stop()
        shutil.rmtree(broker.folder, ignore_errors=True)


def _write_log(path):
    """All that Odoo, the listener and the server write at INFO and above goes to a file."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler


def _prepare(database, broker):
    with database.env() as env:
        world.contracts(env, len(SUBJECTS), date(2024, 1, 1))
        for number, name in enumerate(SUBJECTS):
            subject = env["usage.subject"].search([("code", "=", f"A-{number:05d}")])
            env["usage.subject.identity"].create({"identity": name, "subject_id": subject.id})
        source(env, broker.consumer_port, mqtt_username=CONSUMER, mqtt_password=PASSWORD, mqtt_client_name=SESSION)
        made = prepare(env)
        env.cr.commit()
    return made


def _attack_broker(database, broker):
    """{figure: value}, and what became of the messages that a known device may send but that name another."""
    cases, let_in, silent = MqttCases(broker, SESSION), [], []
    for name, case in cases.all().items():
        before = len(_telling(broker.log()))
        entered, told = case()
        if entered:
            let_in.append(name)
        if told is None and not wait_until(lambda before=before: len(_telling(broker.log())) > before, 20):
            silent.append(name)
    unheard = refused_without_a_word(cases)
    device = cases.device()
    assert device.knock()
    # What comes again at each new subscription: garbage, and usage of somebody else.
    device.publish("usage/meter-1/events", payload("meter-2", "attack-other"))
    device.publish("usage/meter-1/events", b"\xff{", retain=True)
    device.publish("usage/meter-1/events", payload("meter-2", "attack-kept"), retain=True)
    device.publish("usage/meter-1/events", payload("meter-1", "attack-last").replace('"units"', "{"))
    device.close()
    mismatched = wait_until(lambda: _suspended(database) >= 4, 120)
    return {"cases": len(cases.all()) + 3, "let in": let_in, "silent": silent, "unheard": unheard, "kept": mismatched}


def _telling(log):
    """The lines of the broker's log that say more than that somebody came and went."""
    return [line for line in log.splitlines() if not COME_AND_GONE.search(line)]


def _suspended(database):
    with database.env() as env:
        return env["usage.suspense"].search_count([("source_id.code", "=", "mqtt")])


def _attack_door(database, server, keys, signed_key, guesses, senders):
    cases, let_in, refusals = HttpCases(keys, signed_key).all(), [], 0
    for name, sent in cases.items():
        status, answer = server.send(**sent)
        refusals += status >= 400
        # An answer without a reason and what to do would be no answer.
        if status < 400 or not (answer.get("code") and answer.get("mend")):
            let_in.append(f"{name} {status}")
    replays = _replays(server, signed_key)
    began = time.monotonic()
    told, honest = guess(server, keys["good"], guesses, senders)
    minutes = (time.monotonic() - began) / 60
    return {
        "cases": len(cases) + 1,
        "let in": let_in + ([] if replays == ["accepted", "duplicate"] else [f"replays {replays}"]),
        "refusals": refusals + sum(told.values()),
        "guesses": guesses,
        "told": told,
        "honest": honest,
        "minutes": minutes,
        "seconds": 60 * minutes,
    }


def _replays(server, signed_key):
    """What the same request is answered, twice within its five minutes: its signature is 4:50 old."""
    from odoo.addons.odoo_usage_mediation.api import sign

    body = event("honest-signed")
    header = sign(SECRET, int(time.time()) - 290, body)
    sent = {"Authorization": f"Bearer {signed_key}", "Usage_Signature": header}
    return [server.send(body, **sent)[1].get("items", [{}])[0].get("status") for _time in range(2)]


def _found(secrets, written, broker):
    """Which secrets a log has: whole, or what follows the part of a key that is no secret."""
    found = [secret for secret in secrets if secret in written or secret[8:40] in written]
    for path in broker.folder.rglob("*.key"):
        found += [path.name for line in path.read_text().splitlines()[1:-1] if line in written]
    return found


def _judged(database, mqtt_told, http_told, secrets, written):
    with database.env() as env:
        env.cr.execute("SELECT external_id FROM usage_event WHERE external_id NOT LIKE 'honest%'")
        counted = [name for (name,) in env.cr.fetchall()]
        rows = env["usage.request.refusal"].search([])
        noted = sum(rows.mapped("refused_count"))
        lined = sum(rows.filtered(lambda row: row.code not in WITHOUT_LINE).mapped("refused_count"))
    lines = written.count("a usage request was refused:")
    let_in = mqtt_told["let in"] + http_told["let in"] + counted
    unwritten = abs(http_told["refusals"] - noted) + abs(lined - lines)
    silent = len(mqtt_told["silent"]) + unwritten + (not mqtt_told["kept"])
    bad, good = http_told["told"].get(401, 0), set(http_told["honest"]) == {200}
    others = set(http_told["told"]) - {401, 429}
    # A share comes free each second while the guessing lasts.
    pace_holds = bad <= 60 + http_told["seconds"] + 1 and not others
    return {
        "cases at the broker": mqtt_told["cases"],
        "cases at the door": http_told["cases"],
        "let in": len(let_in),
        "let in, which": json.dumps(let_in) if let_in else 0,
        "silent refusals": silent,
        "silent, which": json.dumps(mqtt_told["silent"]) if mqtt_told["silent"] else 0,
        "refused without an answer under MQTT 3.1.1, QoS 0, as a will": mqtt_told["unheard"],
        "keys guessed": http_told["guesses"],
        "guesses per second": round(http_told["guesses"] / http_told["seconds"]),
        "guesses told as bad": bad,
        "guesses told to wait": http_told["told"].get(429, 0),
        "good key let in meanwhile": "always" if good else "no",
        "refusals counted": noted,
        "honest events": sum(stored(database)),
        "secrets in logs": len(secrets),
        "holds": not let_in and not silent and not secrets and pace_holds and good,
    }
