from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.store.records import Refusal

from ..intake import Reread
from ..parsing import FileRefused, ProfileInvalid
from ..reasons import ROW_SENTENCES, explain_file, explain_row


class UsageSuspense(models.Model):
    _inherit = "usage.suspense"

    @api.model
    def _reason_sentences(self):
        return {**ROW_SENTENCES, **super()._reason_sentences()}

    @api.model
    def _explain(self, code, params, sentences=None):
        """(what happened, what to do) of a reason, in the user's language."""
        return explain_row(self.env, code, params, sentences or self._reason_sentences())

    @api.model
    def _phrase(self, code, params, sentences=None):
        what, mend = self._explain(code, params, sentences)
        return f"{what} {mend}".strip()

    def _read_again(self):
        """Rows that their reader refused are read once more, with the profile as it is now."""
        found = super()._read_again()
        unread = self.filtered(lambda s: not any(found[s]) and s.payload.get("raw"))
        for source, rows in unread.grouped("source_id").items():
            if source.profile_id:
                for batch, group in rows.grouped("batch_id").items():
                    found.update(group._reread(source, batch))
        return found

    def _reread(self, source, batch):
        found = {}
        try:
            received_at = source._first_received(batch.checksum, batch.received_at)
            rows = Reread(source, batch.columns, {"received_at": received_at, "file_name": batch.name or ""})
            for suspense in self.filtered(lambda s: not isinstance(s.payload["raw"], str)):
                chunk = rows.read(suspense.row_number, suspense.payload["raw"], suspense.correction, batch.checksum)
                left_out = [Refusal(rows.shown(item), item.code, dict(item.params)) for item in chunk.filtered]
                found[suspense] = (chunk.records, chunk.refusals + left_out)
        except FileRefused as refused:
            raise UserError(" ".join(explain_file(self.env, refused.code, refused.params))) from refused
        except ProfileInvalid as invalid:
            raise UserError(
                self.env._(
                    "The profile %(profile)s cannot be used: %(mistakes)s. Correct it under Configuration > Profiles.",
                    profile=source.profile_id.display_name,
                    mistakes=invalid,
                )
            ) from invalid
        return found
