import io
import json

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import content_disposition, request
from odoo.tools.misc import format_date

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..consumption import Consumption, day_chart, late_text, month_chart, write_sheet
from ..consumption.queries import SUBJECT_ORDERS, count_subjects, per_subject
from ..consumption.sheet import state_name

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CONTRACTS_PER_PAGE = 10
SUBJECTS_PER_PAGE = 20
SEARCH_MAX = 64


class UsagePortal(CustomerPortal):
    """What the customer sees of the usage of contracts that record rules let the user read."""

    def _usage_contract_domain(self):
        return Domain("has_usage", "=", True) & Domain("contract_type", "=", "sale")

    def _usage_contract(self, contract_id):
        """The usage contract with this id, as the user may read it; else AccessError or MissingError."""
        contract = request.env["contract.contract"].browse(contract_id)
        if not contract.exists():
            raise MissingError(request.env._("This contract does not exist."))
        contract.check_access("read")
        if not contract.filtered_domain(self._usage_contract_domain()):
            raise MissingError(request.env._("This contract has no usage."))
        return contract

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "usage_count" in counters:
            contracts = request.env["contract.contract"]
            values["usage_count"] = (
                contracts.search_count(self._usage_contract_domain()) if contracts.has_access("read") else 0
            )
        return values

    # -- list --------------------------------------------------------------

    @http.route(
        ["/my/usage", "/my/usage/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_my_usage(self, page=1, **kw):
        """The user's usage contracts, each with its open period so far."""
        contracts = request.env["contract.contract"]
        if not contracts.has_access("read"):
            return request.redirect("/my")
        domain = self._usage_contract_domain()
        pager = portal_pager(
            url="/my/usage",
            total=contracts.search_count(domain),
            page=page,
            step=CONTRACTS_PER_PAGE,
        )
        found = contracts.search(domain, order="name, id", limit=CONTRACTS_PER_PAGE, offset=pager["offset"])
        consumption = Consumption(found)
        so_far = consumption.so_far()
        return request.render(
            "odoo_usage_mi.portal_my_usage",
            {
                **self._prepare_portal_layout_values(),
                **self._usage_helpers(),
                "page_name": "usage",
                "cards": [self._usage_card(c, so_far[c.id], consumption) for c in found],
                "pager": pager,
                "default_url": "/my/usage",
            },
        )

    def _usage_card(self, contract, usages, consumption):
        return {
            "contract": contract,
            "currency": self._usage_currency(contract, consumption),
            "usages": usages,
            "amount": _total(usages),
            "today": contract._usage_today(),
        }

    def _usage_currency(self, contract, consumption):
        return request.env["res.currency"].browse(consumption.currency_id(contract))

    def _usage_helpers(self):
        """Formatting for the templates, in the user's language."""
        explainer = request.env["usage.explainer"]
        return {
            "number": explainer._number,
            "day_text": lambda day: format_date(request.env, day, date_format="d MMM yyyy"),
            "state_text": lambda state: state_name(request.env, state),
            "late_text": lambda late: late_text(request.env, late),
        }

    # -- one contract ------------------------------------------------------

    @http.route(
        ["/my/usage/<int:contract_id>", "/my/usage/<int:contract_id>/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_my_usage_contract(self, contract_id, page=1, period=None, line=None, search="", sortby="quantity", **kw):
        """The usage of one contract in a period."""
        try:
            contract = self._usage_contract(contract_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        consumption = Consumption(contract)
        chosen = consumption.period(period)
        values = {
            **self._prepare_portal_layout_values(),
            **self._usage_helpers(),
            "page_name": "usage",
            "usage_contract": contract,
            "currency": self._usage_currency(contract, consumption),
            "today": contract._usage_today(),
            "periods": consumption.periods(),
            "period": chosen,
            "invoices": self._usage_invoices(consumption),
        }
        usages = consumption.in_period(chosen) if chosen else []
        if usages:
            values.update(usages=usages, amount=_total(usages))
            shown = consumption.line(_to_int(line))
            usage = next((u for u in usages if u.line_id == shown.id), usages[0])
            options = {
                "page": page,
                "search": (search or "").replace("\0", "").strip()[:SEARCH_MAX],
                "sortby": sortby if sortby in SUBJECT_ORDERS else "quantity",
            }
            values.update(self._usage_of_line(consumption, chosen, usage, **options))
        return request.render("odoo_usage_mi.portal_usage_contract", values)

    def _usage_of_line(self, consumption, period, usage, page, search, sortby):
        """Charts and subjects of one line."""
        line = consumption.line(usage.line_id)
        url = f"/my/usage/{line.contract_id.id}"
        total = count_subjects(line, usage, search)
        kept = {"period": period.key, "line": line.id, "search": search, "sortby": sortby}
        pager = portal_pager(url=url, total=total, page=page, step=SUBJECTS_PER_PAGE, url_args=kept)
        return {
            "shown": usage,
            "day_chart": json.dumps(day_chart(line, usage, consumption.today(line))),
            "month_chart": json.dumps(month_chart(line, usage)),
            "subjects": per_subject(line, usage, search, sortby, SUBJECTS_PER_PAGE, pager["offset"]),
            "subject_count": total,
            "search": search,
            "sortby": sortby,
            "sortings": self._usage_sortings(),
            "pager": pager,
        }

    def _usage_sortings(self):
        return {
            "quantity": request.env._("Most used"),
            "serial": request.env._("Serial"),
            "location": request.env._("Location"),
            "end_user": request.env._("End User"),
        }

    def _usage_invoices(self, consumption):
        """Invoices of the contract that the user may read as invoices: their own rules decide."""
        moves = request.env["account.move"]
        if not moves.has_access("read"):
            return moves
        domain = [
            ("id", "in", consumption.invoice_ids()),
            ("state", "=", "posted"),
            ("move_type", "in", ("out_invoice", "out_refund")),
        ]
        return moves.search(domain, order="invoice_date DESC, id DESC", limit=24)

    # -- download ----------------------------------------------------------

    @http.route(
        "/my/usage/<int:contract_id>/usage.xlsx",
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_usage_xlsx(self, contract_id, period=None, **kw):
        """The usage of a contract in a period as a workbook."""
        try:
            contract = self._usage_contract(contract_id)
        except (AccessError, MissingError) as error:
            raise NotFound() from error
        consumption = Consumption(contract)
        chosen = consumption.period(period)
        if not chosen:
            raise NotFound()
        target = io.BytesIO()
        write_sheet(target, consumption, chosen)
        name = f"{contract.code or contract.name} {chosen.date_start} {chosen.date_last}.xlsx"
        data = target.getvalue()
        return request.make_response(
            data,
            headers=[
                ("Content-Type", XLSX),
                ("Content-Disposition", content_disposition(name)),
                ("Content-Length", str(len(data))),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )


def _total(usages):
    """The sum of the known charges, or None when none is known."""
    amounts = [usage.amount for usage in usages if usage.amount is not None]
    return sum(amounts) if amounts else None


def _to_int(text):
    return int(text) if text and str(text).isdecimal() else 0
