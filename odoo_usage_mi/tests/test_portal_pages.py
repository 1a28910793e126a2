import json
from datetime import timedelta

from lxml import html

from odoo.tests import HttpCase, tagged

from .common import MiCommon


@tagged("post_install", "-at_install")
class TestPortalPages(MiCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.address = f"/my/usage/{self.contract.id}"
        self.authenticate("north.reader", "north.reader")

    def page(self, address):
        response = self.url_open(address)
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)

    def texts(self, page, name):
        found = page.xpath(f"//*[contains(concat(' ', @class, ' '), ' {name} ')]")
        return [" ".join(node.text_content().split()) for node in found]

    def key(self):
        return f"{self.last_month}..{self.this_month}"

    def test_counter(self):
        response = self.make_jsonrpc_request("/my/counters", {"counters": ["usage_count"]})
        self.assertEqual(response["usage_count"], 1)

    def test_a_search_that_no_database_understands_finds_nothing_or_ignores_it(self):
        for said in ("%00", "N0001%00", "%25%27%20OR%201%3D1--", "%5C"):
            self.page(f"{self.address}?period={self.key()}&search={said}&sortby={said}&line={said}")

    def test_list(self):
        page = self.page("/my/usage")
        (card,) = self.texts(page, "o_usage_contract")
        self.assertIn("North fleet", card)
        self.assertIn("250 / 1,000 Units", card)
        self.assertIn("50.00", card)
        self.assertEqual(page.xpath("//div[@role='progressbar']/@aria-valuenow"), ["25"])

    def test_open_period(self):
        page = self.page(self.address)
        (line,) = self.texts(page, "o_usage_line")
        for text in ("Pages N", "Baseline 1,000", "Actual 250", "Variance -750", "50.00"):
            self.assertIn(text, line)
        (rows,) = self.texts(page, "o_usage_subjects")
        self.assertIn("N0001", rows)
        self.assertNotIn("N0002", rows)

    def test_chosen_period_and_charts(self):
        page = self.page(f"{self.address}?period={self.key()}")
        (line,) = self.texts(page, "o_usage_line")
        for text in ("Actual 1,100", "Variance +100", "51.00"):
            self.assertIn(text, line)
        days, months = (json.loads(data) for data in page.xpath("//@data-chart"))
        self.assertEqual(days["series"][0]["values"][4], 1100.0)
        self.assertEqual(months["series"][0]["values"][-1], 1100.0)
        self.assertEqual(len(months["labels"]), 13)

    def test_what_came_after_the_invoice_is_said(self):
        self.invoice_last_month()
        page = self.page(f"{self.address}?period={self.key()}")
        self.assertEqual(self.texts(page, "o_usage_late"), [])
        self.send([self.record("N0001", 50, self.noon(self.last_month + timedelta(days=6)))])
        page = self.page(f"{self.address}?period={self.key()}")
        (line,) = self.texts(page, "o_usage_line")
        for text in ("Actual 1,100", "51.00", "+50 Units after the invoice, will be adjusted on the next invoice"):
            self.assertIn(text, line)
        self.assertIn("With what came after the invoice.", page.text_content())
        self.contract._usage_look()
        (late,) = self.texts(self.page(f"{self.address}?period={self.key()}"), "o_usage_late")
        self.assertIn("0.50", late)

    def test_a_name_says_its_days(self):
        self.contract.contract_line_ids.name = "Printing #START# to #END#"
        self.invoice_last_month()
        for address in (self.address, f"{self.address}?period={self.key()}"):
            text = self.page(address).text_content()
            self.assertIn("Printing ", text)
            self.assertNotIn("#START#", text)
            self.assertNotIn("#END#", text)

    def test_search_and_pager(self):
        self.make_subjects(self.contract.contract_line_ids, 30, prefix="P")
        self.send([self.record(f"P{n:04d}", n, self.now) for n in range(1, 31)])
        first = self.page(self.address)
        self.assertEqual(len(first.xpath("//tbody[contains(@class, 'o_usage_subjects')]/tr")), 20)
        second = self.page(f"{self.address}/page/2")
        self.assertEqual(len(second.xpath("//tbody[contains(@class, 'o_usage_subjects')]/tr")), 11)
        found = self.page(f"{self.address}?search=P0007")
        self.assertEqual(len(found.xpath("//tbody[contains(@class, 'o_usage_subjects')]/tr")), 1)
        none = self.page(f"{self.address}?search=nobody")
        self.assertIn("Nothing matches your search.", none.text_content())

    def test_markup_in_names_is_text(self):
        subject = self.env["usage.subject"].search([("code", "=", "N0001")])
        subject.location = "<script>alert(1)</script>"
        self.contract.name = "<b>North</b>"
        text = self.url_open(self.address).text
        self.assertNotIn("<script>alert(1)", text)
        self.assertNotIn("<b>North</b>", text)

    def test_contract_that_begins_later(self):
        line = self.contract.contract_line_ids
        self.assertFalse(line.usage_period_ids)
        later = self.make_contract(
            [self.usage_line(self.card)],
            date_start=self.today.replace(year=self.today.year + 1),
            name="Next year",
        )
        later.message_subscribe(partner_ids=self.reader.partner_id.ids)
        page = self.page(f"/my/usage/{later.id}")
        self.assertIn("when its first period begins", page.text_content())
        self.assertIn("No period is open.", self.page("/my/usage").text_content())

    def test_download(self):
        response = self.url_open(f"{self.address}/usage.xlsx?period={self.key()}")
        self.assertEqual(response.status_code, 200)
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertIn(f"C-N {self.last_month}", response.headers["Content-Disposition"].replace("%20", " "))
        self.assertTrue(response.content.startswith(b"PK"))

    def test_invoice_leads_to_usage(self):
        invoice = self.invoice_last_month()
        page = self.page(f"/my/invoices/{invoice.id}")
        (link,) = page.xpath("//div[contains(@class, 'o_usage_links')]/a/@href")
        self.assertEqual(link, f"{self.address}?period={self.key()}")
        invoices = self.page(link).xpath("//table[contains(@class, 'o_usage_invoices')]//a/@href")
        self.assertEqual(invoices, [f"/my/invoices/{invoice.id}"])

    def test_invoice_token_alone_does_not_lead_to_usage(self):
        invoice = self.invoice_last_month()
        token = invoice._portal_ensure_token()
        self.logout()
        page = self.page(f"/my/invoices/{invoice.id}?access_token={token}")
        self.assertFalse(page.xpath("//div[contains(@class, 'o_usage_links')]"))
