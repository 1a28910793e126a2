"""Events that came without a profile, by HTTP or MQTT, read again from suspense with what a person corrected."""

from functools import partial

from odoo.addons.odoo_usage_billing.store.records import Refusal

from ..api import CLOUD_EVENTS, NATIVE, CheckedItems
from ..api.native import ATTRIBUTES
from ..parsing import Profile, Rejection
from ..parsing.environment import ObjectEnvironment
from ..parsing.mapper import RowMapper
from ..parsing.texts import Canonical
from .reading import Refused, usage_record
from .units import units_of

#: Where an event says what a person may correct.
PLAIN = {"subject": ("subject",), "metric": ("metric",), "occurred_at": ("time",), "quantity": ("quantity",)}
CLOUD = {
    "subject": ("subject",),
    "metric": ("data", "metric"),
    "occurred_at": ("time",),
    "quantity": ("data", "quantity"),
}
#: An event of a device need not say who it is, nor have an id: its topic and its content say so.
MESSAGE = {
    **NATIVE,
    "subject": {"column": "subject", "or": ["@subject"]},
    "external_id": {"column": "id", "or": ["@message"]},
}


class EventReread:
    """Reads events of a source again. `subject_of(topic)`: whom a topic vouches for, or an empty text."""

    def __init__(self, source, subject_of):
        self._zone = source.tz
        self._units = partial(units_of, source.env, source.company_id.id)
        self._subject_of = subject_of

    def read(self, row_number, raw, correction, key):
        """(records, refusals) of one event as it was kept; None when it was kept whole, as what nobody could read."""
        event = _event(raw)
        if event is None:
            return None
        is_cloud = "specversion" in event
        topic = raw.get("@topic") or ""
        subject = self._subject_of(topic)
        said = _corrected(event, correction or {}, CLOUD if is_cloud else PLAIN)
        context = {"topic": topic, "subject": subject, "message": f"m-{key}"}
        items = self._items(row_number, said, CLOUD_EVENTS if is_cloud else MESSAGE, context)
        records, refusals = [], []
        for item in items:
            if type(item) is Rejection:
                refusals.append(_refusal(row_number, item.code, item.params, item.metric, subject, raw))
            elif subject and item.subject != subject:
                params = {"topic_subject": subject, "subject": item.subject}
                refusals.append(_refusal(row_number, "subject_mismatch", params, item.metric, item.subject, raw))
            else:
                records.append(usage_record(item, row_number, item.external_id))
        return records, refusals

    def _items(self, row_number, event, definition, context):
        profile = Profile.from_dict({**definition, "time_zone": self._zone, "duplicates": "database"})
        mapper = RowMapper(profile, ObjectEnvironment(profile, context))
        is_plain = definition["format"] == "json"
        return list(CheckedItems(list(mapper.items([(row_number, event)])), self._units, is_plain))


def _event(raw):
    """The event in what suspense kept, without what its door added; None when it is no object."""
    if not isinstance(raw, dict) or not raw.keys().isdisjoint(("payload", "payload_base64", "item")):
        return None
    return {name: value for name, value in raw.items() if name[:1] != "@"}


def _corrected(event, correction, places):
    """An event with what a person changed. Who corrects an event has seen it: attributes of no meaning go."""
    if not correction:
        return event
    if places is PLAIN:
        event = {name: value for name, value in event.items() if name in ATTRIBUTES}
    for name, value in correction.items():
        if name not in places or value is None:
            continue
        *folder, last = places[name]
        target = event
        for part in folder:
            inner = target.get(part)
            target[part] = dict(inner) if isinstance(inner, dict) else {}
            target = target[part]
        target[last] = Canonical(value)
    return event


def _refusal(row_number, code, params, metric, subject, raw):
    return Refusal(Refused(row_number, subject or None, metric or None, raw), code, dict(params))
