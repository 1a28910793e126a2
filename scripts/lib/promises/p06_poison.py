"""Promise 6: one bad record stops nobody.

Batches of messages with a bad one at every place; messages that always raise inside the database; files with a
bad row at each position. The good ones are all stored, the bad ones wait in suspense with their reason.
"""

import random
import statistics
import time
from datetime import date

from . import world
from .broker import (
    START,
    Broker,
    Producer,
    counts,
    event,
    source,
    stored,
    wait_connected,
    wait_until,
    wait_while_growing,
)
from .nursery import Nursery

NUMBER = 6
PROMISE = "One bad record stops nobody"
TARGET = "good accepted = good sent; poison attempts <= 3; suspended = bad sent; a reason for each"
# messages, one bad in, poison messages, files, rows per file
SIZES = {"full": (50_000, 50, 20, 1_000, 1_000), "medium": (10_000, 50, 8, 100, 1_000), "small": (600, 20, 2, 8, 40)}
SUBJECTS = 50
BAD = (b"", b"{", b"\xff\xfe", b"[]", b"7", b'{"a":' * 100, b'{"subject": 1}', b'{"id": "\\ud800"}')
PROFILE = {
    "format": "csv",
    "subject": "serial",
    "external_id": {"column": "id"},
    "time": "time",
    "measures": [{"metric": {"constant": "units"}, "quantity": "quantity"}],
}
# A fault inside the database that no check of ours foresees: an event that it will not take.
TRAP = """
CREATE SEQUENCE attack_attempts;
CREATE FUNCTION attack_trap() RETURNS trigger AS $$
BEGIN
    IF NEW.external_id LIKE 'poison-%' THEN
        PERFORM nextval('attack_attempts');
        RAISE EXCEPTION 'no room for %', NEW.external_id;
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER attack_trap BEFORE INSERT ON usage_event FOR EACH ROW EXECUTE FUNCTION attack_trap();
"""


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    messages, one_in, poison, files, rows = SIZES[size]
    with database.env() as env:
        world.contracts(env, SUBJECTS, date(2024, 1, 1))
        file_source = _file_source(env, rows)
        env.cr.execute(TRAP)
        env.cr.commit()
    told = _attack_messages(database, random.Random(seed), messages, one_in, poison)
    good, refused = _attack_files(database, file_source, files, rows)
    with database.env() as env:
        reasonless = env["usage.suspense"].search_count([("reason_code", "in", (False, ""))])
    return {
        "good messages": told["good"],
        "good messages accepted": told["accepted"],
        "bad messages": told["bad"],
        "suspended messages": told["suspended"],
        "bad messages delivered again": told["again"],
        "poison messages": poison,
        "poison attempts most": told["attempts"],
        "queue delay p95 s": told["delay"],
        "good rows": files * (rows - 1),
        "good rows accepted": good,
        "suspended rows": refused,
        "suspended without reason": reasonless,
        "holds": told["accepted"] == told["good"]
        and told["suspended"] == told["bad"]
        and told["attempts"] <= 3
        and good == files * (rows - 1)
        and refused == files
        and not reasonless,
    }


def _attack_messages(database, dice, messages, one_in, poison):
    broker = Broker()
    try:
        with database.env() as env:
            source(env, broker.port, mqtt_batch_count=200)
            env.cr.commit()
        nursery = Nursery(database, ["mqtt"])
        nursery.start()
        wait_connected(database)
        producer = Producer(broker.port)
        sent, bad = _mixed(dice, messages, one_in, poison)
        producer.send_all(sent)
        wait_while_growing(lambda: counts(database)[0], len(sent))
        delay = _delay(database, producer)
        code = nursery.stop()
        nursery.close()
        producer.close()
    finally:
        broker.close()
    _received, accepted, _duplicate, told, _filtered = counts(database)
    with database.env() as env:
        # A message that the broker delivers again is refused again, and waits once.
        suspended = env["usage.suspense"].search_count([("source_id.code", "=", "mqtt")])
        env.cr.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM attack_attempts")
        tries = env.cr.fetchone()[0]
        env.cr.execute(
            "SELECT count(*), max((reason_params->>'attempts')::int) FROM usage_suspense WHERE reason_code = 'poison'"
        )
        kept, attempts = env.cr.fetchone()
    # Batches that hold several poison messages stop at the first: tries count what really ran.
    most = max(attempts or 99, -(-tries // max(poison, 1))) if kept == poison and not code else 99
    return {
        "good": messages + DELAYED,
        "accepted": accepted,
        "bad": bad,
        "suspended": suspended,
        "again": told - suspended,
        "attempts": most,
        "delay": delay,
    }


DELAYED = 40


def _mixed(dice, messages, one_in, poison):
    """(messages, how many are bad): bad ones and poison at random places among the good."""
    sent, bad = [event(number, SUBJECTS) for number in range(messages)], 0
    topic = "usage/A-00000/events"
    for number in range(messages // one_in):
        content = b"%s %d" % (dice.choice(BAD), number) if number else b""
        sent.insert(dice.randrange(len(sent)), (("bad", number), topic, content))
        bad += 1
    for number in range(poison):
        key, _topic, content = event(number * SUBJECTS, SUBJECTS, id=f"poison-{number}")
        sent.insert(dice.randrange(len(sent)), (("poison", key), topic, content))
        bad += 1
    return sent, bad


def _delay(database, producer):
    """p95 of the seconds from sending a message to its event, one at a time on a quiet queue."""
    seconds = []
    for number in range(DELAYED):
        before, at = stored(database)[0], time.monotonic()
        producer.send_all([event(10_000_000 + number, SUBJECTS)])
        wait_until(lambda before=before: stored(database)[0] > before, 30, 0.005)
        seconds.append(time.monotonic() - at)
    return round(statistics.quantiles(seconds, n=20)[-1], 2)


def _file_source(env, rows):
    profile = env["usage.profile"].create({"name": "P6", "format": "csv", "is_advanced": True, "definition": PROFILE})
    values = {"name": "P6", "code": "p6", "transport": "file", "profile_id": profile.id, "tz": "UTC"}
    return env["usage.source"].create({**values, "max_age_days": 40000, "max_rows": 10 * rows}).id


def _attack_files(database, source_id, files, rows):
    """(good rows accepted, rows suspended) over files whose bad row stands at another place each."""
    from odoo.addons.odoo_usage_mediation.intake import Intake

    good = refused = 0
    with database.env() as env:
        usage_source = env["usage.source"].browse(source_id)
        for number in range(files):
            batch = env["usage.batch"].create({"name": f"file {number}", "source_id": source_id})
            for chunk in Intake(usage_source, _file(number, files, rows)).chunks():
                batch._store(chunk.records, chunk.refusals, len(chunk.filtered))
            env.cr.commit()
            good += batch.accepted_count
            refused += batch.suspended_count
    return good, refused


def _file(number, files, rows):
    place = number * rows // files
    bad = ("many", "", "1,2", "NaN", "-", "=1+1", "1e999", '"5')[number % 8]
    lines = ["id,serial,time,quantity"]
    for row in range(rows):
        quantity = bad if row == place else str(row % 97 + 1)
        lines.append(
            f"f{number}-{row},A-{row % SUBJECTS:05d},{START:%Y-%m-%d} {row // 60 % 24:02d}:{row % 60:02d}:00,{quantity}"
        )
    return "\n".join(lines).encode()
