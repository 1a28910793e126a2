from odoo.tests import HttpCase, tagged

from .common import MiCommon


@tagged("post_install", "-at_install")
class TestPortalTour(MiCommon, HttpCase):
    def test_usage_chart_and_invoice(self):
        """The customer opens the portal and sees the usage, the chart and the invoice."""
        self.invoice_last_month()
        self.start_tour("/my", "odoo_usage_mi_portal", login="north.reader")

    def test_phone(self):
        """The pages fit a phone: nothing reaches beyond its width."""
        self.browser_size = "390x844"
        self.touch_enabled = True
        self.browser_js(
            f"/my/usage/{self.contract.id}",
            "if (document.documentElement.scrollWidth > window.innerWidth) {"
            " console.error('too wide: ' + document.documentElement.scrollWidth);"
            "} else { console.log('test successful'); }",
            ready="document.querySelectorAll('.o_usage_chart_ready').length === 2",
            login="north.reader",
        )
