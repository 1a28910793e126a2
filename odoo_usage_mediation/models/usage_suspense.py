from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.store.records import Refusal

from ..intake import Reread
from ..intake.events import EventReread
from ..mqtt.topics import subject_of
from ..parsing import FileRefused, ProfileInvalid
from ..reasons import ROW_NAMES, ROW_SENTENCES, explain_file, explain_row


class UsageSuspense(models.Model):
    _inherit = "usage.suspense"

    @api.model
    def _reason_sentences(self):
        return {**ROW_SENTENCES, **super()._reason_sentences()}

    @api.model
    def _reason_names(self):
        return {**ROW_NAMES, **super()._reason_names()}

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
            for batch, group in rows.grouped("batch_id").items():
                if group._came_as_events(source, batch):
                    found.update(group._reread_events(source))
                elif source.profile_id:
                    found.update(group._reread(source, batch))
        return found

    def _estimate_value(self):
        """What a counter shows is no usage: such rows have no estimate."""
        readings = self.filtered(lambda s: s._is_reading())
        readings.filtered("amount_estimate").amount_estimate = False
        return super(UsageSuspense, self - readings)._estimate_value()

    def _is_reading(self):
        self.ensure_one()
        codes = self.source_id._register_metrics()
        return codes is None or self.metric_code in codes

    def _came_as_events(self, source, batch):
        """Whether these rows are events of the HTTP or the MQTT door that no profile read."""
        if batch.profile_id or batch.attachment_id or batch.columns:
            return False
        return source.mqtt_payload == "native" if source.transport == "mqtt" else source.http_enabled

    def _reread_events(self, source):
        """{row: (records, refusals)} of events read as their door reads them, with what a person corrected."""
        level = source.mqtt_subject_level if source.transport == "mqtt" else 0
        again = EventReread(source, lambda topic: subject_of(topic, level))
        found = {}
        for suspense in self.filtered(lambda s: s.reason_code != "subject_mismatch"):
            read = again.read(suspense.row_number, suspense.payload["raw"], suspense.correction, suspense.suspense_key)
            if read:
                found[suspense] = read
        return found

    def _reread(self, source, batch):
        """{row: (records, refusals)} of rows read by the source's profile as it is now."""
        found = {}
        try:
            received_at = source._first_received(batch.checksum, batch.received_at)
            rows = Reread(source, batch.columns, {"received_at": received_at, "file_name": batch.name or ""})
            for suspense in self.filtered(lambda s: not isinstance(s.payload["raw"], str)):
                raw = suspense._with_topic(source)
                chunk = rows.read(suspense.row_number, raw, suspense.correction, batch.checksum)
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

    def _with_topic(self, source):
        """What the reader refused; of a message also whom its topic names, which profiles may ask for."""
        raw = self.payload["raw"]
        if source.transport != "mqtt" or not isinstance(raw, dict) or not raw.get("@topic"):
            return raw
        named = {"@subject": subject_of(raw["@topic"], source.mqtt_subject_level), "@message": f"m-{self.suspense_key}"}
        return {**raw, **named}
