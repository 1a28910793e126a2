"""One scenario of a listener against a real broker, by name; prints what became of it."""

import getpass
import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

import psycopg2
from bench.database import open_database
from promises import world
from promises.broker import Broker, Producer, counts, event, listener, source, stored, wait_until
from promises.nursery import Nursery
from promises.p06_poison import TRAP

SUBJECTS = 5


def prepare(database, port, **values):
    """Contracts, and a source that reads from the broker."""
    with database.env() as env:
        world.contracts(env, SUBJECTS, date(2024, 1, 1))
        source(env, port, **values)
        env.cr.commit()


def connected(database, nursery, name="main"):
    """Start a listener and wait until it listens; returns its process number."""
    pid = nursery.start(name)
    assert wait_until(lambda: _state(database, name) == "connected", 180), _error(database)
    return pid


def _state(database, name):
    with database.env() as env:
        return env["usage.listener"].search([("name", "=", name)]).state


def _error(database):
    return listener(database, "last_error")


def database_away(database):
    """The database throws everybody out and lets nobody in, for a while, in the middle of messages."""
    broker = Broker()
    prepare(database, broker.port, mqtt_batch_count=50)
    nursery, producer = Nursery(database, ["mqtt"]), Producer(broker.port)
    connected(database, nursery)
    producer.send_all([event(number, SUBJECTS) for number in range(500)])
    info = {"host": "127.0.0.1", "dbname": "postgres"}
    with psycopg2.connect(**info) as keeper:
        keeper.autocommit = True
        with keeper.cursor() as cr:
            cr.execute(f'ALTER DATABASE "{database.name}" ALLOW_CONNECTIONS false')
            cr.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database.name,))
        producer.send_all([event(number, SUBJECTS) for number in range(500, 1500)])
        time.sleep(8)
        with keeper.cursor() as cr:
            cr.execute(f'ALTER DATABASE "{database.name}" ALLOW_CONNECTIONS true')
    keeper.close()
    arrived = wait_until(lambda: stored(database)[0] == 1500, 90)
    # What a listener says about itself is written about once a second, apart from what it stores.
    wait_until(lambda: _error(database), 60)
    told = _error(database)
    wait_until(lambda: listener(database, "state") == "connected", 90)
    state = listener(database, "state")
    code = nursery.stop()
    broker.close()
    return {"arrived": arrived, "events": stored(database)[1], "error": told, "state": state, "code": code}


def stop_in_the_middle(database):
    """SIGTERM while messages wait: the batch is stored and acknowledged before the listener goes."""
    broker = Broker()
    prepare(database, broker.port, mqtt_batch_millis=60_000)
    nursery, producer = Nursery(database, ["mqtt"]), Producer(broker.port)
    connected(database, nursery)
    producer.send_all([event(number, SUBJECTS) for number in range(30)])
    time.sleep(1.5)
    before = stored(database)[0]
    code = nursery.stop()
    after = stored(database)[0]
    connected(database, nursery)
    time.sleep(1)
    again = listener(database, "duplicate_count")
    nursery.stop()
    broker.close()
    return {"before": before, "after": after, "code": code, "redelivered": again, "state": listener(database, "state")}


def shared(database):
    """Two listeners of a group share the messages; one dies, the other goes on with its part."""
    broker = Broker()
    prepare(database, broker.port, mqtt_share_group="usage", mqtt_batch_count=20)
    nursery, producer = Nursery(database, ["mqtt"]), Producer(broker.port)
    one, two = connected(database, nursery, "one"), connected(database, nursery, "two")
    producer.send_all([event(number, SUBJECTS) for number in range(1000)])
    wait_until(lambda: stored(database)[0] == 1000, 60)
    with database.env() as env:
        time.sleep(1.5)
        parts = env["usage.listener"].search([], order="name").mapped("message_count")
    nursery.kill(one)
    producer.send_all([event(number, SUBJECTS) for number in range(1000, 1500)])
    nursery.start("one")
    arrived = wait_until(lambda: stored(database)[0] == 1500, 60)
    nursery.stop()
    nursery.stop(two)
    broker.close()
    return {"parts": parts, "arrived": arrived, "events": stored(database)[1], "balanced": _balanced(database)}


def _balanced(database):
    received, *parts = counts(database)
    return received == sum(parts)


def broker_away(database):
    """The broker dies and comes back: the listener says so, and goes on by itself."""
    broker = Broker(autosave=1)
    prepare(database, broker.port)
    nursery, producer = Nursery(database, ["mqtt"]), Producer(broker.port)
    connected(database, nursery)
    broker.kill()
    wait_until(lambda: listener(database, "state") == "failed", 90)
    state, error = listener(database, "state"), _error(database)
    broker.start()
    producer.send_all([event(number, SUBJECTS) for number in range(100)])
    arrived = wait_until(lambda: stored(database)[0] == 100, 60)
    code = nursery.stop()
    broker.close()
    return {"state": state, "error": error, "arrived": arrived, "code": code}


def same_name(database):
    """A second listener of the same name waits, is told of, and takes over when the first one dies."""
    broker = Broker()
    prepare(database, broker.port)
    nursery, producer = Nursery(database, ["mqtt"]), Producer(broker.port)
    one = connected(database, nursery)
    two = nursery.start()
    told = wait_until(lambda: "Another listener" in (_error(database) or ""), 90)
    producer.send_all([event(number, SUBJECTS) for number in range(200)])
    wait_until(lambda: stored(database)[0] == 200, 60)
    first = listener(database, "process_number") == one
    nursery.kill(one)
    producer.send_all([event(number, SUBJECTS) for number in range(200, 400)])
    arrived = wait_until(lambda: stored(database)[0] == 400, 60)
    second = listener(database, "process_number") == two
    code = nursery.stop(two)
    broker.close()
    return {"told": told, "first": first, "second": second, "arrived": arrived, "code": code}


def slow_broker(database):
    """A broker that lets fewer messages wait than a batch has does not make every batch wait its time."""
    broker = Broker(inflight=20)
    prepare(database, broker.port, mqtt_batch_millis=500)
    nursery, producer = Nursery(database, ["mqtt"]), Producer(broker.port)
    connected(database, nursery)
    began = time.monotonic()
    producer.send_all([event(number, SUBJECTS) for number in range(2000)])
    arrived = wait_until(lambda: stored(database)[0] == 2000, 90)
    seconds = time.monotonic() - began
    nursery.stop()
    broker.close()
    return {"arrived": arrived, "seconds": seconds}


def reasons(database):
    """What only messages can be refused for: another's subject, an alias of no birth, a message that always fails."""
    broker = Broker()
    prepare(database, broker.port)
    with database.env() as env:
        plant = "spBv1.0/+/+/+/#"
        source(env, broker.port, code="plant", mqtt_payload="sparkplug", mqtt_topic=plant, mqtt_subject_level=5)
        env.cr.execute(TRAP)
        env.cr.commit()
    nursery, producer = Nursery(database, ["mqtt"]), Producer(broker.port)
    other = Nursery(database, ["plant"])
    connected(database, nursery)
    other.start("plant")
    assert wait_until(lambda: _state(database, "plant") == "connected", 180)
    # A body of one metric, alias 7 = 5, timestamp and sequence number; no birth came before.
    metric = field(1, 1_768_478_400_000) + field(2, field(2, 7) + field(10, 5)) + field(3, 0)
    _key, _topic, content = event(2, SUBJECTS)
    producer.send_all(
        [
            event(1, SUBJECTS),
            ("other", "usage/A-00000/events", content),
            event(3, SUBJECTS, id="poison-1"),
            ("alias", "spBv1.0/plant/DDATA/edge/A-00001", metric),
            event(4, SUBJECTS),
        ]
    )
    wait_until(lambda: len(_reasons(database)) == 3, 90)
    code = nursery.stop(), other.stop()
    broker.close()
    return {"reasons": _reasons(database), "events": stored(database)[1], "code": code}


def field(number, value):
    """A field of protobuf: a whole number, or bytes."""
    if isinstance(value, bytes):
        return _varint(number << 3 | 2) + _varint(len(value)) + value
    return _varint(number << 3) + _varint(value)


def _varint(value):
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _reasons(database):
    with database.env() as env:
        rows = env["usage.suspense"].search([])
        told = {row.reason_code: row.message for row in rows}
        return dict(sorted(told.items()))


def certificates(database):
    """TLS with client certificates: ours is let in, without one or under a foreign CA nobody is."""
    folder = Path(sys.argv[4])
    _make_certificates(folder)
    extra = f"""
cafile {folder}/ca.crt
certfile {folder}/server.crt
keyfile {folder}/server.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
"""
    broker = Broker(extra=extra)
    prepare(
        database,
        broker.port,
        mqtt_host="localhost",
        mqtt_tls=True,
        mqtt_ca_file=f"{folder}/ca.crt",
        mqtt_certificate_file=f"{folder}/client.crt",
        mqtt_key_file=f"{folder}/client.key",
    )
    nursery = Nursery(database, ["mqtt"])
    connected(database, nursery)
    told = {"with": _state(database, "main")}
    nursery.stop()
    for name, values in {
        "without": {"mqtt_certificate_file": False, "mqtt_key_file": False},
        "foreign": {"mqtt_certificate_file": f"{folder}/foreign.crt", "mqtt_key_file": f"{folder}/foreign.key"},
        "missing": {"mqtt_certificate_file": f"{folder}/none.crt", "mqtt_key_file": f"{folder}/none.key"},
        "other_ca": {"mqtt_ca_file": f"{folder}/other.crt"},
    }.items():
        with database.env() as env:
            env["usage.source"].search([("code", "=", "mqtt")]).write(values)
            env.cr.commit()
        nursery.start()
        wait_until(lambda: _state(database, "main") == "failed", 90)
        told[name] = _state(database, "main")
        nursery.stop()
    broker.close()
    return told


def _make_certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    for ca in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{ca}.key", "-out", f"{ca}.crt",
                "-days", "2", "-subj", f"/CN={ca}", "-addext", "basicConstraints=critical,CA:TRUE")  # fmt: skip
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    for name, ca in (("server", "ca"), ("client", "ca"), ("foreign", "other")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial",
                "-out", f"{name}.crt", "-days", "2", "-extfile", "names")  # fmt: skip
    subprocess.run(["chown", "-R", getpass.getuser(), folder], check=True)


def main(config, name, scenario):
    """Run a scenario and print its facts."""
    told = globals()[scenario](open_database(config, name))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
