from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import MiCommon


@tagged("post_install", "-at_install")
class TestReports(MiCommon):
    def test_usage_report(self):
        line = self.contract.contract_line_ids
        rows = self.env["usage.report"].search([("contract_line_id", "=", line.id)])
        self.assertEqual(sorted(rows.mapped("quantity")), [250, 400, 700])
        self.assertEqual(rows.partner_id, self.customer)
        self.assertEqual(rows.contract_id, self.contract)
        groups = self.env["usage.report"]._read_group(
            [("contract_line_id", "=", line.id)],
            ["end_user_id", "location"],
            ["quantity:sum", "quantity_max:max", "event_count:sum"],
        )
        found = {(user.name, place): numbers for user, place, *numbers in groups}
        self.assertEqual(found["Ada N", "Ground floor N"], [950, 700, 2])
        self.assertEqual(found[False, False], [400, 400, 1])

    def test_usage_report_follows_a_moved_subject(self):
        rows = self.env["usage.report"].search([("subject_id.code", "=", "N0002")])
        rows.subject_id.location = "Cellar"
        self.assertEqual(self.env["usage.report"].search([("location", "=", "Cellar")]), rows)

    def test_usage_report_leads_to_events(self):
        row = self.env["usage.report"].search([("quantity", "=", 400)], limit=1)
        events = self.env["usage.event"].search(row.action_view_events()["domain"])
        self.assertEqual(events.mapped("quantity"), [400])

    def test_counting_metric_counts_events(self):
        self.metric.aggregation = "count"
        rows = self.env["usage.report"].search([("contract_id", "=", self.contract.id)])
        self.assertEqual(sum(rows.mapped("quantity")), 3)

    def test_charge_report_equals_charges(self):
        invoice = self.invoice_last_month()
        rows = self.env["usage.charge.report"].search([("contract_id", "=", self.contract.id)])
        self.assertEqual(sum(rows.mapped("amount")), invoice.amount_untaxed)
        self.assertEqual(set(rows.mapped("kind")), {"baseline", "excess"})
        self.assertEqual(rows.move_id, invoice)
        self.assertEqual(rows.charge_id.component_ids.filtered("amount").ids, sorted(rows.ids))

    def test_differences_count_once_they_are_accepted(self):
        self.invoice_last_month()
        charge = self.contract.contract_line_ids.usage_charge_ids
        report = self.env["usage.charge.report"]
        before = sum(report.search([("charge_id", "=", charge.id)]).mapped("amount"))
        self.send([self.record("N0001", 300, self.noon(self.last_month + timedelta(days=5)))])
        adjustment = self.contract._usage_look()
        self.assertFalse(report.search([("adjustment_id", "=", adjustment.id)]))
        adjustment.action_accept()
        rows = report.search([("charge_id", "=", charge.id)])
        self.assertEqual(round(sum(rows.mapped("amount")), 2), round(before + adjustment.amount, 2))
        self.assertEqual(set(rows.filtered("adjustment_id").mapped("state")), {"rated"})
        adjustment.action_bill_now()
        rows = report.search([("move_id", "=", adjustment.move_id.id)])
        self.assertEqual(sum(rows.mapped("amount")), adjustment.move_id.amount_untaxed)

    def test_released_charges_do_not_count(self):
        self.contract.usage_invoice_policy = "draft"
        self.invoice_last_month().button_cancel()
        self.assertFalse(self.env["usage.charge.report"].search([("contract_id", "=", self.contract.id)]))

    def test_rights(self):
        viewer = new_test_user(
            self.env,
            login="usage.viewer",
            groups="odoo_usage_billing.group_usage_viewer",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        plain = new_test_user(
            self.env,
            login="plain",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        for name in ("usage.report", "usage.charge.report"):
            model = self.env[name]
            self.assertTrue(model.with_user(viewer).has_access("read"))
            for right in ("write", "create", "unlink"):
                self.assertFalse(model.with_user(viewer).has_access(right))
            for user in (plain, self.reader):
                with self.assertRaises(AccessError):
                    model.with_user(user).search([])

    def test_company(self):
        """Usage of another company stays with that company."""
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        viewer = new_test_user(
            self.env,
            login="elsewhere",
            groups="odoo_usage_billing.group_usage_viewer",
            company_id=elsewhere.id,
            company_ids=elsewhere.ids,
        )
        report = self.env["usage.report"].with_user(viewer)
        self.assertFalse(report.search([("contract_id", "=", self.contract.id)]))

    def test_views_open(self):
        for name in ("usage_report_action", "usage_charge_report_action"):
            action = self.env.ref(f"odoo_usage_mi.{name}")
            model = self.env[action.res_model]
            views = [(False, mode) for mode in action.view_mode.split(",")]
            model.get_views(views + [(False, "search")])
            for filter_name in ("today =1d", "today =1d -12m"):
                field = "usage_date" if name == "usage_report_action" else "date_start"
                model.search_count([(field, ">=", filter_name)])
