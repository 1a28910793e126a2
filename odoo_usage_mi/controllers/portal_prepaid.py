from odoo import http
from odoo.http import request
from odoo.tools.misc import format_date

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..consumption import prepaid

MOVEMENTS_PER_PAGE = 20


class PrepaidPortal(CustomerPortal):
    """The customer's prepaid money: what is left of it, and every movement."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "prepaid_count" in counters:
            values["prepaid_count"] = len(prepaid.balances_of(request.env))
        return values

    @http.route(["/my/balance", "/my/balance/page/<int:page>"], type="http", auth="user", website=True, readonly=True)
    def portal_my_balance(self, page=1, **kw):
        """The balances of the user's own company and their movements."""
        pager = portal_pager(
            url="/my/balance", total=prepaid.count_movements(request.env), page=page, step=MOVEMENTS_PER_PAGE
        )
        return request.render(
            "odoo_usage_mi.portal_my_balance",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "prepaid",
                "cards": prepaid.cards(request.env),
                "movements": prepaid.movements(request.env, MOVEMENTS_PER_PAGE, pager["offset"]),
                "currency": lambda id_: request.env["res.currency"].browse(id_),
                "day_text": lambda day: format_date(request.env, day, date_format="d MMM yyyy"),
                "pager": pager,
                "default_url": "/my/balance",
            },
        )
