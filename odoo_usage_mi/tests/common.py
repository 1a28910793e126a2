"""A printer fleet with people and places, a month that is invoiced and one that is open."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.odoo_usage_billing.tests.common import UsageCommon, utc

ZONE = ZoneInfo("Europe/Brussels")


class MiCommon(UsageCommon):
    """Usage of last month and of today, relative to the clock, because pages ask it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        now = fields.Datetime.now()
        cls.now = utc(now.year, now.month, now.day, now.hour, now.minute)
        cls.today = cls.now.astimezone(ZONE).date()
        cls.this_month = cls.today.replace(day=1)
        cls.last_month = (cls.this_month - timedelta(days=1)).replace(day=1)
        cls.card = cls.make_card([(None, 0.01, 0)])
        cls.contract = cls.make_fleet("North fleet", cls.customer, "N")
        cls.reader = cls.make_reader("north.reader", cls.customer)
        cls.contract.message_subscribe(partner_ids=cls.reader.partner_id.ids)

    @classmethod
    def make_fleet(cls, name, customer, prefix):
        """A contract of `customer` with two printers that were used last month and today."""
        contract = cls.make_contract(
            [
                cls.usage_line(
                    cls.card,
                    name=f"Pages {prefix}",
                    usage_baseline_ids=[
                        Command.create({"date_start": cls.last_month, "quantity": 1000, "fixed_amount": 50})
                    ],
                )
            ],
            date_start=cls.last_month,
            name=name,
            code=f"C-{prefix}",
            partner_id=customer.id,
        )
        subjects = cls.make_subjects(contract.contract_line_ids, 2, prefix=prefix)
        subjects[0].location = f"Ground floor {prefix}"
        person = cls.env["res.partner"].create({"name": f"Ada {prefix}", "parent_id": customer.id})
        subjects[0].end_user_id = person
        before = cls.noon(cls.last_month + timedelta(days=4))
        cls.send(
            [
                cls.record(f"{prefix}0001", 700, before),
                cls.record(f"{prefix}0002", 400, before),
                cls.record(f"{prefix}0001", 250, cls.now),
            ]
        )
        return contract

    @classmethod
    def noon(cls, day):
        """Noon of a day as an instant."""
        return utc(day.year, day.month, day.day, 12)

    @classmethod
    def make_reader(cls, login, customer):
        """A portal user who is a contact of `customer`."""
        contact = cls.env["res.partner"].create(
            {"name": login.title(), "parent_id": customer.id, "email": f"{login}@example.com"}
        )
        return new_test_user(
            cls.env,
            login=login,
            password=login,
            groups="base.group_portal",
            partner_id=contact.id,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def invoice_last_month(cls):
        """Invoice last month of the contract."""
        cls.run_billing(cls.today, cls.contract)
        return cls.contract._get_related_invoices()
