"""The event of this API, for sources without a profile of their own for the kind of body.

What a profile cannot say is checked here: dimensions by any name, and the unit of the metric.
"""

from itertools import islice

from ..intake.form import CORRECTIONS
from ..parsing import Rejection, derive_external_id
from ..parsing.reasons import Refuse
from ..parsing.texts import clean, storable

ATTRIBUTES = frozenset(
    ("id", "subject", "metric", "time", "quantity", "unit", "amount", "dimensions", "end_user", "voids", "replaces"),
)
NATIVE = {
    "format": "json",
    "subject": "subject",
    "external_id": {"column": "id"},
    "time": {"column": "time"},
    "measures": [
        {
            "metric": {"column": "metric"},
            "quantity": {"column": "quantity"},
            "unit": {"column": "unit"},
            "on_negative": "accept",
        }
    ],
    "amount": {"column": "amount"},
    "end_user": {"column": "end_user"},
}
CLOUD_EVENTS = {
    "format": "cloudevents",
    "subject": {"column": "subject", "or": ["data.subject"]},
    "external_id": {"key": ["source", "id"]},
    "time": {"column": "time", "or": ["data.time"]},
    "measures": [
        {
            "metric": {"column": "data.metric", "or": ["type"]},
            "quantity": {"column": "data.quantity"},
            "unit": {"column": "data.unit"},
            "on_negative": "accept",
        }
    ],
    "amount": {"column": "data.amount"},
    "end_user": {"column": "data.end_user"},
}
_PLAIN_ATTRIBUTES = ATTRIBUTES - {"dimensions", "voids", "replaces"}
_PORTION = 200
_BOTH = {"voids", "replaces"}
MAX_DIMENSIONS = 50
MAX_NAME_CHARS = 64
MAX_VALUE_CHARS = 255


class CheckedItems:
    """The items of a parsed body, each with its dimensions, or rejected for what a profile cannot see.

    `units()` gives {code of a metric: the name of its unit}; asked when the first unit is said. Iterate once.
    """

    columns = ()

    def __init__(self, parsed, units, strict):
        """`strict`: an attribute that the native event does not have is refused, not passed over."""
        self._parsed = parsed
        self._units = units
        self._known_units = None
        self._strict = strict

    def __iter__(self):
        items = iter(self._parsed)
        while portion := list(islice(items, _PORTION)):
            if self._is_plain(portion):
                yield from portion
                continue
            for item in portion:
                yield item if type(item) is Rejection else self._checked(item)

    def _is_plain(self, portion):
        """Whether the items are events with plain attributes in the units of their metrics: nothing to look at."""
        if not self._strict or Rejection in map(type, portion):
            return False
        if not set().union(*[item.raw for item in portion]) <= _PLAIN_ATTRIBUTES:
            return False
        # A unit that is said is looked at one by one.
        return not any([item.unit for item in portion])

    def _checked(self, item):
        event = item.raw if self._strict else item.raw.get("data")
        event = event if isinstance(event, dict) else {}
        try:
            if self._strict:
                _check_names(event)
            self._check_unit(item)
            given = event.get("dimensions")
            named = self._named(event, item.raw)
            if given is None and not named:
                return item
            return item._replace(dimensions={**_dimensions(given or {}), **named})
        except Refuse as refused:
            return Rejection(item.row_number, refused.code, refused.params, item.metric, storable(item.raw))

    def _named(self, event, raw):
        """What an event corrects, under the names that readers hand it over by."""
        found = {}
        for name, attribute in CORRECTIONS.items():
            external_id = event.get(attribute)
            if external_id in (None, ""):
                continue
            if not isinstance(external_id, str) or len(external_id) > MAX_VALUE_CHARS or len(event.keys() & _BOTH) > 1:
                raise Refuse("bad_structure", why="voids and replaces are one text: the id of the event they correct")
            external_id = clean(external_id.strip())
            # A CloudEvent is known by its source and id together.
            found[name] = external_id if self._strict else derive_external_id([str(raw["source"]), external_id])
        return found

    def _check_unit(self, item):
        if not item.unit:
            return
        if self._known_units is None:
            self._known_units = self._units()
        expected = self._known_units.get(item.metric)
        if expected and item.unit.casefold() != expected.casefold():
            raise Refuse("unit_mismatch", value=item.unit[:60], expected=expected)


def _check_names(event):
    if not event.keys() <= ATTRIBUTES:
        unknown = sorted(event.keys() - ATTRIBUTES)
        raise Refuse("bad_structure", why=f"it has the unknown attribute {str(storable(unknown[0]))[:60]}")


def _dimensions(given):
    """{name: text} of an event's dimensions. Raises Refuse."""
    if not isinstance(given, dict) or len(given) > MAX_DIMENSIONS:
        raise Refuse("bad_structure", why=f"dimensions is not an object with at most {MAX_DIMENSIONS} names")
    dimensions = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, str) or not name.strip() or len(name) > MAX_NAME_CHARS:
            raise Refuse("bad_structure", why=f"the dimension {str(storable(name))[:60]} is not a text or a number")
        if len(value) > MAX_VALUE_CHARS:
            found, limit = len(value), MAX_VALUE_CHARS
            raise Refuse("cell_too_long", column=str(storable(name)), found=found, limit=limit)
        dimensions[clean(name.strip())] = clean(str(value).strip())
    return dimensions
