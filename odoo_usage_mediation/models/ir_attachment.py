"""Stored files appear whole or not at all."""

import os
import uuid
from contextlib import suppress

from odoo import api, models


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model
    def _file_write(self, bin_value, checksum):
        """Two people uploading the same file at once never see half of it under its final name."""
        if self._storage() == "file":
            self._file_write_whole(bin_value, checksum)
        return super()._file_write(bin_value, checksum)

    @api.model
    def _file_write_whole(self, content, checksum):
        """Write ``content`` beside its place, then move it there in one step.

        A process killed in the middle leaves only the part file, so that the same content can be
        stored again later.
        """
        file_name, path = self._get_path(content, checksum)
        if os.path.exists(path):
            return
        # the file is collected again when the transaction is rolled back
        self._mark_for_gc(file_name)
        part = f"{path}.{uuid.uuid4().hex}.part"
        try:
            with open(part, "xb") as stream:
                stream.write(content)
            os.replace(part, path)
        finally:
            with suppress(FileNotFoundError):
                os.remove(part)
