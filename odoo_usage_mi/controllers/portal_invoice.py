from odoo.http import request

from odoo.addons.account.controllers.portal import PortalAccount

from ..consumption.periods import SEPARATOR


class UsagePortalInvoice(PortalAccount):
    """The portal page of an invoice leads to the usage behind it."""

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        values["usage_links"] = self._usage_links(invoice)
        return values

    def _usage_links(self, invoice):
        """[(contract name, address)] of the usage contracts that the user may read.

        Somebody who holds only the invoice's token gets none: usage needs a login.
        """
        contracts = request.env["contract.contract"]
        if request.env.user._is_public() or not contracts.has_access("read"):
            return []
        # Portal users have no right on billing periods. The right that replaces it: they see
        # this invoice. Only ids and days are taken; the search below asks the user's own rules.
        periods = invoice.sudo().usage_period_ids
        readable = contracts.search([("id", "in", periods.contract_id.ids)])
        links = []
        for contract in readable:
            newest = periods.filtered(lambda p, c=contract: p.contract_id.id == c.id)[:1]
            key = f"{newest.date_start}{SEPARATOR}{newest.date_end}"
            links.append((contract.name, f"/my/usage/{contract.id}?period={key}"))
        return links
