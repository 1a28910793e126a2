"""A source of messages and what its listener does with a batch, without a broker."""

import json

from odoo.addons.odoo_usage_mediation.mqtt.messages import Message
from odoo.addons.odoo_usage_mediation.mqtt.reader import Reader
from odoo.addons.odoo_usage_mediation.mqtt.settings import read_settings
from odoo.addons.odoo_usage_mediation.mqtt.storing import store

from .common import MediationCommon


class MqttCommon(MediationCommon):
    """JSON events of three printers on usage/<serial>/events, numbered in seq where they are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.feed = cls.make_source()

    @classmethod
    def make_source(cls, **vals):
        return cls.env["usage.source"].create(
            {
                "name": "Broker",
                "code": vals.pop("code", "broker"),
                "company_id": cls.company.id,
                "transport": "mqtt",
                "tz": "UTC",
                "max_age_days": 4000,
                **vals,
            }
        )

    def deliver(self, *messages, source=None):
        """Store messages as a listener would; returns (batch, outcome)."""
        source = source or self.feed
        before = self.env["usage.batch"].search([], order="id DESC", limit=1).id
        settings = read_settings(source, self.env.cr.dbname, environ={})
        outcome = store(self.env, settings, Reader(source), list(messages))
        batch = self.env["usage.batch"].search([("source_id", "=", source.id)], order="id DESC", limit=1)
        self.assertGreater(batch.id, before or 0)
        return batch, outcome

    @staticmethod
    def event(serial="PRN0001", topic=None, **vals):
        """A message with one JSON event; a value of None leaves the attribute out."""
        event = {"id": "1", "subject": serial, "metric": "pages", "time": "2026-01-15T12:00:00Z", "quantity": 5, **vals}
        content = json.dumps({name: value for name, value in event.items() if value is not None})
        return Message(topic or f"usage/{serial}/events", content.encode(), mid=1)

    def reasons(self, batch):
        return batch.suspense_ids.sorted("row_number").mapped("reason_code")
