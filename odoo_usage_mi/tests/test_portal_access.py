from odoo.tests import HttpCase, tagged

from .common import MiCommon


@tagged("post_install", "-at_install")
class TestPortalAccess(MiCommon, HttpCase):
    """A portal user sees the contracts he follows, and of nobody else a single name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_fleet("South fleet", cls.partner_b, "S")
        cls.stranger = cls.make_reader("south.reader", cls.partner_b)
        cls.other.message_subscribe(partner_ids=cls.stranger.partner_id.ids)

    def addresses(self, contract):
        root = f"/my/usage/{contract.id}"
        return [root, f"{root}/page/2", f"{root}/usage.xlsx"]

    def test_own(self):
        self.authenticate("north.reader", "north.reader")
        for address in self.addresses(self.contract):
            response = self.url_open(address)
            self.assertEqual(response.status_code, 200, address)
            self.assertIn(f"/my/usage/{self.contract.id}", response.url)
        page = self.url_open("/my/usage").text
        self.assertIn("North fleet", page)
        self.assertNotIn("South fleet", page)

    def test_not_of_others(self):
        self.authenticate("south.reader", "south.reader")
        for address in self.addresses(self.contract):
            response = self.url_open(address, allow_redirects=False)
            self.assertIn(response.status_code, (303, 404), address)
            self.assertNotIn("N0001", response.text)
            self.assertNotIn("North fleet", response.text)
        page = self.url_open("/my/usage").text
        self.assertIn("South fleet", page)
        self.assertNotIn("North fleet", page)

    def test_foreign_line_and_period_are_ignored(self):
        """Ids of another contract in the address show nothing of it."""
        self.authenticate("south.reader", "south.reader")
        line = self.contract.contract_line_ids
        page = self.url_open(f"/my/usage/{self.other.id}?line={line.id}&period=x&sortby=x&search=N0001").text
        self.assertNotIn("Pages N", page)
        self.assertNotIn("Ada N", page)

    def test_colleague_sees_when_he_follows(self):
        colleague = self.make_reader("north.colleague", self.customer)
        self.authenticate("north.colleague", "north.colleague")
        address = f"/my/usage/{self.contract.id}"
        self.assertEqual(self.url_open(address, allow_redirects=False).status_code, 303)
        self.contract.message_subscribe(partner_ids=colleague.partner_id.ids)
        self.assertEqual(self.url_open(address, allow_redirects=False).status_code, 200)
        self.contract.message_unsubscribe(partner_ids=colleague.partner_id.ids)
        self.assertEqual(self.url_open(address, allow_redirects=False).status_code, 303)

    def test_needs_login(self):
        for address in self.addresses(self.contract) + ["/my/usage"]:
            response = self.url_open(address, allow_redirects=False)
            self.assertEqual(response.status_code, 303, address)
            self.assertIn("/web/login", response.headers["Location"])

    def test_unknown_and_unused_contracts(self):
        fixed = self.make_contract(
            [{"name": "Rent", "product_id": self.product_service.id, "price_unit": 5}],
            name="Rent",
        )
        fixed.message_subscribe(partner_ids=self.reader.partner_id.ids)
        self.authenticate("north.reader", "north.reader")
        for contract_id in (fixed.id, 2**31 - 1, 0):
            response = self.url_open(f"/my/usage/{contract_id}", allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            response = self.url_open(f"/my/usage/{contract_id}/usage.xlsx")
            self.assertEqual(response.status_code, 404)

    def test_invoices_by_their_own_rule(self):
        """A follower from another company reads the usage, not the customer's invoices."""
        invoice = self.invoice_last_month()
        self.contract.message_subscribe(partner_ids=self.stranger.partner_id.ids)
        address = f"/my/usage/{self.contract.id}"
        self.authenticate("south.reader", "south.reader")
        self.assertNotIn(invoice.name, self.url_open(address).text)
        self.authenticate("north.reader", "north.reader")
        self.assertIn(invoice.name, self.url_open(address).text)
