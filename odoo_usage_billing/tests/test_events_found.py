from datetime import datetime, timedelta, timezone

from odoo.tests import tagged

from ..store.keys import HASHED
from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestEventsFound(UsageCommon):
    """Events are found by id, owner and receipt without a look at all of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()

    def test_by_its_id_with_revisions_and_what_took_it_back(self):
        first = self.send([self.record("PRN0001", 5, external_id="evt-001"), self.record("PRN0002", 1)])
        first.action_void("Wrong quantity")
        self.send([self.record("PRN0001", 6, external_id="evt-001")])
        self.send([self.record("PRN0001", 7, external_id="other", replaces="evt-001")])
        Event = self.env["usage.event"]
        for operator, value in (("=", "evt-001"), ("in", ["evt-001", "nothing"])):
            found = Event.search([("known_as", operator, value)], order="id")
            self.assertEqual(found.mapped("quantity"), [5, -5, 6, -6])
        self.assertEqual(Event.search([("known_as", "=", "other")]).quantity, 7)
        self.assertEqual(found[:1].known_as, "evt-001")
        for value in ("evt-1", "EVT-001", "", False):
            self.assertFalse(Event.search([("known_as", "=", value)]))

    def test_of_every_source_whatever_the_form_of_its_keys(self):
        hashed = self.env["usage.source"].create({"name": "Old", "code": "old", "key_form": HASHED, "tz": "UTC"})
        batch = self.env["usage.batch"].create({"name": "old", "source_id": hashed.id})
        batch._store([self.record("PRN0001", 5, external_id="evt-001")])
        self.send([self.record("PRN0001", 6, external_id="evt-001")])
        hashed.active = False
        found = self.env["usage.event"].search([("known_as", "=", "evt-001")])
        self.assertEqual(found.source_id, hashed | self.source)

    def test_only_what_one_may_see(self):
        self.send([self.record("PRN0001", 5, external_id="evt-001")])
        company = self.env["res.company"].create({"name": "Other"})
        user = self.env["res.users"].create(
            {
                "name": "Elsewhere",
                "login": "elsewhere",
                "company_id": company.id,
                "company_ids": company.ids,
                "group_ids": [(6, 0, [self.env.ref("odoo_usage_billing.group_usage_viewer").id])],
            }
        )
        self.assertFalse(self.env["usage.event"].with_user(user).search([("known_as", "=", "evt-001")]))

    def test_an_owner_shows_the_last_days_where_there_are_any(self):
        device, line = self.devices[0], self.line
        self.send([self.record(device.code, 5, utc(2026, 1, 15, 12))])
        for owner, action in ((device, device.action_view_events), (line, line.action_view_usage_events)):
            with self.subTest(owner=owner._name):
                shown = action()
                self.assertEqual(shown["context"], {"search_default_last_30_days": False})
                self.assertEqual(self.env["usage.event"].search(shown["domain"]).quantity, 5)
        now = datetime.now(timezone.utc) - timedelta(days=1)
        self.send([self.record(device.code, 6, now)])
        self.assertEqual(device.action_view_events()["context"], {"search_default_last_30_days": True})
        self.assertEqual(self.devices[1].action_view_events()["context"], {"search_default_last_30_days": False})

    def test_the_list_is_in_the_order_of_an_index(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_event_action")
        views = {kind: id_ for id_, kind in action["views"]}
        arch = self.env["usage.event"].get_view(views["list"], "list")["arch"]
        self.assertIn('default_order="id desc"', arch)
        self.env.cr.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off")
        query = self.env["usage.event"]._search([], order="id desc", limit=80)
        self.env.cr.execute("EXPLAIN " + query.select().code, query.select().params)
        plan = "\n".join(row for (row,) in self.env.cr.fetchall())
        self.assertIn("Merge Append", plan)
        self.assertNotIn("Sort  ", plan)
