"""A public file, uploaded and billed through the product, beside what DuckDB makes of it."""

import base64
import json
import os
import unittest
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from odoo import Command

from odoo.addons.odoo_usage_billing.tests.common import UsageCommon
from odoo.addons.odoo_usage_mediation.wizards import usage_upload

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("USAGE_SHARED_DATA") or HERE.parents[2] / "shared" / "data")
COUNTS = ("received_count", "accepted_count", "duplicate_count", "suspended_count", "filtered_count")
LONG_AGO = datetime(2000, 1, 1)


class RealCase(UsageCommon):
    """Uploads `data_file` by the profile `profile_file`; subclasses say who pays what."""

    data_file = ""
    profile_file = ""
    oracle_class = None
    zone = "UTC"

    @classmethod
    def setUpClass(cls):
        cls.path = SHARED / cls.data_file
        if not cls.path.is_file():
            raise unittest.SkipTest(f"{cls.data_file} is not in {SHARED}; USAGE_SHARED_DATA names another folder")
        super().setUpClass()
        cls.oracle = cls.oracle_class(cls.path)
        cls.source = cls.make_source(cls.profile_file)

    # -- what the product is given -----------------------------------------

    @classmethod
    def make_source(cls, profile_file):
        """A source that reads files by a profile, taken in by the import of profiles."""
        content = (HERE / "profiles" / profile_file).read_bytes()
        action = (
            cls.env["usage.profile.import"]
            .create({"file": base64.b64encode(content), "file_name": profile_file})
            .action_import()
        )
        profile = cls.env["usage.profile"].browse(action["res_id"])
        assert profile.definition == json.loads(content)["definition"]
        return cls.env["usage.source"].create(
            {
                "name": profile.name,
                "code": profile_file,
                "company_id": cls.company.id,
                "transport": "file",
                "profile_id": profile.id,
                "tz": "UTC",
                "max_age_days": 20_000,
            }
        )

    @classmethod
    def make_metric(cls, code, uom="uom.product_uom_unit", **vals):
        return cls.env["usage.metric"].create({"name": code, "code": code, "uom_id": cls.env.ref(uom).id, **vals})

    @classmethod
    def make_price(cls, charge_model, currency=None, tiers=(), bands=(), **vals):
        """An active card, priced since long ago."""
        currency = currency or cls.company.currency_id
        card = cls.env["usage.rate.card"].create(
            {"name": charge_model, "company_id": cls.company.id, "currency_id": currency.id}
        )
        version = cls.env["usage.rate.card.version"].create(
            {
                "card_id": card.id,
                "date_start": LONG_AGO.date(),
                "charge_model": charge_model,
                "tier_ids": [Command.create(tier) for tier in tiers],
                "band_ids": [Command.create(band) for band in bands],
                **vals,
            }
        )
        version.action_activate()
        return card

    @classmethod
    def make_agreement(cls, name, date_start, prices, **vals):
        """A contract with a line per metric of `prices` ({metric: card}), billed by month unless said."""
        rule = vals.pop("recurring_rule_type", "monthly")
        customer = cls.env["res.partner"].create({"name": name, "property_payment_term_id": False})
        return cls.make_contract(
            [
                cls.usage_line(
                    card,
                    name=metric.code,
                    usage_metric_id=metric.id,
                    recurring_rule_type=rule,
                )
                for metric, card in prices.items()
            ],
            date_start=date_start,
            name=name,
            partner_id=customer.id,
            usage_tz=cls.zone,
            **vals,
        )

    @classmethod
    def make_subjects_of(cls, codes, contract):
        """Subjects named as in the file, assigned to every line of a contract."""
        subjects = cls.env["usage.subject"].create([{"code": code, "company_id": cls.company.id} for code in codes])
        cls.env["usage.assignment"].create(
            [
                {
                    "subject_id": subject.id,
                    "contract_line_id": line.id,
                    "start_at": LONG_AGO,
                }
                for line in contract.contract_line_ids
                for subject in subjects
            ]
        )
        return subjects

    @classmethod
    def upload_file(cls):
        """The file through the upload wizard. Returns (previewed counts, batch)."""
        return cls.upload(cls.source, cls.path.read_bytes(), cls.path.name)

    @classmethod
    def upload(cls, source, content, name):
        """Choose, preview, confirm. Returns (previewed counts, batch)."""
        upload = cls.env["usage.upload"].create(
            {"source_id": source.id, "file": base64.b64encode(content), "file_name": name}
        )
        upload.action_preview()
        assert upload.state == "preview", upload.problem
        previewed = {
            "received_count": upload.received_count,
            "accepted_count": upload.good_count,
            "duplicate_count": upload.duplicate_count,
            "suspended_count": upload.suspended_count,
            "filtered_count": upload.filtered_count,
        }
        with patch.object(usage_upload, "LARGE_ROWS", float("inf")):
            upload.action_confirm()
        assert upload.state == "done", upload.problem
        return previewed, upload.batch_id

    # -- what came out -----------------------------------------------------

    def counts(self, batch):
        return {name: batch[name] for name in COUNTS}

    def assert_counts(self, previewed, batch, **expected):
        """Preview, batch and expectation say the same, and the batch adds up."""
        counts = self.counts(batch)
        self.assertEqual(counts, {**dict.fromkeys(COUNTS, 0), **expected})
        self.assertEqual(previewed, counts, "the preview promised something else")
        self.assertEqual(counts["received_count"], sum(counts.values()) - counts["received_count"])

    def stored(self):
        """(events, the sum of their quantities per metric code, exactly) of the source."""
        self.env.cr.execute(
            """
            SELECT m.code, count(*), sum(e.quantity)::text FROM usage_event e
              JOIN usage_metric m ON m.id = e.metric_id WHERE e.source_id = %s GROUP BY 1
            """,
            (self.source.id,),
        )
        return {code: (count, Decimal(total)) for code, count, total in self.env.cr.fetchall()}

    def billed(self, contracts):
        """{(contract, first day of the period): (untaxed total, {line: (quantity, [amounts])})}."""
        self.env.cr.execute(
            """
            SELECT c.id, c.date_start, l.name, c.quantity::text
              FROM usage_charge c JOIN contract_line l ON l.id = c.contract_line_id
             WHERE c.contract_id = ANY(%s) AND c.state = 'invoiced'
            """,
            (contracts.ids,),
        )
        quantities = {row[0]: (row[1], row[2], Decimal(row[3])) for row in self.env.cr.fetchall()}
        charges = self.env["usage.charge"].browse(quantities)
        amounts = defaultdict(list)
        for item in charges.move_id.invoice_line_ids:
            if item.display_type == "product":
                amounts[item.usage_charge_id.id].append(cents(item.price_subtotal))
        found = {}
        for charge in charges:
            start, name, quantity = quantities[charge.id]
            key = charge.contract_id, start
            total, lines = found.setdefault(key, (cents(charge.move_id.amount_untaxed), {}))
            self.assertNotIn(name, lines, f"{key} is billed twice")
            shown = sorted(amount for amount in amounts.pop(charge.id, []) if amount)
            self.assertEqual(cents(charge.amount), sum(shown, Decimal("0.00")))
            lines[name] = quantity, shown
        self.assertFalse(amounts, "an invoice line without a charge")
        return found

    def assert_billed(self, contracts, expected):
        """Every invoice says what `expected` says: {(contract, first day): {line: Line}}. Returns the grand total."""
        found = self.billed(contracts)
        self.assertEqual(set(found), set(expected), "other periods are billed than expected")
        for key, lines in expected.items():
            contract, start = key
            total, shown = found[key]
            with self.subTest(contract=contract.name, period=str(start)):
                for name, item in lines.items():
                    self.assertEqual(shown[name][0], item.quantity, f"quantity of {name}")
                    self.assertEqual(shown[name][1], item.amounts, f"amounts of {name}")
                self.assertEqual(set(shown), set(lines))
                self.assertEqual(total, sum(item.total for item in lines.values()))
        grand = sum(item.total for lines in expected.values() for item in lines.values())
        moves = self.env["usage.billing.period"].search([("contract_id", "in", contracts.ids)]).move_id
        self.assertEqual(sum(cents(move.amount_untaxed) for move in moves), grand)
        self.assertEqual(len(moves), len(expected), "one invoice per contract and period")
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        self.assertEqual(-sum(cents(item.amount_currency) for item in moves.invoice_line_ids), grand)
        return grand

    def assert_run(self, run, contracts):
        self.assertEqual(run.line_ids.contract_id, contracts)
        self.assertEqual(run.line_ids.filtered("message").mapped("message"), [], "contracts failed")
        self.assertEqual(run.state, "done")

    def assert_upload_changes_nothing(self, contracts, day):
        """The same file again, after invoicing: the same events, no invoice, no suspense added."""
        events, billed = self.stored(), self.billed(contracts)
        suspense = self.env["usage.suspense"].search_count([("source_id", "=", self.source.id)])
        previewed, again = self.upload_file()
        first = self.first_batch
        self.assert_counts(
            previewed,
            again,
            received_count=first.received_count,
            duplicate_count=first.accepted_count,
            suspended_count=first.suspended_count,
            filtered_count=first.filtered_count,
        )
        self.assertEqual(self.stored(), events)
        self.assertEqual(self.env["usage.suspense"].search_count([("source_id", "=", self.source.id)]), suspense)
        self.assertFalse(self.run_billing(day, contracts).line_ids.move_ids)
        self.assertEqual(self.billed(contracts), billed)


def cents(amount):
    """A stored amount as a Decimal of two places; more places than that are an error."""
    exact = Decimal(f"{amount:.2f}")
    assert abs(float(exact) - amount) < 1e-6, amount
    return exact
