"""Builders shared by the billing tests: a customer, a metric, a card, a contract, events."""

from datetime import date, datetime, timezone
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.odoo_usage_billing.store import UsageRecord


def utc(*args):
    """An aware UTC instant."""
    return datetime(*args, tzinfo=timezone.utc)


#: Tests bill what they please; those of the bounds themselves set what they need.
NO_BOUNDS = {
    "usage_hold_negative": False,
    "usage_hold_factor": 0,
    "usage_hold_lines": 0,
    "usage_hold_suspense_percent": 0,
}


@tagged("post_install", "-at_install")
class UsageCommon(AccountTestInvoicingCommon):
    """January 2026 of a printer customer; subclasses add devices and events."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("odoo_usage_billing.group_usage_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.sudo().write(NO_BOUNDS)
        cls.customer = cls.env["res.partner"].create(
            {"name": "Brightwater Print", "lang": "en_US", "property_payment_term_id": False}
        )
        cls.product_pages = cls.env["product.product"].create(
            {"name": "Printed pages", "type": "service", "taxes_id": [Command.clear()]}
        )
        cls.product_service = cls.env["product.product"].create(
            {"name": "Service", "type": "service", "taxes_id": [Command.clear()]}
        )
        cls.metric = cls.env["usage.metric"].create(
            {"name": "Pages", "code": "pages", "uom_id": cls.env.ref("uom.product_uom_unit").id}
        )
        cls.source = cls.env["usage.source"].create(
            {
                "name": "Fleet manager",
                "code": "fleet",
                "company_id": cls.company.id,
                "tz": "Europe/Brussels",
                "max_age_days": 4000,
            }
        )

    @classmethod
    def make_card(cls, tiers=(), charge_model="graduated", **vals):
        """An active card; `tiers` are (up_to or None, unit price, flat amount)."""
        card = cls.env["usage.rate.card"].create({"name": vals.pop("name", "Card"), "company_id": cls.company.id})
        version = cls.env["usage.rate.card.version"].create(
            {
                "card_id": card.id,
                "date_start": vals.pop("date_start", date(2020, 1, 1)),
                "charge_model": charge_model,
                "tier_ids": [
                    Command.create({"up_to": up_to, "unit_price": price, "flat_amount": flat})
                    for up_to, price, flat in tiers
                ],
                **vals,
            }
        )
        version.action_activate()
        return card

    @classmethod
    def make_contract(cls, lines, date_start=date(2026, 1, 1), **vals):
        """A monthly post-paid contract; `lines` are contract line vals."""
        return cls.env["contract.contract"].create(
            {
                "name": "Printers",
                "partner_id": cls.customer.id,
                "contract_type": "sale",
                "line_recurrence": True,
                "usage_tz": "Europe/Brussels",
                "contract_line_ids": [
                    Command.create(
                        {
                            "name": "Line",
                            "quantity": 1,
                            "recurring_rule_type": "monthly",
                            "recurring_invoicing_type": "post-paid",
                            "recurring_interval": 1,
                            "date_start": date_start,
                            **line,
                        }
                    )
                    for line in lines
                ],
                **vals,
            }
        )

    @classmethod
    def usage_line(cls, card, **vals):
        """Vals of a usage line for pages."""
        return {
            "name": "Printed pages",
            "product_id": cls.product_pages.id,
            "usage_metric_id": cls.metric.id,
            "usage_rate_card_id": card.id,
            **vals,
        }

    @classmethod
    def make_subjects(cls, line, count, prefix="PRN"):
        """`count` devices assigned to a contract line since long ago."""
        subjects = cls.env["usage.subject"].create(
            [{"code": f"{prefix}{number:04d}", "company_id": cls.company.id} for number in range(1, count + 1)]
        )
        cls.env["usage.assignment"].create(
            [
                {
                    "subject_id": subject.id,
                    "contract_line_id": line.id,
                    "start_at": datetime(2020, 1, 1),
                }
                for subject in subjects
            ]
        )
        return subjects

    @classmethod
    def make_devices(cls):
        """A contract of one line at 0.01 a page, and three devices on it."""
        cls.contract = cls.make_contract([cls.usage_line(cls.make_card(charge_model="per_unit", unit_price=0.01))])
        cls.line = cls.contract.contract_line_ids
        cls.devices = cls.make_subjects(cls.line, 3)

    @classmethod
    def record(cls, subject, quantity, occurred_at=None, external_id=None, **vals):
        """A UsageRecord of pages in January 2026."""
        occurred_at = occurred_at or utc(2026, 1, 15, 12)
        return UsageRecord(
            row_number=vals.pop("row_number", 1),
            external_id=external_id or f"{subject}/{occurred_at.isoformat()}",
            subject=subject,
            metric=vals.pop("metric", "pages"),
            occurred_at=occurred_at,
            quantity=Decimal(str(quantity)),
            **vals,
        )

    @classmethod
    def send(cls, records, name="file.csv"):
        """Store records as one batch and return it."""
        batch = cls.env["usage.batch"].create({"name": name, "source_id": cls.source.id})
        batch._store(records)
        return batch

    @classmethod
    def run_billing(cls, day=date(2026, 2, 1), contracts=None):
        """Run billing for what is due on a day and return the run."""
        run = cls.env["usage.billing.run"].create(
            {
                "date_ref": day,
                "company_id": cls.company.id,
                "contract_ids": [Command.set(contracts.ids)] if contracts else False,
            }
        )
        run.action_start()
        return run
