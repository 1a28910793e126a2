from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import UsageCommon, utc

# What each group may do: r(ead) w(rite) c(reate) u(nlink). A model without a row fails the test.
MATRIX = {
    # model: (viewer, operator, manager)
    "usage.metric": ("r", "r", "rwcu"),
    "usage.subject": ("r", "rwc", "rwcu"),
    "usage.subject.identity": ("r", "rwcu", "rwcu"),
    "usage.assignment": ("r", "rwc", "rwcu"),
    "usage.source": ("r", "r", "rwcu"),
    "usage.batch": ("r", "rwc", "rwc"),
    "usage.suspense": ("r", "rwc", "rwc"),
    "usage.discovery": ("r", "rw", "rw"),
    "usage.event": ("r", "r", "r"),
    "usage.bucket": ("r", "r", "r"),
    "usage.rate.card": ("r", "r", "rwcu"),
    "usage.rate.card.version": ("r", "r", "rwcu"),
    "usage.rate.card.tier": ("r", "r", "rwcu"),
    "usage.rate.card.band": ("r", "r", "rwcu"),
    "usage.rate.card.row": ("r", "r", "rwcu"),
    "usage.price.override": ("r", "r", "rwcu"),
    "usage.baseline": ("r", "r", "rwcu"),
    "usage.baseline.season": ("r", "r", "rwcu"),
    "usage.commitment": ("r", "r", "rwcu"),
    "usage.billing.period": ("r", "r", "rwc"),
    "usage.charge": ("r", "r", "rwc"),
    "usage.charge.component": ("r", "r", "rwc"),
    "usage.adjustment": ("r", "r", "rw"),
    "usage.adjustment.component": ("r", "r", "rw"),
    "usage.hold": ("r", "r", "rwc"),
    "usage.billing.run": ("r", "r", "rwcu"),
    "usage.billing.run.line": ("r", "r", "rwcu"),
    "usage.run.preview": ("r", "r", "rwcu"),
    "usage.run.preview.line": ("r", "r", "rwcu"),
    "usage.accrual": ("r", "r", "rwcu"),
    "usage.accrual.line": ("r", "r", "rwcu"),
    "usage.prepaid.balance": ("r", "r", "rwcu"),
    "usage.prepaid.grant": ("r", "r", "rw"),
    "usage.prepaid.move": ("r", "r", "r"),
    "usage.recognition": ("r", "r", "rwcu"),
    "usage.recognition.line": ("r", "r", "rwcu"),
    "usage.prepaid.promotion": ("", "", "rwcu"),
    "usage.retirement": ("", "", ""),
    "usage.retirement.total": ("", "", ""),
    "usage.retire": ("", "", ""),
    "usage.retire.line": ("", "", ""),
    "usage.books.check": ("r", "r", "rwcu"),
    "usage.books.check.line": ("r", "r", "rwcu"),
    "usage.preview": ("rwcu", "rwcu", "rwcu"),
    "usage.preview.line": ("rwcu", "rwcu", "rwcu"),
    "usage.entry": ("", "rwcu", "rwcu"),
    "usage.suspense.correct": ("", "rwcu", "rwcu"),
    "usage.suspense.write.off": ("", "rwcu", "rwcu"),
    "usage.version.compare": ("rwcu", "rwcu", "rwcu"),
    "usage.baseline.ramp": ("", "", "rwcu"),
    "usage.batch.void": ("", "", "rwcu"),
}
EMPTY = (
    "usage.subject.identity",
    "usage.rate.card.tier",
    "usage.rate.card.band",
    "usage.rate.card.row",
    "usage.price.override",
    "usage.baseline.season",
    "usage.commitment",
)
SHARED_OR_PRIVATE = (
    "usage.metric",
    "usage.preview",
    "usage.preview.line",
    "usage.version.compare",
    "usage.baseline.ramp",
    "usage.batch.void",
    "usage.prepaid.promotion",
    "usage.entry",
    "usage.suspense.correct",
    "usage.suspense.write.off",
    "usage.retirement",
    "usage.retirement.total",
    "usage.retire",
    "usage.retire.line",
)
LETTERS = {"read": "r", "write": "w", "create": "c", "unlink": "u"}
GROUPS = ("viewer", "operator", "manager")


@tagged("post_install", "-at_install")
class TestSecurityMatrix(UsageCommon):
    """Every model against every kind of user, and each permission's forbidden twin."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract(
            [
                cls.usage_line(
                    cls.make_card(charge_model="per_unit", unit_price=0.5),
                    usage_baseline_ids=[Command.create({"date_start": date(2026, 1, 1), "quantity": 1})],
                )
            ]
        )
        cls.line = cls.contract.contract_line_ids
        cls.make_subjects(cls.line, 1)
        cls.source.unknown_subject_policy = "discover"
        cls.send([cls.record("PRN0001", 10), cls.record("NOPE", 1)])
        cls.run_billing()
        cls.send([cls.record("PRN0001", 5, external_id="late")])
        cls.contract._usage_look()
        cls.contract.write({"usage_bounds_from": "own", "usage_hold_above": 1})
        cls.send([cls.record("PRN0001", 900, utc(2026, 2, 5))])
        cls.run_billing(date(2026, 3, 1))
        cls.send([cls.record("PRN0001", 10, occurred_at=utc(2026, 2, 3, 12))])
        cls.env["usage.billing.run"].create({"date_ref": date(2026, 3, 1)}).action_preview()
        cls.env["usage.accrual"].create({"date": date(2026, 2, 28)}).action_prepare()
        cls.make_prepaid()
        cls.env["usage.books.check"].create({}).action_check()
        cls.users = {
            name: new_test_user(
                cls.env,
                login=f"matrix_{name}",
                groups=f"odoo_usage_billing.group_usage_{name}",
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
            for name in GROUPS
        }
        cls.portal = new_test_user(cls.env, login="matrix_portal", groups="base.group_portal")
        cls.employee = new_test_user(cls.env, login="matrix_staff", groups="base.group_user")

    @classmethod
    def make_prepaid(cls):
        """A balance with a grant that has expired, and the preview of that."""
        cls.company.usage_prepaid_account_id = cls.env["account.account"].create(
            {"name": "Prepaid", "code": "215777", "account_type": "liability_current"}
        )
        balance = cls.env["usage.prepaid.balance"].create({"partner_id": cls.customer.id})
        balance._give(10, "Bonus", date(2026, 1, 1), date(2026, 2, 1))
        cls.env["usage.recognition"].create({"date": date(2026, 2, 28)}).action_prepare()

    def models_of_addon(self):
        return [
            name
            for name, model in self.env.registry.items()
            if name.startswith("usage.") and model._original_module == "odoo_usage_billing" and not model._abstract
        ]

    def allowed(self, model, user):
        records = self.env[model].with_user(user)
        return "".join(letter for operation, letter in LETTERS.items() if records.has_access(operation))

    def test_every_model_has_a_row_in_the_matrix(self):
        self.assertEqual(sorted(self.models_of_addon()), sorted(MATRIX))

    def test_each_group_may_do_what_the_matrix_says_and_no_more(self):
        for model, expected in MATRIX.items():
            for name, letters in zip(GROUPS, expected, strict=True):
                with self.subTest(model=model, group=name):
                    self.assertEqual(sorted(self.allowed(model, self.users[name])), sorted(letters))

    def test_portal_and_plain_employees_reach_no_usage_model(self):
        for model in MATRIX:
            for user in (self.portal, self.employee, self.env.ref("base.public_user")):
                with self.subTest(model=model, user=user.id):
                    self.assertEqual(self.allowed(model, user), "")

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_a_user_of_another_company_sees_no_row(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="matrix_stranger",
            groups="odoo_usage_billing.group_usage_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for model in MATRIX:
            if model in SHARED_OR_PRIVATE:
                continue
            ours = self.env[model].sudo().search([("company_id", "=", self.company.id)])
            with self.subTest(model=model):
                if model not in EMPTY:
                    self.assertTrue(ours, "the test needs a row to hide")
                seen = self.env[model].with_user(stranger).search([])
                self.assertFalse(seen & ours)
                if ours:
                    with self.assertRaises(AccessError):
                        ours[:1].with_user(stranger).read(["id"])

    def test_portal_reads_contract_lines_of_followed_contracts_only(self):
        lines = self.env["contract.line"].with_user(self.portal)
        self.assertFalse(lines.search([("id", "=", self.line.id)]))
        self.contract.message_subscribe(partner_ids=self.portal.partner_id.ids)
        self.assertEqual(lines.search([("id", "=", self.line.id)]).id, self.line.id)
