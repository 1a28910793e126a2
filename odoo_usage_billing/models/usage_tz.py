"""Time zones as a selection, the commonest way to pick one in Odoo."""

import zoneinfo


def tz_get(_model=None):
    """(name, name) of every zone, sorted, with the deprecated Etc/ names last."""
    names = zoneinfo.available_timezones() - {"localtime", "Factory"}
    return [(name, name) for name in sorted(names, key=_etc_last)]


def _etc_last(name):
    return (name.startswith("Etc/"), name)
