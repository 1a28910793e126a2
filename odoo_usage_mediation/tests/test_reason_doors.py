import re
from pathlib import Path

from odoo.tests import TransactionCase, tagged

from odoo.addons.odoo_usage_billing.store import reasons as store_reasons

from ..parsing import FILE_REASONS, REASONS

ADDONS = Path(__file__).resolve().parents[2]


@tagged("post_install", "-at_install")
class TestReasonDoors(TransactionCase):
    """No code is on the closed list that nothing can raise."""

    def code(self):
        """The Python of both addons and their tests, without the lists and texts of the reasons themselves."""
        lists = {"reason_texts.py", "row_reasons.py", "file_reasons.py", "reasons.py", "test_reason_doors.py"}
        paths = [*ADDONS.glob("odoo_usage_billing/**/*.py"), *ADDONS.glob("odoo_usage_mediation/**/*.py")]
        return [path for path in paths if path.name not in lists]

    def test_each_code_is_raised_by_code_that_is_no_test(self):
        texts = [path.read_text(encoding="utf-8") for path in self.code() if "/tests/" not in str(path)]
        raised = set(re.findall(r'"([a-z_]+)"', "\n".join(texts)))
        self.assertEqual(set(REASONS) - raised, set())
        self.assertEqual(set(FILE_REASONS) - raised, set())
        self.assertEqual(set(store_reasons.REASONS) - raised, set())

    def test_the_document_lists_the_codes_that_there_are(self):
        text = (ADDONS / "odoo_usage_mediation/reasons/README.md").read_text(encoding="utf-8")
        told = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        self.assertEqual(told, {*REASONS, *FILE_REASONS, *store_reasons.REASONS})
