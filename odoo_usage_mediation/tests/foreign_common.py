from datetime import datetime
from decimal import Decimal

from odoo import Command

from .common import MediationCommon


class ForeignCommon(MediationCommon):
    """Files read by the profiles that come with the addon."""

    def source_of(self, stem, *codes):
        """A source that reads with a shipped profile; the printer of the company counts the metrics too."""
        for code in codes:
            metric = self.env["usage.metric"].create(
                {
                    "name": code,
                    "code": code,
                    "uom_id": self.env.ref("uom.product_uom_unit").id,
                    "accept_negative": True,
                }
            )
            line = self.line.copy({"usage_metric_id": metric.id, "contract_id": self.line.contract_id.id})
            self.devices[0].write(
                {"assignment_ids": [Command.create({"contract_line_id": line.id, "start_at": datetime(2020, 1, 1)})]}
            )
        return self.env["usage.source"].create(
            {
                "name": stem,
                "code": stem,
                "transport": "file",
                "profile_id": self.env.ref(f"odoo_usage_mediation.usage_profile_{stem}").id,
                "tz": "Europe/Berlin",
                "max_age_days": 4000,
            }
        )

    def stored(self, source):
        self.env.cr.execute(
            """
            SELECT m.code, e.occurred_at, e.quantity::text FROM usage_event e
              JOIN usage_metric m ON m.id = e.metric_id WHERE e.source_id = %s ORDER BY 1, 2
            """,
            (source.id,),
        )
        return [(code, f"{at:%Y-%m-%d %H:%M}", Decimal(quantity)) for code, at, quantity in self.env.cr.fetchall()]
