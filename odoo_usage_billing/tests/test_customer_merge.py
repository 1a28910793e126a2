"""Two contacts that are one customer are merged: their usage goes along, or it is said why not."""

from datetime import date

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common_prepaid import PrepaidCommon

JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)
MERGE = "base.partner.merge.automatic.wizard"


@tagged("post_install", "-at_install")
class TestCustomerMerge(PrepaidCommon):
    """A customer with everything: January invoiced, February accrued, a late difference, money paid ahead, suspense."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.usage_accrual_account_id = cls.env["account.account"].create(
            {"name": "Unbilled usage", "code": "150777", "account_type": "asset_current"}
        )
        cls.devices.partner_id = cls.customer
        cls.other = cls.env["res.partner"].create({"name": "Brightwater Print Ltd"})

    def everything(self):
        self.buy(50)
        self.use(3_000)
        self.send([self.record("NOPE", 1)])
        self.post(self.bill())
        self.use(500, day=date(2026, 1, 20))
        self.contract._usage_look()
        self.use(1_000, day=date(2026, 2, 10))
        accrual = self.env["usage.accrual"].create({"date": FEBRUARY})
        accrual.action_prepare()
        accrual.action_post()
        self.recognise(FEBRUARY)
        self.assertTrue(accrual.line_ids and accrual.line_ids.prepaid_balance_id)
        return accrual

    @staticmethod
    def post(moves):
        # What prepaid money pays as a whole is posted already.
        moves.filtered(lambda move: move.state == "draft").action_post()

    def merge(self, source, destination):
        self.env.flush_all()
        self.env[MERGE].sudo()._merge((source + destination).ids, destination)
        self.env.invalidate_all()

    def test_a_customer_with_everything_is_merged_and_nothing_is_lost(self):
        accrual = self.everything()
        portal = new_test_user(self.env, login="brightwater", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        adjustment = self.env["usage.adjustment"].search([("contract_id", "=", self.contract.id)])
        grants = self.balance_of().grant_ids
        left = self.balance_of().amount
        self.assertTrue(adjustment and left)
        self.merge(self.customer, self.other)
        self.assertFalse(self.customer.exists())
        of_other = (accrual.line_ids, adjustment, self.line.usage_charge_ids, self.contract, self.devices, grants)
        self.assertEqual({records.partner_id for records in of_other}, {self.other})
        self.assertEqual(self.balance_of(self.other).amount, left)
        self.assertEqual(portal.partner_id.commercial_partner_id, self.other)
        self.assertEqual(self.env["usage.suspense"].search_count([("source_id", "=", self.source.id)]), 1)
        self.assertBooks()
        again = self.env["usage.accrual"].create({"date": FEBRUARY})
        again.action_prepare()
        self.assertFalse(again.line_ids.filtered("amount"), "a closing comes out the same")
        adjustment.action_accept()
        invoice = self.bill(date(2026, 3, 1))
        self.post(invoice)
        self.assertEqual((invoice.partner_id, invoice.amount_total), (self.other, 0))
        # 1,000 and 500 late ones of 0.01
        self.assertEqual(self.balance_of(self.other).amount, left - 15)
        self.assertBooks()

    def test_both_with_money_of_their_own_are_kept_apart(self):
        self.buy(50)
        self.buy(20, partner_id=self.other.id)
        with self.assertRaisesRegex(UserError, "prepaid"), self.env.cr.savepoint():
            self.merge(self.customer, self.other)
        self.assertEqual((self.balance_of().amount, self.balance_of(self.other).amount), (50, 20))

    def test_a_balance_that_never_held_anything_gives_way(self):
        self.buy(50)
        Balance = self.env["usage.prepaid.balance"]
        Balance._for_or_new(self.other, self.company, self.company.currency_id)
        self.merge(self.other, self.customer)
        self.assertEqual(self.balance_of().amount, 50)
        empty = self.env["res.partner"].create({"name": "Brightwater"})
        Balance._for_or_new(empty, self.company, self.company.currency_id)
        self.merge(self.customer, empty)
        self.assertEqual(self.balance_of(empty).amount, 50)

    def test_money_never_lands_on_a_contact_within_a_company(self):
        self.buy(50)
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.other.id})
        with self.assertRaisesRegex(UserError, "prepaid"), self.env.cr.savepoint():
            self.merge(self.customer, contact)

    def test_money_for_one_contract_keeps_its_customer(self):
        site = self.env["res.partner"].create({"name": "Site", "parent_id": self.customer.id})
        self.contract.write({"partner_id": site.id, "invoice_partner_id": site.id})
        self.env["usage.prepaid.balance"].create(
            {"partner_id": self.customer.id, "contract_id": self.contract.id, "company_id": self.company.id}
        )
        with self.assertRaisesRegex(UserError, "another customer"), self.env.cr.savepoint():
            self.merge(site, self.other)

    def test_whom_events_name_stays(self):
        ann, twin = self.env["res.partner"].create([{"name": "Ann", "email": "ann@example.com"}, {"name": "Ann"}])
        self.use(10, end_user="ann@example.com")
        with self.assertRaisesRegex(UserError, "usage events"), self.env.cr.savepoint():
            self.merge(ann, twin)
        with self.assertRaisesRegex(UserError, "usage events"), self.env.cr.savepoint():
            ann.unlink()
        self.merge(twin, ann)
        self.assertEqual(self.env["usage.event"].search([("end_user_id", "!=", False)]).end_user_id, ann)
