"""A stored file is whole from its first moment, and storing it can be tried again."""

import os
from pathlib import Path
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestAttachment(TransactionCase):
    def setUp(self):
        super().setUp()
        self.content = os.urandom(200_000)
        self.path = Path(self.env["ir.attachment"]._full_path(self._file_name()))
        self.addCleanup(self.path.unlink, missing_ok=True)

    def _file_name(self):
        checksum = self.env["ir.attachment"]._compute_checksum(self.content)
        return f"{checksum[:2]}/{checksum}"

    def _store(self):
        return self.env["ir.attachment"].create({"name": "readings", "raw": self.content})

    def _parts(self):
        return list(self.path.parent.glob(f"{self.path.name}.*"))

    def test_another_process_sees_nothing_or_everything(self):
        seen = []
        move = os.replace

        def look(part, path):
            seen.append((self.path.exists(), Path(part).read_bytes() == self.content))
            move(part, path)

        with patch.object(os, "replace", look):
            self.assertEqual(self._store().raw, self.content)
        self.assertEqual(seen, [(False, True)])
        self.assertEqual(self._parts(), [])

    def test_after_a_full_disk_the_same_file_can_be_stored_again(self):
        with patch.object(os, "replace", side_effect=OSError("no space")), self.assertRaises(OSError):
            self._store()
        self.assertFalse(self.path.exists())
        self.assertEqual(self._parts(), [])
        self.assertEqual(self._store().raw, self.content)
