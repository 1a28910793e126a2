"""The process: a thread with a listener for each source, until SIGTERM.

Sources are looked at every few seconds: a new one is listened to, a changed one anew, an archived one no more.
"""

import logging
import signal
import threading
import time

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import PoolError

from .listener import Listener

_logger = logging.getLogger(__name__)

LOOK_SECONDS = 5
RESTART_SECONDS = 10
JOIN_SECONDS = 45


class UnknownSourceError(Exception):
    """A source that was asked for by its code is not there."""


class Supervisor:
    """Keeps one thread per source; `codes` empty means every MQTT source of the database."""

    def __init__(self, database, codes, name):
        self._registry = Registry(database)
        self._codes = codes
        self._name = name
        self._threads = {}
        self._restart_at = {}
        self.stop = threading.Event()

    def serve(self):
        """Listen until `stop` is set, then wait for the last batches."""
        self._check_codes()
        while not self.stop.is_set():
            try:
                self._look()
            except (psycopg2.Error, PoolError) as error:
                _logger.warning("the sources cannot be read, the database does not answer: %s", str(error).strip())
            self.stop.wait(LOOK_SECONDS)
        for _version, event, _thread in self._threads.values():
            event.set()
        deadline = time.monotonic() + JOIN_SECONDS
        for _version, _event, thread in self._threads.values():
            thread.join(max(0, deadline - time.monotonic()))
        _logger.info("all listeners have stopped")

    def _check_codes(self):
        missing = set(self._codes) - {code for _id, code, _version in self._sources()}
        if missing:
            raise UnknownSourceError(", ".join(sorted(missing)))

    def _sources(self):
        """[(id, code, version)] of the sources to listen to; a change of settings is a new version."""
        with self._registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            sources = env["usage.source"].search([("transport", "=", "mqtt")])
            return [
                (source.id, source.code, (source.write_date, source.profile_id.write_date))
                for source in sources
                if not self._codes or source.code in self._codes
            ]

    def _look(self):
        self._registry = self._registry.check_signaling()
        wanted = {id_: version for id_, _code, version in self._sources()}
        for id_, (version, event, thread) in list(self._threads.items()):
            if wanted.get(id_) != version:
                event.set()
            if not thread.is_alive():
                del self._threads[id_]
        for id_, version in wanted.items():
            if id_ not in self._threads and time.monotonic() >= self._restart_at.get(id_, 0):
                self._start(id_, version)

    def _start(self, source_id, version):
        event = threading.Event()
        thread = threading.Thread(target=self._listen, args=(source_id, event), name=f"usage.source {source_id}")
        thread.daemon = True
        thread.dbname = self._registry.db_name
        self._threads[source_id] = (version, event, thread)
        thread.start()

    def _listen(self, source_id, event):
        """The body of a thread. Whatever ends it is told, and it is begun anew after a while."""
        try:
            Listener(self._registry, source_id, event, self._name).run()
        except Exception:
            _logger.exception("the listener of source %s ended", source_id)
            self._restart_at[source_id] = time.monotonic() + RESTART_SECONDS


def serve(database, codes, name):
    """Listen to the sources of a database until SIGTERM or SIGINT."""
    supervisor = Supervisor(database, codes, name)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: supervisor.stop.set())
    supervisor.serve()
