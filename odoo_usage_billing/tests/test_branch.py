"""A branch of a company: it bills with the metrics and rate cards of its parent, and keeps its usage to itself."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import NO_BOUNDS, UsageCommon


@tagged("post_install", "-at_install")
class TestBranch(UsageCommon):
    """The parent has a metric and a card of its own; a manager of the branch sees nothing but the branch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metric.company_id = cls.company
        cls.card = cls.make_card([(100, 0.02, 0), (None, 0.01, 0)])
        cls.parent_contract = cls.make_contract([cls.usage_line(cls.card)])
        cls.branch = cls.env["res.company"].sudo().create({"name": "Branch", "parent_id": cls.company.id, **NO_BOUNDS})
        cls.env["account.journal"].sudo().create(
            {"name": "Branch sales", "code": "BRS", "type": "sale", "company_id": cls.branch.id}
        )
        cls.manager = new_test_user(
            cls.env,
            login="branch",
            groups="odoo_usage_billing.group_usage_manager,account.group_account_manager",
            company_id=cls.branch.id,
            company_ids=[Command.set(cls.branch.ids)],
        )
        cls.there = cls.env(user=cls.manager, context={"allowed_company_ids": cls.branch.ids})

    def contract_there(self):
        vals = {"name": "Printers", "partner_id": self.customer.id, "contract_type": "sale", "line_recurrence": True}
        line = {
            "quantity": 1,
            "recurring_rule_type": "monthly",
            "recurring_invoicing_type": "post-paid",
            "recurring_interval": 1,
            "date_start": date(2026, 1, 1),
            **self.usage_line(self.card),
        }
        return self.there["contract.contract"].create(
            {**vals, "company_id": self.branch.id, "contract_line_ids": [Command.create(line)]}
        )

    def send_there(self, line, *records):
        subject = self.there["usage.subject"].create({"code": "BR1", "company_id": self.branch.id})
        self.there["usage.assignment"].create(
            {"subject_id": subject.id, "contract_line_id": line.id, "start_at": date(2020, 1, 1)}
        )
        source = self.there["usage.source"].create(
            {"name": "Branch", "code": "branch", "company_id": self.branch.id, "tz": "UTC", "max_age_days": 4000}
        )
        batch = self.there["usage.batch"].create({"name": "file", "source_id": source.id})
        batch._store(records)
        return batch

    def test_a_branch_bills_with_its_parents_metrics_and_cards(self):
        contract = self.contract_there()
        batch = self.send_there(contract.contract_line_ids, self.record("BR1", 150))
        self.assertEqual((batch.accepted_count, batch.company_id), (1, self.branch))
        self.assertIn(self.card.name, contract.contract_line_ids.usage_rate_card_id.display_name)
        run = self.there["usage.billing.run"].create({"date_ref": date(2026, 2, 1), "company_id": self.branch.id})
        run.action_start()
        self.assertEqual([(line.state, line.message) for line in run.line_ids], [("done", False)])
        invoice = run.line_ids.move_ids
        # 100 x 0.02 + 50 x 0.01
        self.assertEqual((invoice.company_id, invoice.amount_untaxed), (self.branch, 2.5))
        self.assertEqual(invoice.state, "posted")
        charge = contract.contract_line_ids.usage_charge_ids
        self.assertTrue(charge.explanation and charge.version_id.tier_ids.mapped("unit_price"))
        self.env.flush_all()
        broken = {f.code: f.examples for f in verify(self.env.cr, [self.branch.id], True) if f.broken}
        self.assertEqual(broken, {})

    def test_a_branch_accrues_and_spends_prepaid_money_on_its_parents_accounts(self):
        Account = self.env["account.account"]
        asset = Account.create({"name": "Unbilled", "code": "150777", "account_type": "asset_current"})
        owed = Account.create({"name": "Prepaid", "code": "215777", "account_type": "liability_current"})
        self.branch.sudo().write({"usage_accrual_account_id": asset.id, "usage_prepaid_account_id": owed.id})
        self.env["account.journal"].sudo().create(
            {"name": "Branch entries", "code": "BRG", "type": "general", "company_id": self.branch.id}
        )
        contract = self.contract_there()
        balance = self.there["usage.prepaid.balance"].create(
            {"partner_id": self.customer.id, "company_id": self.branch.id}
        )
        balance._give(1, "Bonus", date(2026, 1, 1))
        self.send_there(contract.contract_line_ids, self.record("BR1", 150))
        accrual = self.there["usage.accrual"].create({"date": date(2026, 1, 31), "company_id": self.branch.id})
        accrual.action_prepare()
        accrual.action_post()
        # 2.50 of usage, of which a bonus pays 1
        self.assertEqual((accrual.amount, accrual.move_id.company_id), (1.5, self.branch))
        run = self.there["usage.billing.run"].create({"date_ref": date(2026, 2, 1), "company_id": self.branch.id})
        run.action_start()
        self.assertEqual((run.line_ids.move_ids.amount_untaxed, balance.amount), (1.5, 0))

    def test_what_is_the_parents_stays_as_it_is_and_its_usage_unseen(self):
        self.make_subjects(self.parent_contract.contract_line_ids, 1)
        self.send([self.record("PRN0001", 1)])
        card, metric = self.card.with_env(self.there), self.metric.with_env(self.there)
        for write in (lambda: card.write({"name": "Mine"}), lambda: metric.write({"name": "Mine"}), card.unlink):
            with self.assertRaises(AccessError):
                write()
        for model in ("contract.contract", "usage.subject", "usage.event", "usage.bucket", "usage.batch"):
            self.assertFalse(self.there[model].search([("company_id", "=", self.company.id)]), model)

    def test_a_sister_sees_nothing_and_the_branchs_own_metric_comes_first(self):
        own = self.there["usage.metric"].create(
            {"name": "Own", "code": "pages", "uom_id": self.metric.uom_id.id, "company_id": self.branch.id}
        )
        contract = self.contract_there()
        contract.contract_line_ids.usage_metric_id = own
        self.send_there(contract.contract_line_ids, self.record("BR1", 150))
        self.assertEqual(self.there["usage.event"].search([]).metric_id, own)
        sister = self.env["res.company"].sudo().create({"name": "Sister", "parent_id": self.company.id})
        other = new_test_user(
            self.env,
            login="sister",
            groups="odoo_usage_billing.group_usage_manager",
            company_id=sister.id,
            company_ids=[Command.set(sister.ids)],
        )
        self.assertNotIn(own, self.env["usage.metric"].with_user(other).search([]))
