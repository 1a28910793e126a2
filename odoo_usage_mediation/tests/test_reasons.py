from odoo.tests import TransactionCase, tagged

from odoo.addons.odoo_usage_billing.store.reasons import REASONS as STORE_REASONS

from ..parsing import FILE_REASONS, REASONS
from ..reasons import (
    FILE_MENDS,
    FILE_SENTENCES,
    ROW_MENDS,
    ROW_SENTENCES,
    explain_file,
)


@tagged("post_install", "-at_install")
class TestReasons(TransactionCase):
    """Every reason has its sentence and what to do, in the reader's language."""

    def texts(self, translatable):
        return {code: text._source for code, text in translatable.items()}

    def test_row_reasons_are_those_of_the_readers(self):
        self.assertEqual(self.texts(ROW_SENTENCES), {code: r.sentence for code, r in REASONS.items()})
        self.assertEqual(self.texts(ROW_MENDS), {code: r.mend for code, r in REASONS.items()})

    def test_file_reasons_are_those_of_the_readers(self):
        self.assertEqual(
            self.texts(FILE_SENTENCES),
            {code: r.sentence for code, r in FILE_REASONS.items()},
        )
        self.assertEqual(self.texts(FILE_MENDS), {code: r.mend for code, r in FILE_REASONS.items()})

    def test_the_store_and_the_readers_share_codes_but_each_is_phrased_by_its_owner(self):
        suspense = self.env["usage.suspense"]
        by_store = suspense._phrase("negative_quantity", {"quantity": "-1"})
        by_reader = suspense._phrase("negative_quantity", {"value": "-1", "column": "Qty"})
        self.assertIn("-1", by_store)
        self.assertIn("Qty", by_reader)
        self.assertNotIn("Qty", by_store)

    def test_what_happened_and_what_to_do_are_told_apart(self):
        what, mend = self.env["usage.suspense"]._explain("unknown_subject", {"subject": "S. 1"})
        self.assertEqual(what, "Unknown serial S. 1.")
        self.assertTrue(mend.startswith("Register"))

    def test_every_store_reason_has_something_to_do(self):
        for code in STORE_REASONS:
            what, mend = self.env["usage.suspense"]._explain(code, {})
            self.assertTrue(what and mend, code)

    def test_every_reason_has_a_name_by_which_lists_group(self):
        choices = self.env["usage.suspense"]._reason_choices()
        self.assertEqual({code for code, _name in choices}, {*ROW_SENTENCES, *STORE_REASONS})
        names = [name for _code, name in choices]
        self.assertEqual([name for name in names if "_" in name or len(name) > 40], [])
        self.assertEqual(len(set(names)), len(names))

    def test_a_parameter_that_is_missing_never_raises(self):
        for code in FILE_SENTENCES:
            what, mend = explain_file(self.env, code, {})
            self.assertNotIn("%(", what + mend)
        for code in ROW_SENTENCES:
            self.assertNotIn("%(", self.env["usage.suspense"]._phrase(code, {}))

    def test_hostile_parameters_stay_text(self):
        what, _mend = explain_file(self.env, "no_sheet", {"sheet": "%(found)s %s {0}"})
        self.assertIn("%(found)s %s {0}", what)
