"""What a run would do is shown before it does it, to the cent, and nothing is written by looking."""

import base64
import io
import random
from datetime import date
from unittest.mock import patch

import openpyxl

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, format_date, mute_logger

from odoo.addons.odoo_usage_billing.models import usage_billing_run_preview

from .common import UsageCommon, utc

OURS = (
    "usage_run_preview",
    "usage_run_preview_line",
    "usage_billing_run",
    "ir_attachment",
)


@tagged("post_install", "-at_install")
class TestRunPreview(UsageCommon):
    """A page costs 1, so that pages are money; a contract has one printer named after it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.make_card(charge_model="per_unit", unit_price=1)

    @classmethod
    def printers(cls, name, lines=None, **vals):
        contract = cls.make_contract(lines or [cls.usage_line(cls.card)], name=name, **vals)
        for number, line in enumerate(contract.contract_line_ids.filtered("is_usage")):
            cls.make_subjects(line, 1, prefix=f"{name}{number}")
        return contract

    @classmethod
    def use(cls, name, quantity, month, line=0, day=10, **vals):
        subject = f"{name}{line}0001"
        cls.send([cls.record(subject, quantity, utc(2026, month, day), **vals)])

    def run_of(self, day=date(2026, 2, 1), contracts=None):
        return self.env["usage.billing.run"].create(
            {
                "date_ref": day,
                "company_id": self.company.id,
                "contract_ids": [Command.set(contracts.ids)] if contracts else False,
            }
        )

    def previewed(self, *args, **kwargs):
        run = self.run_of(*args, **kwargs)
        run.action_preview()
        self.assertEqual((run.preview_state, run.preview_progress), ("done", 100 if run.preview_ids else 0))
        return run

    def counts(self):
        """Rows of each table, and the numbers given out for invoices."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname = 'public'"
        )
        names = [name for (name,) in self.env.cr.fetchall() if name not in OURS]
        found = {}
        for name in names:
            query = SQL("SELECT COUNT(*), COALESCE(SUM(hashtext(t::text)::bigint), 0) FROM %s t", SQL.identifier(name))
            found[name] = self.env.execute_query(query)[0]
        self.env.cr.execute(
            "SELECT relname, last_value FROM account_move_id_seq, (SELECT 'account_move_id_seq' AS relname) n"
            " UNION ALL SELECT 'account_move_line_id_seq', last_value FROM account_move_line_id_seq"
        )
        return found, self.env.cr.fetchall()

    def assert_as_previewed(self, run):
        run.action_start()
        rows = run.preview_ids
        self.assertEqual(set(rows.mapped("outcome")) - {"same"}, set(), rows.mapped(lambda r: r.read()))
        self.assertEqual(run.preview_differs_count, 0)
        billable = rows.filtered(lambda row: row.finding not in ("held", "failed"))
        moves = run.line_ids.move_ids
        sign = {"out_invoice": 1, "out_refund": -1}
        for field in ("amount_untaxed", "amount_tax", "amount_total"):
            self.assertAlmostEqual(
                sum(billable.mapped(field)), sum(sign[move.move_type] * move[field] for move in moves), 2, field
            )
        self.assertEqual(run.preview_move_count, len(moves))

    # -- the figures -------------------------------------------------------

    def test_a_contract_is_shown_beside_its_last_period_and_what_is_usual(self):
        contract = self.printers("AAA")
        for month, pages in enumerate((100, 110, 120, 500), 1):
            self.use("AAA", pages, month)
            if month < 4:
                self.run_billing(date(2026, month + 1, 1), contract)
        run = self.previewed(date(2026, 5, 1))
        row = run.preview_ids
        self.assertEqual((row.contract_id, row.finding, row.turn), (contract, "outlier", 1))
        self.assertEqual((row.amount_untaxed, row.amount_last, row.amount_usual), (500, 120, 110))
        self.assertAlmostEqual(row.usual_ratio, 500 / 110)
        line = row.line_ids
        self.assertEqual((line.kind, line.date_start, line.date_last), ("usage", date(2026, 4, 1), date(2026, 4, 30)))
        self.assertEqual((line.quantity, line.amount, line.amount_usual, line.finding), (500, 500, 110, "outlier"))
        self.assertIn("500.00", run.preview_totals)
        self.assert_as_previewed(run)

    def test_outliers_come_first_the_furthest_before_the_near(self):
        for name, april in (("AAA", 100), ("BBB", 900), ("CCC", 300), ("DDD", 20)):
            contract = self.printers(name)
            for month in (1, 2, 3):
                self.use(name, 100, month)
            self.use(name, april, 4)
            self.run_billing(date(2026, 4, 1), contract)
        rows = self.previewed(date(2026, 5, 1)).preview_ids
        names = [row.contract_id.name for row in rows.filtered(lambda row: row.turn == 1)]
        self.assertEqual(names[:3], ["BBB", "CCC", "DDD"])
        self.assertEqual(names[-1], "AAA")
        self.assertEqual(rows[0].finding, "outlier")

    def test_a_contract_that_is_behind_has_a_row_for_each_period(self):
        self.printers("AAA")
        for month in (1, 2, 3):
            self.use("AAA", 100 * month, month)
        run = self.previewed(date(2026, 4, 1))
        self.assertEqual(
            sorted(run.preview_ids.mapped(lambda r: (r.turn, r.amount_untaxed, r.amount_last))),
            [
                (1, 100, 0),
                (2, 200, 100),
                (3, 300, 200),
            ],
        )
        self.assert_as_previewed(run)

    def test_what_would_fail_and_what_would_be_held_say_why(self):
        bad = self.printers(
            "BAD", [self.usage_line(self.make_card(charge_model="per_unit", date_start=date(2027, 1, 1)))]
        )
        held = self.printers("HLD", usage_bounds_from="own", usage_hold_above=50)
        self.printers("AAA")
        for name in ("AAA", "HLD"):
            self.use(name, 100, 1)
        run = self.previewed()
        rows = {row.contract_id.name: row for row in run.preview_ids}
        self.assertEqual([row.contract_id for row in run.preview_ids[:2]], [bad, held])
        self.assertEqual((rows["BAD"].finding, rows["HLD"].finding, rows["AAA"].finding), ("failed", "held", "first"))
        self.assertIn("no active version", rows["BAD"].message)
        self.assertIn("more than the $\xa050.00", rows["HLD"].message)
        self.assertEqual((rows["HLD"].amount_held, rows["HLD"].amount_untaxed), (100, 0))
        self.assertEqual(rows["HLD"].line_ids.amount_held, 100)
        self.assertFalse(held.usage_hold_ids)
        self.assertEqual((run.preview_failed_count, run.preview_held_count), (1, 1))
        self.assert_as_previewed(run)

    # -- what only the invoice itself would refuse ---------------------------

    def test_a_locked_day_is_foreseen_with_the_day_on_which_it_would_be_booked(self):
        self.printers("AAA")
        self.printers("DRA", usage_invoice_policy="draft")
        for name in ("AAA", "DRA"):
            self.use(name, 100, 1)
        self.company.sale_lock_date = date(2026, 2, 28)
        run = self.previewed()
        rows = {row.contract_id.name: row for row in run.preview_ids}
        self.assertEqual((rows["AAA"].finding, rows["AAA"].amount_untaxed), ("first", 100))
        self.assertFalse(rows["DRA"].message)
        self.assert_as_previewed(run)
        booked = run.line_ids.move_ids.filtered(lambda move: move.state == "posted").date
        self.assertGreater(booked, date(2026, 2, 28))
        said = f"The invoice of 02/01/2026 would be booked on {format_date(self.env, booked)}, because"
        self.assertIn(said, rows["AAA"].message)

    def test_a_lock_that_leaves_no_day_fails_in_the_preview_as_in_the_run(self):
        self.printers("AAA")
        self.printers("DRA", usage_invoice_policy="draft")
        for name in ("AAA", "DRA"):
            self.use(name, 100, 1)
        self.company.fiscalyear_lock_date = date(2099, 12, 31)
        run = self.previewed()
        rows = {row.contract_id.name: row for row in run.preview_ids}
        self.assertEqual((rows["AAA"].finding, rows["DRA"].finding), ("failed", "first"))
        self.assertIn("every later day up to today", rows["AAA"].message)
        self.assert_as_previewed(run)
        self.assertEqual((run.failed_count, run.invoice_count), (1, 1))

    @mute_logger("odoo.sql_db")
    def test_a_missing_account_fails_in_the_preview_as_in_the_run(self):
        bare = self.env["product.product"].create({"name": "Bare", "type": "service", "taxes_id": False})
        self.env["ir.default"].search([("field_id.name", "=", "property_account_income_categ_id")]).unlink()
        bare.categ_id.property_account_income_categ_id = False
        self.company.income_account_id = False
        journal = self.env["account.journal"].search([("type", "=", "sale"), ("company_id", "=", self.company.id)])
        journal.default_account_id = False
        self.product_pages.property_account_income_id = self.company_data["default_account_revenue"]
        self.env.flush_all()
        self.env.invalidate_all()
        self.printers("BAR", [{**self.usage_line(self.card), "product_id": bare.id}])
        self.printers("AAA")
        for name in ("AAA", "BAR"):
            self.use(name, 100, 1)
        run = self.previewed()
        rows = {row.contract_id.name: row for row in run.preview_ids}
        self.assertEqual(rows["BAR"].contract_id.contract_line_ids.product_id, bare)
        self.assertEqual((rows["BAR"].finding, rows["AAA"].finding), ("failed", "first"))
        self.assertIn("has no income account", rows["BAR"].message)
        self.assert_as_previewed(run)
        self.assertEqual((run.failed_count, run.invoice_count), (1, 1))

    def test_looking_writes_nothing(self):
        self.printers("AAA", usage_adjustment_policy="next_invoice")
        self.printers("HLD", usage_bounds_from="own", usage_hold_above=50)
        self.use("AAA", 10, 1)
        self.run_billing()
        self.use("AAA", 20, 2)
        self.use("HLD", 100, 1)
        self.use("AAA", 5, 1, external_id="late", day=11)
        run = self.run_of(date(2026, 3, 1))
        before = self.counts()
        run.action_preview()
        after = self.counts()
        self.assertEqual(before[1], after[1])
        changed = {name for name, figures in after[0].items() if figures != before[0].get(name)}
        self.assertEqual(changed, set())
        self.assertEqual(len(run.preview_ids), 2)

    # -- the run beside it -------------------------------------------------

    def test_what_came_in_meanwhile_is_shown_as_a_difference(self):
        contract = self.printers("AAA")
        self.printers("BBB")
        self.use("AAA", 100, 1)
        self.use("BBB", 100, 1)
        run = self.previewed()
        self.use("AAA", 7, 1, day=12)
        run.action_start()
        row = run.preview_ids.filtered(lambda r: r.contract_id == contract)
        self.assertEqual((row.outcome, row.amount_invoiced, row.amount_difference), ("differs", 107, 7))
        self.assertEqual((row.line_ids.outcome, run.preview_differs_count), ("differs", 1))
        self.assertEqual((run.preview_ids - row).outcome, "same")

    def test_what_was_not_foreseen_and_what_was_not_invoiced_are_shown(self):
        held = self.printers("HLD")
        self.use("HLD", 100, 1)
        run = self.previewed()
        held.write({"usage_bounds_from": "own", "usage_hold_above": 50})
        other = self.printers("NEW")
        self.use("NEW", 3, 1)
        run.action_start()
        self.assertEqual(run.preview_ids.filtered(lambda r: r.contract_id == held).outcome, "not_invoiced")
        row = run.preview_ids.filtered(lambda r: r.contract_id == other)
        self.assertEqual((row.finding, row.outcome, row.amount_invoiced), ("unforeseen", "unforeseen", 3))
        self.assertEqual(run.preview_differs_count, 2)

    def test_a_hold_that_is_released_after_the_preview_differs(self):
        contract = self.printers("HLD", usage_bounds_from="own", usage_hold_above=50)
        self.use("HLD", 100, 1)
        run = self.previewed()
        contract.usage_bounds_from = "none"
        run.action_start()
        row = run.preview_ids
        self.assertEqual((row.finding, row.outcome, row.amount_difference), ("held", "differs", 100))

    def test_a_run_that_was_started_is_not_previewed_and_an_unfinished_preview_is_dropped(self):
        self.printers("AAA")
        self.use("AAA", 1, 1)
        run = self.run_of()
        run.write({"preview_state": "running"})
        run.action_start()
        self.assertEqual((run.preview_state, run.state), (False, "done"))
        with self.assertRaises(UserError):
            run.action_preview()

    def test_only_managers_preview_and_start(self):
        self.printers("AAA")
        viewer = new_test_user(
            self.env,
            "preview_viewer",
            groups="odoo_usage_billing.group_usage_viewer",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        run = self.previewed()
        self.assertTrue(run.with_user(viewer).preview_ids.read(["amount_untaxed"]))
        for call in (run.with_user(viewer).action_preview, run.with_user(viewer).action_start):
            with self.assertRaises(AccessError):
                call()

    # -- many --------------------------------------------------------------

    def test_many_contracts_are_previewed_in_chunks_in_the_background(self):
        contracts = self.env["contract.contract"].concat(*(self.printers(f"M{number}X") for number in range(7)))
        for contract in contracts:
            self.use(contract.name, 10, 1)
        contracts[:2].usage_invoice_together = True
        with (
            patch.object(usage_billing_run_preview, "CHUNK", 2),
            patch.object(usage_billing_run_preview, "INLINE_LIMIT", 2),
            self.enter_registry_test_mode(),
        ):
            run = self.run_of()
            run.action_preview()
            self.assertEqual((run.preview_state, run.preview_progress), ("running", 0))
            self.env.ref("odoo_usage_billing.cron_run_preview").method_direct_trigger()
        run.invalidate_recordset()
        self.assertEqual((run.preview_state, run.preview_progress, len(run.preview_ids)), ("done", 100, 7))
        self.assertEqual(run.preview_move_count, 6)
        self.assert_as_previewed(run)

    def test_the_workbook_has_a_row_per_contract_and_line(self):
        self.printers("=1+1", [{"name": "Fee", "specific_price": 5}, self.usage_line(self.card)])
        self.use("=1+1", 2, 1)
        run = self.previewed()
        book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(run.preview_workbook)))
        contracts, lines = book["Contracts"], book["Lines"]
        self.assertEqual([cell.value for cell in contracts[2]][:2], ["First invoice", "=1+1"])
        self.assertEqual(contracts["B2"].data_type, "s")
        self.assertEqual(sorted(row[7].value for row in lines.iter_rows(min_row=2)), [2, 5])

    # -- to the cent -------------------------------------------------------

    def random_contract(self, dice, number):
        name = f"R{number}X"
        tiers = [(dice.randint(1, 50), dice.choice([1, 0.333, 0.0125]), dice.choice([0, 2.5])), (None, 0.07, 0)]
        card = self.make_card(tiers, dice.choice(["graduated", "volume"]), name=name)
        line = self.usage_line(card, usage_rating_term=dice.choice(["period", "quarterly"]))
        if dice.random() < 0.4:
            line["usage_baseline_ids"] = [
                Command.create(
                    {
                        "date_start": date(2026, 1, 1),
                        "quantity": dice.randint(5, 60),
                        "fixed_amount": dice.choice([0, 12.34]),
                    }
                )
            ]
        if dice.random() < 0.3:
            line["usage_order_number"] = "PO-1"
        product = dice.choice([self.product_service, self.taxed, self.included])
        fees = [{"name": "Fee", "product_id": product.id, "specific_price": 9.99, "quantity": dice.choice([1, 3])}]
        contract = self.printers(
            name,
            [*dice.choice([[], fees]), {**line, "product_id": dice.choice([self.product_pages, self.taxed]).id}],
            usage_invoice_together=dice.random() < 0.5,
            usage_adjustment_policy=dice.choice(["ask", "next_invoice"]),
            usage_bounds_from="own",
            usage_hold_above=dice.choice([0, 0, 0, 15]),
        )
        if dice.random() < 0.4:
            vals = {"name": "Promise", "contract_id": contract.id, "date_start": date(2026, 1, 1), "term": "monthly"}
            self.env["usage.commitment"].create({**vals, "amount": dice.randint(5, 40)})
        return contract

    def test_the_run_does_what_the_preview_said_whatever_the_contracts_are(self):
        seed = random.randrange(10**6)
        dice = random.Random(seed)
        tax = self.env["account.tax"].create({"name": "21", "amount": 21, "company_id": self.company.id})
        inside = tax.copy({"name": "6 in", "amount": 6, "price_include_override": "tax_included"})
        self.taxed = self.product_service.copy({"name": "Taxed", "taxes_id": [Command.set(tax.ids)]})
        self.included = self.product_service.copy({"name": "Included", "taxes_id": [Command.set(inside.ids)]})
        contracts = [self.random_contract(dice, number) for number in range(10)]
        with self.subTest(seed=seed):
            for month in (1, 2, 3):
                for contract in contracts:
                    self.use(contract.name, dice.randint(0, 120), month, day=dice.randint(2, 26))
                    if month > 1 and dice.random() < 0.4:
                        self.use(
                            contract.name,
                            dice.randint(1, 9),
                            month - 1,
                            external_id=f"late {contract.id} {month}",
                        )
                behind = dice.sample(contracts, 3) if month == 2 else []
                due = self.env["contract.contract"].concat(*(c for c in contracts if c not in behind))
                self.assert_as_previewed(self.previewed(date(2026, month + 1, 1), due))
                due._usage_look()
