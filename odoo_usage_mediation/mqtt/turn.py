"""At most one listener of a name per source: a lock of PostgreSQL that dies with its holder.

A broker lets the second connection of one client id push out the first, often without a word.
"""

# Each statement here is a transaction of its own, on a connection that holds nothing but the lock.
# pylint: disable=invalid-commit

import logging

import psycopg2

_logger = logging.getLogger(__name__)

TAKE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
TELL = """
    UPDATE usage_listener SET last_error = %s, last_error_at = now() AT TIME ZONE 'UTC'
     WHERE source_id = %s AND name = %s
"""


class Turn:
    """Held from `take` until `release`, on a connection of its own; lost with it."""

    def __init__(self, source_id, name):
        self._source_id = source_id
        self._name = name
        self._cr = None

    def take(self, registry):
        """Whether this listener may run. Taking again what is held is right; raises what the database raises."""
        if self._cr is not None and self._is_held():
            return True
        cr = registry.cursor()
        cr.execute(TAKE, (f"usage.listener {cr.dbname} {self._source_id} {self._name}",))
        is_ours = cr.fetchone()[0]
        if is_ours:
            self._cr = cr
        else:
            self._tell(cr)
        # Committed, so that no transaction stays open; the lock is the session's.
        cr.commit()
        if not is_ours:
            cr.close()
        return is_ours

    def _tell(self, cr):
        error = (
            f"Another listener named {self._name} of this source wanted to start and waits. "
            "Listeners that run at once each need a name (--name) and a group to share."
        )
        _logger.warning(error)
        cr.execute(TELL, (error, self._source_id, self._name))

    def _is_held(self):
        try:
            self._cr.execute("SELECT 1")
            self._cr.commit()
        except psycopg2.Error:
            self._forget()
            return False
        return True

    def _forget(self):
        cr, self._cr = self._cr, None
        try:
            cr.close()
        except psycopg2.Error as error:
            _logger.debug("the connection of the lock was gone: %s", error)

    def release(self):
        """Let the next one have its turn."""
        if self._cr is None:
            return
        try:
            self._cr.execute("SELECT pg_advisory_unlock_all()")
            self._cr.commit()
        except psycopg2.Error as error:
            _logger.debug("the lock was gone already: %s", error)
        self._forget()
