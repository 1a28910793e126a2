from odoo.tests import HttpCase, tagged

from odoo.addons.odoo_usage_billing.tests.common_prepaid import PrepaidCommon

from .common import MiCommon


@tagged("post_install", "-at_install")
class TestPortalPrepaid(PrepaidCommon, HttpCase):
    """A customer sees his own balance and its movements, and of nobody else a single one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.voucher.usage_prepaid_months = 6
        cls.reader = MiCommon.make_reader.__func__(cls, "own.reader", cls.customer)
        cls.stranger = MiCommon.make_reader.__func__(cls, "other.reader", cls.partner_b)
        cls.buy(100)

    def test_own_balance_and_movements(self):
        self.use(1200)
        move = self.bill()
        self.authenticate("own.reader", "own.reader")
        page = self.url_open("/my/balance").text
        for text in ("88.00", "100.00", "Drawn", "Granted", move.name, "30 Jun 2026"):
            self.assertIn(text, page)
        counters = self.make_jsonrpc_request("/my/counters", {"counters": ["prepaid_count"]})
        self.assertEqual(counters["prepaid_count"], 1)

    def test_a_draft_is_not_named(self):
        self.contract.usage_invoice_policy = "draft"
        self.use(1200)
        move = self.bill()
        self.authenticate("own.reader", "own.reader")
        page = self.url_open("/my/balance").text
        self.assertIn("88.00", page)
        self.assertNotIn(f"/my/invoices/{move.id}", page)

    def test_nothing_of_others(self):
        self.authenticate("other.reader", "other.reader")
        page = self.url_open("/my/balance").text
        self.assertIn("You have no prepaid balance", page)
        self.assertNotIn("100.00", page)
        counters = self.make_jsonrpc_request("/my/counters", {"counters": ["prepaid_count"]})
        self.assertEqual(counters["prepaid_count"], 0)

    def test_needs_login(self):
        response = self.url_open("/my/balance", allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])
