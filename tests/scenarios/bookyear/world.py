"""Three companies with their books, and contracts of every kind."""

from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from odoo import Command

from .facts import Diary, Line
from .kinds import METRICS, kinds

START = date(2025, 1, 1)
#: name: country, currency, time zone
COMPANIES = {
    "Ardennes": ("base.be", "EUR", "Europe/Brussels"),
    "Hudson": ("base.us", "USD", "America/New_York"),
    "Kanto": ("base.jp", "JPY", "Asia/Tokyo"),
}
CURRENCIES = ("EUR", "USD", "JPY", "GBP", "CHF")
#: Units of each currency for one euro, about.
WORTH = {"EUR": 1.0, "USD": 1.08, "JPY": 163.0, "GBP": 0.85, "CHF": 0.95}
PER_DEVICE = 2


class World:
    """What the operations work on: ids of what was made, and the diary."""

    def __init__(self, count):
        #: How many kinds of contract each company has.
        self.count = count
        self.diary = Diary()
        self.companies, self.sources, self.assets, self.contracts = {}, {}, {}, {}

    def prepare(self, env):
        """Make companies, then their contracts."""
        currencies = env["res.currency"].with_context(active_test=False).search([("name", "in", CURRENCIES)])
        currencies.active = True
        metrics = env["usage.metric"].create(
            [
                {"name": code, "code": code, "uom_id": env.ref("uom.product_uom_unit").id, **vals}
                for code, vals in METRICS.items()
            ]
        )
        self.metric_ids = {metric.code: metric.id for metric in metrics}
        env.user.group_ids += env.ref("odoo_usage_billing.group_usage_manager")
        for name, (country, currency, zone) in COMPANIES.items():
            # With `install_mode` the country's own modules are not installed: all have the same chart.
            companies = env["res.company"].with_context(install_mode=True)
            vals = {"name": name, "country_id": env.ref(country).id}
            if "iap_enrich_auto_done" in companies._fields:
                vals["iap_enrich_auto_done"] = True  # nobody is asked about made-up companies
            company = companies.create(vals).with_env(env)
            env.user.company_ids += company
            self._keep_books(env, company, currencies.filtered(lambda c, code=currency: c.name == code))
            self.companies[name] = company.id
            mine = env["usage.source"].create(
                {"name": name, "code": name.lower(), "tz": zone, "max_age_days": 4000, "company_id": company.id}
            )
            self.sources[name] = mine.id
        env.flush_all()
        self._set_rates(env, currencies)
        self._sell(env)
        for number, name in enumerate(COMPANIES):
            self._sign(env, name, number)

    def _keep_books(self, env, company, currency):
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = currency
        asset = (
            env["account.account"]
            .with_company(company)
            .create({"name": "Unbilled usage", "code": "150777", "account_type": "asset_current"})
        )
        company.usage_accrual_account_id = asset
        expense = env["account.account"].with_company(company).search([("account_type", "=", "expense")], limit=1)
        company.usage_write_off_account_id = expense
        self.assets[company.name] = asset.id

    def _set_rates(self, env, currencies):
        for name, company_id in self.companies.items():
            own = WORTH[COMPANIES[name][1]]
            env["res.currency.rate"].create(
                [
                    {
                        "currency_id": currency.id,
                        "company_id": company_id,
                        "name": date(2020, 1, 1),
                        "company_rate": WORTH[currency.name] / own,
                    }
                    for currency in currencies
                    if currency.name != COMPANIES[name][1]
                ]
            )

    def _sell(self, env):
        """A product with each company's sales tax, and customers at home and abroad."""
        companies = env["res.company"].browse(self.companies.values())
        self.product_id = (
            env["product.product"]
            .create({"name": "Usage", "type": "service", "taxes_id": [Command.set(companies.account_sale_tax_id.ids)]})
            .id
        )
        self.fee_id = (
            env["product.product"]
            .create(
                {"name": "Service", "type": "service", "taxes_id": [Command.set(companies.account_sale_tax_id.ids)]}
            )
            .id
        )
        self.home_id = env["res.partner"].create({"name": "At home", "property_payment_term_id": False}).id
        self.abroad_id = env["res.partner"].create({"name": "Abroad"}).id
        for company in companies:
            position = env["account.fiscal.position"].create({"name": "Export", "company_id": company.id})
            tax = company.account_sale_tax_id
            tax.copy(
                {
                    "name": "Export 0%",
                    "amount": 0,
                    "fiscal_position_ids": [Command.set(position.ids)],
                    "original_tax_ids": [Command.set(tax.ids)],
                }
            )
            partner = env["res.partner"].with_company(company).browse(self.abroad_id)
            partner.property_account_position_id = position

    # -- contracts -----------------------------------------------------------

    def _sign(self, env, name, number):
        company = env["res.company"].browse(self.companies[name])
        env = env(context={**env.context, "allowed_company_ids": company.ids, "tracking_disable": True})
        chosen = kinds()
        # Small worlds have other kinds in each company, and the plainest in all.
        chosen = chosen[:1] + chosen[1 + number :: 3] + chosen[1:] if self.count < len(chosen) else chosen
        chosen = list({kind.name: kind for kind in chosen}.values())
        together = {"together", "together too"}
        for place, kind in enumerate(chosen[: self.count]):
            abroad = place % 3 == 2 and kind.name not in together
            self._contract(env, company, name, kind, self.abroad_id if abroad else self.home_id)

    def _contract(self, env, company, name, kind, partner_id):
        zone = COMPANIES[name][2]
        card = self._card(env, company, kind)
        start = START.replace(day=kind.first_day)
        grace = 5 if kind.name in ("by place", "packages") else 0
        line = {
            "name": kind.name,
            "product_id": self.product_id,
            "usage_metric_id": self.metric_ids[kind.metric],
            "usage_rate_card_id": card.id,
            "recurring_rule_type": kind.rhythm,
            "recurring_invoicing_type": "post-paid",
            "recurring_interval": 1,
            "date_start": start,
            **kind.line,
        }
        lines = [Command.create(line) for _number in range(2 if kind.pooled else 1)]
        if kind.fixed:
            fee = {"name": "Service", "product_id": self.fee_id, "specific_price": 99, "date_start": start}
            lines.append(
                Command.create({**fee, "recurring_rule_type": "monthly", "recurring_invoicing_type": "pre-paid"})
            )
        currency = env["res.currency"].search([("name", "=", kind.currency)]) if kind.currency else company.currency_id
        contract = env["contract.contract"].create(
            {
                "name": f"{name} {kind.name}",
                "partner_id": partner_id,
                "company_id": company.id,
                "contract_type": "sale",
                "line_recurrence": True,
                "usage_tz": zone,
                "usage_grace_days": grace,
                "manual_currency_id": currency.id,
                "contract_line_ids": lines,
                **kind.contract,
            }
        )
        self.contracts[contract.id] = (name, kind.name)
        self._agree(env, contract, kind, name, start, grace)

    def _agree(self, env, contract, kind, name, start, grace):
        """Baselines, promises and devices, in Odoo and in the diary."""
        step = Fraction(str(round(contract.currency_id.rounding, 6)))
        usage_lines = contract.contract_line_ids.filtered("is_usage")
        for line in usage_lines:
            if kind.baseline:
                env["usage.baseline"].create({"contract_line_id": line.id, "date_start": start, **kind.baseline})
            figure = kind.baseline and Fraction(kind.baseline.get("quantity") or kind.baseline["amount"])
            self.diary.lines[line.id] = Line(
                line.id,
                contract.id,
                name,
                kind,
                ZoneInfo(COMPANIES[name][2]),
                step,
                start,
                grace,
                prices=[(date(2020, 1, 1), kind.price)],
                baselines=[(date(2020, 1, 1), figure)],
            )
            for number in range(PER_DEVICE):
                self._install(env, contract, line, f"{line.id}-{number}")
        if kind.pooled:
            usage_lines[1].usage_pool_line_id = usage_lines[0]
        if kind.commitment:
            env["usage.commitment"].create({"contract_id": contract.id, "date_start": start, **kind.commitment})

    def _install(self, env, contract, line, code):
        subject = env["usage.subject"].create({"code": code, "company_id": contract.company_id.id})
        begin = datetime(2024, 1, 1)
        env["usage.assignment"].create({"subject_id": subject.id, "contract_line_id": line.id, "start_at": begin})
        self.diary.stays[code] = [(begin.replace(tzinfo=ZoneInfo("UTC")), line.id)]

    def _card(self, env, company, kind):
        vals = {"name": kind.name, "company_id": company.id}
        code = kind.card_currency or kind.currency
        vals["currency_id"] = env["res.currency"].search([("name", "=", code)]).id if code else company.currency_id.id
        card = env["usage.rate.card"].create(vals)
        env["usage.rate.card.version"].create(
            {
                "card_id": card.id,
                "date_start": date(2020, 1, 1),
                "charge_model": kind.model,
                **_prices(kind),
                **kind.card,
            }
        ).action_activate()
        return card


def _prices(kind):
    price = float(kind.price)
    if kind.model == "matrix":
        rows = [{"value_1": place or False, "unit_price": float(each)} for place, each in kind.places.items()]
        return {"dimension_1": "place", "row_ids": [Command.create(row) for row in rows]}
    if kind.model == "time_of_use":
        peak = {"name": "peak", "hour_from": 8, "hour_to": 20, "weekdays": "01234", "sequence": 1}
        rest = {"name": "rest", "sequence": 2}
        bands = [{**peak, "unit_price": float(kind.places["peak"])}, {**rest, "unit_price": float(kind.places["rest"])}]
        return {"band_ids": [Command.create(band) for band in bands]}
    if kind.model == "time_increment":
        return {"unit_price": price, "connect_amount": float(kind.fee), "increment_next": 6}
    if kind.model == "percentage":
        return {"rate_percent": price}
    tiers = [
        {"up_to": float(bound or 0), "unit_price": float(each), "flat_amount": float(flat)}
        for bound, each, flat in kind.tiers
    ]
    return {"unit_price": price, "package_size": float(kind.size), "tier_ids": [Command.create(tier) for tier in tiers]}
