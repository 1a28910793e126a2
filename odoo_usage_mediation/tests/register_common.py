"""Registers that are read: two printers, and what counts of their usage."""

from datetime import timedelta

from odoo.addons.odoo_usage_billing.store.buckets import rebuild_buckets
from odoo.addons.odoo_usage_billing.tests.common import UsageCommon, utc

START = utc(2026, 1, 5)
HOUR = timedelta(hours=1)


class RegisterCase(UsageCommon):
    """Two printers whose counters are read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract([cls.usage_line(cls.make_card(charge_model="per_unit", unit_price=0.01))])
        cls.line = cls.contract.contract_line_ids
        cls.make_subjects(cls.line, 2)
        cls.source.register_metric_ids = cls.metric

    def read(self, hours, value, kind=None, subject="PRN0001", **vals):
        dimensions = {"reading_kind": kind} if kind else None
        external_id = vals.pop("external_id", f"{subject}@{hours}")
        return self.record(subject, value, START + HOUR * hours, external_id, dimensions=dimensions, **vals)

    def standing(self, subject=None):
        """[(hours, quantity)] of the usage that counts, of all printers or of one."""
        self.assertEqual(rebuild_buckets(self.env.cr, self.line.ids), 0)
        domain = [("contract_line_id", "=", self.line.id)]
        if subject:
            domain.append(("subject_id.code", "=", subject))
        events = self.env["usage.event"].search(domain, order="occurred_at, id")
        return [
            (round((event.occurred_at - START.replace(tzinfo=None)) / HOUR, 3), event.quantity)
            for event in events
            if not event.voids_event_id and not event.is_voided
        ]

    def counts(self, batch):
        return batch.received_count, batch.accepted_count, batch.duplicate_count, batch.suspended_count
