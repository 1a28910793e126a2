from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import api, fields, models

# Of keys that open nothing, from one address: a device with an old key is told so, somebody who guesses is slowed down.
GUESSES_PER_MINUTE = 60
# Whoever has an address of IPv6 has as many of these as he likes.
IPV6_PREFIX = 64

# One statement decides, whoever else asks at the same moment: a request is let in when the time
# already spoken for, with this request's share added, ends within the next minute.
TAKE = """
INSERT INTO usage_throttle AS t (source_id, address, spoken_for_until)
VALUES (%(source)s, %(address)s, clock_timestamp() AT TIME ZONE 'UTC' + interval '1 minute' / %(limit)s)
ON CONFLICT (COALESCE(source_id, 0), COALESCE(address, '')) DO UPDATE SET spoken_for_until =
       greatest(t.spoken_for_until, clock_timestamp() AT TIME ZONE 'UTC') + interval '1 minute' / %(limit)s
 WHERE greatest(t.spoken_for_until, clock_timestamp() AT TIME ZONE 'UTC') + interval '1 minute' / %(limit)s
       <= clock_timestamp() AT TIME ZONE 'UTC' + interval '1 minute'
RETURNING 1
"""
WAIT = """
SELECT extract(epoch FROM spoken_for_until + interval '1 minute' / %(limit)s - interval '1 minute'
       - clock_timestamp() AT TIME ZONE 'UTC')
  FROM usage_throttle
 WHERE COALESCE(source_id, 0) = COALESCE(%(source)s, 0) AND COALESCE(address, '') = COALESCE(%(address)s, '')
"""


def take(cr, source_id, per_minute, address=None):
    """Let a request in (0) or return the seconds after which the next one may come.

    At most `per_minute` at once, then evenly spread. Of a source, or of an address that guesses keys.
    """
    params = {"source": source_id, "address": address, "limit": per_minute}
    cr.execute(TAKE, params)
    if cr.fetchone():
        return 0
    cr.execute(WAIT, params)
    found = cr.fetchone()
    return max(1, ceil(found[0])) if found else 1


def network_of(address):
    """What counts as one sender: an address of IPv4, a /64 of IPv6; "" for what is no address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found.packed, IPV6_PREFIX), strict=False))


class UsageThrottle(models.Model):
    """How much of a pace is used up, kept in step between workers.

    One row per source that takes requests, and one per address that sent keys which open nothing.
    """

    _name = "usage.throttle"
    _description = "Usage Throttle"
    _log_access = False

    source_id = fields.Many2one("usage.source", readonly=True, ondelete="cascade")
    address = fields.Char(readonly=True)
    spoken_for_until = fields.Datetime(required=True, readonly=True)

    _one_unique = models.UniqueIndex(
        "(COALESCE(source_id, 0), COALESCE(address, ''))",
        "The source or address has its pace already.",
    )
    _one_of_two = models.Constraint(
        "CHECK ((source_id IS NULL) <> (address IS NULL))",
        "A pace belongs to a source or to an address.",
    )

    @api.model
    def _take(self, source):
        """Let a request of `source` in (0), or return the seconds to wait."""
        return self._take_alone(source.id, source.http_requests_per_minute, None)

    @api.model
    def _take_guess(self, address):
        """Let an address be told that its key opens nothing (0), or return the seconds to wait."""
        return self._take_alone(None, GUESSES_PER_MINUTE, network_of(address))

    def _take_alone(self, source_id, per_minute, address):
        """Take in a transaction of its own, which lasts for one statement.

        The request may wait for other locks and be run again; its pace is counted once and holds nobody up.
        """
        with self.env.registry.cursor() as cr:
            # Under repeatable read, requests that come together would fail instead of waiting for
            # each other. A transaction that has begun already (in a test) keeps its own level.
            if cr.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE:
                cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            return take(cr, source_id, per_minute, address)

    @api.autovacuum
    def _forget_addresses(self):
        """Delete the rows of addresses that have been quiet."""
        self.env.cr.execute(
            "DELETE FROM usage_throttle WHERE address IS NOT NULL"
            " AND spoken_for_until < clock_timestamp() AT TIME ZONE 'UTC'"
        )
