"""A month to accrue: three devices, an account for unbilled usage, and sums of the ledger."""

from datetime import date

from odoo.tests import tagged

from .common import UsageCommon, utc

JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)


class Closings:
    """Mixin: an account for unbilled usage, and accruals of a day, previewed or posted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asset = cls.env["account.account"].create(
            {"name": "Unbilled usage", "code": "150777", "account_type": "asset_current"}
        )
        cls.company.usage_accrual_account_id = cls.asset

    def preview(self, day=JANUARY):
        accrual = self.env["usage.accrual"].create({"date": day})
        accrual.action_prepare()
        return accrual

    def accrue(self, day=JANUARY):
        accrual = self.preview(day)
        self.assertIs(accrual.action_post(), True, "posted")
        return accrual


@tagged("post_install", "-at_install")
class AccrualCommon(Closings, UsageCommon):
    """A page costs 0.01 unless a test says otherwise."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()
        cls.income = cls.product_pages.product_tmpl_id.get_product_accounts()["income"]

    def use(self, quantity, day=None, subject="PRN0001"):
        day = day or date(2026, 1, 15)
        return self.send([self.record(subject, quantity, occurred_at=utc(day.year, day.month, day.day, 11))])

    def balance(self, account, until, since=date(2000, 1, 1)):
        domain = [
            ("account_id", "=", account.id),
            ("parent_state", "=", "posted"),
            ("date", "<=", until),
            ("date", ">=", since),
        ]
        return round(sum(self.env["account.move.line"].search(domain).mapped("balance")), 2)

    def revenue(self, since, until):
        return -self.balance(self.income, until, since)
