"""Strangers and false friends at the HTTP door: Odoo's whole stack behind a real socket, in a process of its own."""

import gzip
import http.client
import json
import os
import signal
import sys
import threading
import time
from datetime import timedelta

from .broker import START

EVENTS = "/usage/v1/events"
SECRET, FORMER = "the secret of the source, in force", "the secret of the source, before"
GUESSED = "a secret that was guessed, in vain"
PATIENCE_SECONDS = 120


class Server:
    """A forked process that serves one database on a free port, and dies with `stop`."""

    def __init__(self, database):
        import odoo

        odoo.sql_db.close_all()
        read, write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(read)
            self._serve(database, write)
        os.close(write)
        with os.fdopen(read) as told:
            self.port = int(told.readline())
        self.headers = {"X-Odoo-Database": database.name}

    @staticmethod
    def _serve(database, told):
        from werkzeug.serving import make_server

        from odoo.http import root
        from odoo.service.server import load_server_wide_modules

        try:
            load_server_wide_modules()
            server = make_server("127.0.0.1", 0, root, threaded=True)
            os.write(told, f"{server.port}\n".encode())
            os.close(told)
            server.serve_forever()
        finally:
            sys.stderr.flush()
            os._exit(1)

    def stop(self):
        """End the process."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def send(self, body, path=EVENTS, method="POST", **headers):
        """(status, answer as data) of one request."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        try:
            line.request(method, path, body, {"Content-Type": "application/json", **self.headers, **named})
            answer = line.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content[:1] == b"{" else {}
        finally:
            line.close()


def event(name):
    """An event that would count, if it were let in."""
    content = {"id": name, "subject": "meter-1", "metric": "units", "time": START.isoformat(), "quantity": 1}
    return json.dumps(content).encode()


def flipped(body, place):
    """The body with one bit of one byte turned."""
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


class HttpCases:
    """Requests that must not be let in. Each case is (body, headers, more) of one request."""

    def __init__(self, keys, signed_key):
        self.keys, self.signed_key = keys, signed_key

    def all(self):
        """{name: keyword arguments of `Server.send`}."""
        return {**self._keys(), **self._ways(), **self._signatures(int(time.time()))}

    def _keys(self):
        good = self.keys["good"]
        given = {
            "no key": None,
            "a password instead of a key": "Basic YWRtaW46YWRtaW4=",
            "an empty key": "Bearer ",
            "two keys": f"Bearer {good} {good}",
            "a key cut short": f"Bearer {good[:-1]}",
            "a key and one sign more": f"Bearer {good}0",
            "the index of a key": f"Bearer {good[:8]}",
            "a key with its last sign changed": f"Bearer {good[:-1]}{'0' if good[-1] != '0' else '1'}",
            "a key that is SQL": "Bearer '/**/OR/**/1=1--",
            "a key of NULs": "Bearer %00%00%00%00%00%00%00%00",
        }
        given |= {name: f"Bearer {key}" for name, key in self.keys.items() if name != "good"}
        return {name: {"body": event("attack"), "Authorization": value} for name, value in given.items()}

    def _ways(self):
        auth = {"Authorization": f"Bearer {self.keys['good']}", "body": event("attack")}
        return {
            "another source in the header": {**auth, "Usage_Source": "signed"},
            "another source in the address": {**auth, "path": EVENTS + "?source=signed"},
            "a key in the address": {"body": event("attack"), "path": f"{EVENTS}?key={'7' * 40}"},
            "PUT": {**auth, "method": "PUT"},
            "a form instead of JSON": {**auth, "Content_Type": "application/x-www-form-urlencoded"},
            "a body that is another kind": {**auth, "Content_Type": "application/cloudevents-batch+json"},
            "a zip bomb": {**auth, "body": gzip.compress(b" " * 30_000_000), "Content_Encoding": "gzip"},
        }

    def _signatures(self, now):
        from odoo.addons.odoo_usage_mediation.api import sign

        body, packed = event("attack"), gzip.compress(event("attack"))
        good = sign(SECRET, now, body)
        digest = good.partition(",")[2]
        signed = {
            "no signature": None,
            "an empty signature": "",
            "another secret": sign(GUESSED, now, body),
            "an empty secret": sign("", now, body),
            "a secret that has ended": sign(FORMER, now, body),
            "a signature of 5:01 ago": sign(SECRET, now - 301, body),
            "a signature of the future": sign(SECRET, now + 400, body),
            "a time that was not signed": f"t={now + 1},{digest}",
            "two times": f"t={now - 400},{good}",
            "a digest cut short": good[:-1],
            "a digest of other letters": f"t={now},v1=" + "g" * 64,
            "a thousand guesses in one header": f"t={now}," + ",".join(f"v1={n:064x}" for n in range(900)),
        }
        auth = {"Authorization": f"Bearer {self.signed_key}"}
        cases = {name: {**auth, "body": body, "Usage_Signature": value} for name, value in signed.items()}
        for place in (0, len(body) // 2, len(body) - 1):
            cases[f"byte {place} flipped"] = {**auth, "body": flipped(body, place), "Usage_Signature": good}
        cases["signed before packing"] = {**auth, "body": packed, "Usage_Signature": good, "Content_Encoding": "gzip"}
        return cases


def prepare(env):
    """(keys, signed key): sources that take requests, keys that open one, and keys that should open none."""
    source = env["usage.source"].create(
        {"name": "Open", "code": "open", "transport": "http", "tz": "UTC", "max_age_days": 40000}
    )
    other = source.copy({"name": "Signed", "code": "signed", "transport": "http", "http_is_signed": True})
    other.http_new_secret = FORMER
    other.http_new_secret = SECRET
    other.action_stop_former_secret()
    shut = source.copy({"name": "Shut", "code": "shut", "transport": "http"})
    keys = {"good": _issue(env, source), "a revoked key": _issue(env, source), "a key that has ended": None}
    source.ingestion_key_ids.filtered(lambda key: key.id == max(source.ingestion_key_ids.ids)).action_revoke()
    keys["a key that has ended"] = ended = _issue(env, source)
    env.flush_all()
    env.cr.execute(
        "UPDATE res_users_apikeys SET expiration_date = now() AT TIME ZONE 'UTC' - interval '1 second'"
        " WHERE index = %s",
        (ended[:8],),
    )
    archived = source.copy({"name": "Archived", "code": "archived", "transport": "http"})
    keys["a key of an archived user"] = _issue(env, archived)
    archived.ingestion_key_ids.user_id.active = False
    keys["a key of a source that is shut"] = _issue(env, shut)
    shut.http_enabled = False
    owner = source.ingestion_key_ids.user_id[:1]
    users = env["res.users.apikeys"]
    keys["an administrator's general key"] = (
        users.with_user(env.ref("base.user_admin")).sudo()._generate(None, "P25", None)
    )
    later = owner.create_date + timedelta(days=30)
    keys["a key of another scope"] = users.with_user(owner).sudo()._generate("rpc", "P25", later)
    keys["a key of ours without end"] = users.with_user(owner).sudo()._generate("usage_ingest", "P25", None)
    keys["a key of ours without source"] = users.with_user(owner).sudo()._generate("usage_ingest", "P25", later)
    return keys, _issue(env, other)


def _issue(env, source):
    from bench.door import make_key

    return make_key(env, source)


def guess(server, good, count, senders):
    """{status: how many} of `count` guessed keys from one address, and of the good key sent meanwhile."""
    told, honest, numbers, lock = {}, {}, iter(range(count)), threading.Lock()

    def knock():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            status, _answer = server.send(event("attack"), Authorization=f"Bearer {number:040x}")
            with lock:
                told[status] = told.get(status, 0) + 1
            if not number % 100:
                status, _answer = server.send(event("honest"), Authorization=f"Bearer {good}")
                with lock:
                    honest[status] = honest.get(status, 0) + 1

    workers = [threading.Thread(target=knock) for _sender in range(senders)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return told, honest
