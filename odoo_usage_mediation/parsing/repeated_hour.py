"""The hour that the clocks repeat, in files of local times: its two passes are told apart by the order of rows."""

from __future__ import annotations


class RepeatedHour:
    """Places the rows of one file (``ambiguous_time`` ``in_order``).

    A key that comes again with a local time of that hour is usage of the second pass: an hour later, with an id of
    its own. What comes again at any other time keeps its id, so that the store sees a duplicate.
    """

    def __init__(self, env, time_spec):
        self._later = env.later
        self._at_end = isinstance(time_spec, dict) and time_spec.get("is") == "end"
        self._seen: set = set()

    def placed(self, external_id: str, start, until) -> tuple:
        """Return the (id, begin, end) of a row."""
        stamp = until if self._at_end else start
        later = self._later(stamp)
        if later is None:
            return external_id, start, until
        if external_id not in self._seen:
            self._seen.add(external_id)
            return external_id, start, until
        shift = later - stamp
        return f"{external_id}#2", start + shift, until and until + shift
