"""The loop of one source: collect messages, store a batch, COMMIT, acknowledge.

What protects usage is the order of these four. Everything else is patience: the broker may go away, the
database may go away, other transactions may be in the way; a message that cannot be stored is set aside.
"""

import logging
import math
import random
import time

from odoo import SUPERUSER_ID, api

from ..parsing.sparkplug import rebirth_command
from . import storing
from .connection import BrokerError, Connection
from .reader import Reader
from .settings import DEFAULT_NAME, read_settings
from .status import Status
from .turn import Turn

_logger = logging.getLogger(__name__)

POISON_ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 30
# After a stop is asked for, a batch that cannot be stored is left to the broker.
STOP_SECONDS = 20
REBIRTH_SECONDS = 30
TURN_SECONDS = 3
# A broker may let fewer messages wait than a batch has: see Filling.
LEAST_CEILING = 10
CEILING_SECONDS = 60
AT_ONCE_SECONDS = 0.05


class GivenUpError(Exception):
    """A stop was asked for and the database does not answer: the broker keeps the batch."""


class Filling:
    """When a batch is full: by count, by time, or by what the broker lets wait.

    A broker stops sending at its own limit of unacknowledged messages. Where that is below the batch,
    waiting for more is in vain: a batch that ended by time in silence, after which messages came at
    once, has shown the limit, and counts as full for a minute.
    """

    def __init__(self, count, seconds):
        self._count = count
        self._seconds = seconds
        self._ceiling = count
        self._ceiling_until = 0.0
        self._began_at = None
        self._tried = 0

    def limit(self):
        """How many messages fill a batch now."""
        if time.monotonic() > self._ceiling_until:
            self._ceiling = self._count
        return self._ceiling

    def left(self, waiting):
        """Seconds until the batch is due; 0 when it is."""
        if not waiting:
            self._began_at = None
            return self._seconds
        if self._began_at is None:
            self._began_at = time.monotonic()
        if waiting >= self.limit():
            return 0
        return max(0, self._began_at + self._seconds - time.monotonic())

    def flushed(self, count, silent_seconds):
        """A batch is stored; `silent_seconds`: for how long nothing had come before."""
        is_suspect = LEAST_CEILING <= count < self.limit() and silent_seconds > self._seconds / 3
        self._tried = count if is_suspect else 0
        self._began_at = None

    def resumed(self, since_flush):
        """Messages came again."""
        if self._tried and since_flush < AT_ONCE_SECONDS:
            self._ceiling, self._ceiling_until = self._tried, time.monotonic() + CEILING_SECONDS
        self._tried = 0


class Pauses:
    """Pauses that double, with some chance in them, up to the longest."""

    def __init__(self, longest=LONGEST_PAUSE_SECONDS):
        self._longest = longest
        self.reset()

    def reset(self):
        """Begin with a short one again."""
        self._next = FIRST_PAUSE_SECONDS

    def next(self):
        """Seconds to pause now."""
        pause, self._next = self._next, min(self._longest, 2 * self._next)
        return pause * random.uniform(0.5, 1)


class Listener:
    """Listens to one source until it is told to stop. `stop` is an Event."""

    def __init__(self, registry, source_id, stop, name=DEFAULT_NAME):
        self._registry = registry
        self._stop = stop
        self._name = name
        self._stop_by = None
        self._connection = None
        self._had_session = None
        self._rebirths = {}
        with registry.cursor() as cr:
            source = api.Environment(cr, SUPERUSER_ID, {})["usage.source"].browse(source_id)
            self.settings = read_settings(source, cr.dbname, name)
            self._reader = Reader(source)
        self._filling = Filling(self.settings.batch_count, self.settings.batch_seconds)
        self.status = Status(registry, self.settings, name)
        self._turn = Turn(source_id, name)

    def run(self):
        """Listen; returns after a stop, with everything that was stored acknowledged."""
        while not self._stop.is_set() and not self._take_turn():
            self._stop.wait(TURN_SECONDS)
        if self._stop.is_set():
            return
        self.status.now("starting")
        try:
            self._listen_again_and_again()
        except GivenUpError:
            _logger.warning("stopped without storing the last batch; the broker keeps it")
        finally:
            self.status.waiting = 0
            self.status.now("stopped")
            self._turn.release()

    def _take_turn(self):
        try:
            return self._turn.take(self._registry)
        except storing.OUTAGE as error:
            _logger.warning("the database does not answer: %s", str(error).strip())
            return False

    def _listen_again_and_again(self):
        pauses = Pauses()
        while not self._stop.is_set():
            try:
                if not self._take_turn():
                    raise BrokerError("The database does not answer, or another listener has this one's name.")
                self._listen(pauses)
            except BrokerError as error:
                if self._stop.is_set():
                    return
                self.status.failed("failed", error)
                self._stop.wait(max(0.5, pauses.next()))

    def _listen(self, pauses):
        """One connection, from its opening to its loss (BrokerError) or a stop."""
        self._connection = connection = Connection(self.settings.broker)
        connection.open(self._stop.is_set)
        pauses.reset()
        is_lost = self._had_session is True and not connection.has_session
        self._had_session = True
        self.status.count(connection=1, lost_session=int(is_lost))
        if is_lost:
            self.status.failed("connected", "The broker no longer knew the session: what waited in it is gone.")
        self.status.now("connected")
        flushed_at = 0.0
        while not connection.lost:
            left = self._filling.left(len(connection.waiting))
            if connection.waiting and (not left or self._stop.is_set()):
                self._flush()
                flushed_at = time.monotonic()
            elif self._stop.is_set():
                connection.close()
                return
            else:
                before = len(connection.waiting)
                limit = min(self._filling.limit(), self.settings.broker.receive_maximum)
                connection.pump(min(left, 0.5), limit)
                if connection.waiting and not before:
                    self._filling.resumed(time.monotonic() - flushed_at)
            self._beat()
        raise BrokerError(connection.lost)

    def _beat(self):
        self.status.waiting = len(self._connection.waiting)
        self.status.dropped = self._connection.dropped
        self.status.write()

    # -- a batch -----------------------------------------------------------------

    def _flush(self):
        connection = self._connection
        silent = time.monotonic() - connection.arrived_at
        messages = connection.take()
        self.status.waiting = len(messages)
        self._deliver(messages)
        self._filling.flushed(len(messages), silent)

    def _deliver(self, messages, attempts=0):
        """Store messages together, else in parts, else one by one; each is acknowledged once it is committed.

        One message that always raises must not stop the others, nor slow them down much: after the last of its
        attempts it goes to suspense, and is out of the way.
        """
        try:
            self._store(messages)
            return
        except GivenUpError:
            raise
        except Exception as failure:  # noqa: BLE001 - it is counted, and kept in suspense below
            error, attempts = failure, attempts + 1
        if attempts == POISON_ATTEMPTS:
            self._give_up(messages[0], attempts, error)
            return
        _logger.warning("%s messages cannot be stored as a whole: %s", len(messages), error)
        size = 1 if attempts == POISON_ATTEMPTS - 1 else math.isqrt(len(messages))
        for message in messages:
            message.read = None
        for start in range(0, len(messages), size):
            self._deliver(messages[start : start + size], attempts)
            # Many transactions take long: the broker must not take us for gone, nor we the broker.
            self._connection.pump(0)

    def _give_up(self, message, attempts, error):
        _logger.error("a message on %s failed %s times and goes to suspense: %s", message.topic, attempts, error)
        self._store([message], lambda: self._commit_poison(message, attempts, error))

    def _commit_poison(self, message, attempts, error):
        return storing.commit_poison(self._registry, self.settings, message, attempts, error)

    def _store(self, messages, commit=None):
        outcome = self._patiently(commit or (lambda: self._commit(messages)))
        self._connection.acknowledge(messages)
        self.status.stored(outcome)
        self._ask_for_births(outcome.rebirths)

    def _commit(self, messages):
        self._registry = self._registry.check_signaling()
        return storing.commit(self._registry, self.settings, self._reader, messages)

    def _patiently(self, commit):
        """Commit on a fresh transaction each time, until contention and outages are over."""
        pauses = Pauses()
        while True:
            try:
                outcome = commit()
                break
            except storing.NO_OUTAGE:
                raise
            except storing.CONTENTION as error:
                _logger.info("contention, the batch is tried again: %s", str(error).strip())
            except storing.OUTAGE as error:
                self.status.failed("waiting", f"The database does not answer: {str(error).strip()}")
            self.status.count(retry=1)
            self._pause(pauses.next())
        if self.status.state == "waiting":
            self.status.now("connected")
        return outcome

    def _pause(self, seconds):
        """Wait, and keep the connection alive; once a stop is asked for, not for ever."""
        if self._stop.is_set():
            self._stop_by = self._stop_by or time.monotonic() + STOP_SECONDS
            if time.monotonic() > self._stop_by:
                raise GivenUpError
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._connection.lost:
                time.sleep(min(left, 0.2))
            else:
                self._connection.pump(min(left, 0.2))

    def _ask_for_births(self, topics):
        now = time.monotonic()
        for topic in topics:
            if now - self._rebirths.get(topic, -REBIRTH_SECONDS) >= REBIRTH_SECONDS:
                self._rebirths[topic] = now
                self._connection.publish(topic, rebirth_command(int(time.time() * 1000)))
