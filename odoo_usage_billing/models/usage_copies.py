from itertools import count


def named_copies(records, vals_list, default):
    """The values of copies, each named a copy, with a name and a code that no other record has."""
    given = default or {}
    for record, vals in zip(records, vals_list, strict=True):
        if "name" not in given:
            vals["name"] = _free(record, "name", _names(record))
        if "code" in record._fields and "code" not in given:
            vals["code"] = _free(record, "code", (f"{record.code}-{number}" for number in count(2)))
    return vals_list


def _names(record):
    yield record.env._("%s (copy)", record.name)
    for number in count(2):
        yield record.env._("%(name)s (copy %(number)s)", name=record.name, number=number)


def _free(record, field, wanted):
    others = record.with_context(active_test=False)
    return next(value for value in wanted if not others.search_count([(field, "=", value)], limit=1))
