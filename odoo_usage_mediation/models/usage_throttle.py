from math import ceil

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import api, fields, models

# One statement decides, whoever else asks at the same moment: a request is let in when the time
# already spoken for, with this request's share added, ends within the next minute.
TAKE = """
INSERT INTO usage_throttle AS t (source_id, spoken_for_until)
VALUES (%(source)s, clock_timestamp() AT TIME ZONE 'UTC' + interval '1 minute' / %(limit)s)
ON CONFLICT (source_id) DO UPDATE SET spoken_for_until =
       greatest(t.spoken_for_until, clock_timestamp() AT TIME ZONE 'UTC') + interval '1 minute' / %(limit)s
 WHERE greatest(t.spoken_for_until, clock_timestamp() AT TIME ZONE 'UTC') + interval '1 minute' / %(limit)s
       <= clock_timestamp() AT TIME ZONE 'UTC' + interval '1 minute'
RETURNING 1
"""
WAIT = """
SELECT extract(epoch FROM spoken_for_until + interval '1 minute' / %(limit)s - interval '1 minute'
       - clock_timestamp() AT TIME ZONE 'UTC')
  FROM usage_throttle WHERE source_id = %(source)s
"""


def take(cr, source_id, per_minute):
    """Let a request in (0) or return the seconds after which the next one may come.

    At most `per_minute` at once, then evenly spread.
    """
    params = {"source": source_id, "limit": per_minute}
    cr.execute(TAKE, params)
    if cr.fetchone():
        return 0
    cr.execute(WAIT, params)
    found = cr.fetchone()
    return max(1, ceil(found[0])) if found else 1


class UsageThrottle(models.Model):
    """How much of a source's pace is used up. One row per source, kept in step between workers."""

    _name = "usage.throttle"
    _description = "Usage Throttle"
    _log_access = False

    source_id = fields.Many2one("usage.source", required=True, readonly=True, ondelete="cascade")
    spoken_for_until = fields.Datetime(required=True, readonly=True)

    _source_unique = models.UniqueIndex("(source_id)", "The source has its pace already.")

    @api.model
    def _take(self, source):
        """Let a request of `source` in (0), or return the seconds to wait.

        In a transaction of its own, which lasts for one statement: the request may wait for
        other locks and be run again, its pace is counted once and holds nobody up.
        """
        with self.env.registry.cursor() as cr:
            # Under repeatable read, requests that come together would fail instead of waiting for
            # each other. A transaction that has begun already (in a test) keeps its own level.
            if cr.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE:
                cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            return take(cr, source.id, source.http_requests_per_minute)
