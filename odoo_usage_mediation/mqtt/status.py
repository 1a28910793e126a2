"""What a listener says about itself, written in short transactions of its own."""

import logging
import os
import socket
import time
from collections import deque
from datetime import datetime, timezone

import psycopg2

from odoo.sql_db import PoolError

_logger = logging.getLogger(__name__)

BEAT_SECONDS = 10
BUSY_SECONDS = 1
RATE_SECONDS = 60
MAX_ERROR_CHARS = 500
COUNTS = (
    "message",
    "batch",
    "accepted",
    "duplicate",
    "suspended",
    "filtered",
    "retry",
    "connection",
    "lost_session",
)
WRITE = """
    INSERT INTO usage_listener AS l (
        source_id, company_id, name, state, host, process_number, started_at, seen_at, last_message_at,
        lag_seconds, rate, waiting_count, message_count, batch_count, accepted_count, duplicate_count,
        suspended_count, filtered_count, retry_count, connection_count, lost_session_count, dropped_count,
        last_error, last_error_at, create_date, write_date)
    SELECT s.id, s.company_id, %(name)s, %(state)s, %(host)s, %(process)s, %(started_at)s,
           now() AT TIME ZONE 'UTC', %(last_message_at)s, %(lag)s, %(rate)s, %(waiting)s, %(message)s, %(batch)s,
           %(accepted)s, %(duplicate)s, %(suspended)s, %(filtered)s, %(retry)s, %(connection)s, %(lost_session)s,
           %(dropped)s, %(error)s, %(error_at)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM usage_source s WHERE s.id = %(source)s
    ON CONFLICT (source_id, name) DO UPDATE SET
        state = EXCLUDED.state, host = EXCLUDED.host, process_number = EXCLUDED.process_number,
        started_at = EXCLUDED.started_at, seen_at = EXCLUDED.seen_at, rate = EXCLUDED.rate,
        last_message_at = COALESCE(EXCLUDED.last_message_at, l.last_message_at),
        lag_seconds = COALESCE(EXCLUDED.lag_seconds, l.lag_seconds), waiting_count = EXCLUDED.waiting_count,
        message_count = COALESCE(l.message_count, 0) + EXCLUDED.message_count,
        batch_count = COALESCE(l.batch_count, 0) + EXCLUDED.batch_count,
        accepted_count = COALESCE(l.accepted_count, 0) + EXCLUDED.accepted_count,
        duplicate_count = COALESCE(l.duplicate_count, 0) + EXCLUDED.duplicate_count,
        suspended_count = COALESCE(l.suspended_count, 0) + EXCLUDED.suspended_count,
        filtered_count = COALESCE(l.filtered_count, 0) + EXCLUDED.filtered_count,
        retry_count = COALESCE(l.retry_count, 0) + EXCLUDED.retry_count,
        connection_count = COALESCE(l.connection_count, 0) + EXCLUDED.connection_count,
        lost_session_count = COALESCE(l.lost_session_count, 0) + EXCLUDED.lost_session_count,
        dropped_count = COALESCE(EXCLUDED.dropped_count, l.dropped_count),
        last_error = COALESCE(EXCLUDED.last_error, l.last_error),
        last_error_at = COALESCE(EXCLUDED.last_error_at, l.last_error_at), write_date = EXCLUDED.write_date
"""


class Status:
    """Adds up what happened and writes it about once a second, at least every ten."""

    def __init__(self, registry, settings, name):
        self._registry = registry
        self._source_id = settings.source_id
        self._broker = settings.broker
        self._name = name
        self._started_at = _now()
        self._counts = dict.fromkeys(COUNTS, 0)
        self._recent = deque()
        self._written = 0.0
        self._is_new = True
        self.state = "starting"
        self.waiting = 0
        self.dropped = None
        self._last_message_at = self._lag = self._error = self._error_at = None

    def count(self, **numbers):
        """Add to counts."""
        for name, number in numbers.items():
            self._counts[name] += number
        self._is_new = True

    def stored(self, outcome):
        """A batch is committed."""
        self.count(
            message=outcome.messages,
            batch=1,
            accepted=outcome.accepted,
            duplicate=outcome.duplicate,
            suspended=outcome.suspended,
            filtered=outcome.filtered,
        )
        self._last_message_at = _now()
        if outcome.newest_at:
            self._lag = max(0, (datetime.now(timezone.utc) - outcome.newest_at).total_seconds())
        self._recent.append((time.monotonic(), outcome.messages))

    def failed(self, state, error):
        """Something went wrong; `error` is what a person reads."""
        self._error = self._broker.without_secret(str(error))[:MAX_ERROR_CHARS].replace("\0", "")
        self._error_at = _now()
        _logger.warning("listener %s of source %s: %s", self._name, self._source_id, self._error)
        self.now(state)

    def now(self, state):
        """Enter a state; written at once."""
        self._is_new = self._is_new or self.state != state
        self.state = state
        self.write(force=True)

    def write(self, force=False):
        """Write when it is time. A database that is away hears of it later."""
        since = time.monotonic() - self._written
        if not force and since < (BUSY_SECONDS if self._is_new else BEAT_SECONDS):
            return
        self._written = time.monotonic()
        try:
            with self._registry.cursor() as cr:
                cr.execute("SET LOCAL lock_timeout = '2s'")
                cr.execute(WRITE, self._values())
        except (psycopg2.Error, PoolError) as error:
            _logger.info("the status of listener %s was not written: %s", self._name, str(error).strip())
            return
        self._counts = dict.fromkeys(COUNTS, 0)
        self._last_message_at = self._lag = self._error = self._error_at = None
        self._is_new = False

    def _values(self):
        return {
            **self._counts,
            "name": self._name,
            "source": self._source_id,
            "state": self.state,
            "host": socket.gethostname(),
            "process": os.getpid(),
            "started_at": self._started_at,
            "last_message_at": self._last_message_at,
            "lag": self._lag,
            "rate": self._rate(),
            "waiting": self.waiting,
            "dropped": self.dropped,
            "error": self._error,
            "error_at": self._error_at,
        }

    def _rate(self):
        now = time.monotonic()
        while self._recent and self._recent[0][0] < now - RATE_SECONDS:
            self._recent.popleft()
        return sum(count for _at, count in self._recent) / RATE_SECONDS


def _now():
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
