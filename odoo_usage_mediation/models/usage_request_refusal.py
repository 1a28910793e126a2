import logging

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import api, fields, models
from odoo.sql_db import PoolError

_logger = logging.getLogger(__name__)

KEPT_DAYS = 400
# A flood is counted; a line for each would make the log its second victim.
QUIET = ("too_fast", "too_many_guesses")
COUNT = """
INSERT INTO usage_request_refusal AS r
       (source_id, company_id, day, code, refused_count, last_at, last_address, create_date, write_date)
SELECT s.id, s.company_id, now.at::date, %(code)s, 1, now.at, %(address)s, now.at, now.at
  FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS at) AS now
  LEFT JOIN usage_source s ON s.id = %(source)s
    ON CONFLICT (COALESCE(source_id, 0), day, code) DO UPDATE SET
       refused_count = r.refused_count + 1, last_at = EXCLUDED.last_at, last_address = EXCLUDED.last_address,
       write_date = EXCLUDED.write_date
"""


class UsageRequestRefusal(models.Model):
    """Requests that the HTTP door refused as a whole: how many a day, of which source, for which reason.

    A key that opens nothing has no source. Nothing of a request is kept, least of all its key.
    """

    _name = "usage.request.refusal"
    _description = "Refused Usage Requests"
    _order = "last_at DESC, id DESC"
    _rec_name = "code"

    source_id = fields.Many2one("usage.source", readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    day = fields.Date(required=True, readonly=True)
    code = fields.Char(string="Reason", required=True, readonly=True, help="As the sender was told it.")
    refused_count = fields.Integer(string="Requests", required=True, readonly=True)
    last_at = fields.Datetime(string="Last Time", required=True, readonly=True)
    last_address = fields.Char(string="Last Address", readonly=True)

    _one_per_day = models.UniqueIndex(
        "(COALESCE(source_id, 0), day, code)",
        "The day has its count of this reason already.",
    )

    @api.model
    def _count(self, code, source, address):
        """Count a refused request and write a line. `source`: (id, code), or None where the key opens none.

        In a transaction of its own: that of the request is undone.
        """
        source_id, source_code = source or (None, "-")
        if code not in QUIET:
            _logger.info("a usage request was refused: %s, source %s, from %s", code, source_code, address)
        try:
            with self.env.registry.cursor() as cr:
                if cr.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE:
                    # Requests that are refused together wait for each other instead of failing.
                    cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                cr.execute(COUNT, {"code": code, "source": source_id, "address": address})
        except (psycopg2.Error, PoolError) as error:
            # The sender is told all the same.
            _logger.warning("a refused usage request (%s) was not counted: %s", code, type(error).__name__)

    @api.autovacuum
    def _forget(self):
        """Delete the counts of more than a year ago."""
        self.env.cr.execute(
            "DELETE FROM usage_request_refusal WHERE day < (clock_timestamp() AT TIME ZONE 'UTC')::date - %s",
            (KEPT_DAYS,),
        )
