"""The rules of the parts of a profile: text specs, number expressions, times, conditions."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

UNITS_OF_TIME = ("seconds", "minutes", "hours", "days")
MAX_NESTING = 8
MAX_NUMBER_CHARS = 60
MAX_NUMBER_MAGNITUDE = 40
_TEXT_KEYS = {
    "column",
    "or",
    "constant",
    "join",
    "separator",
    "json_key",
    "split",
    "strip_prefix",
    "before",
    "digits_only",
    "first",
    "last",
    "lower",
    "upper",
    "map",
    "default",
    "strict",
    "optional",
    "exact",
}
_TESTS = ("equals", "not_equals", "in", "not_in", "empty", "yes", "prefix", "not_prefix", "suffix", "not_suffix")
_TESTS += ("contains", "not_contains")


def require(errors: list, where: str, condition, what: str) -> None:
    """Note (where, what) unless the condition holds."""
    if not condition:
        errors.append((where, what))


def is_text(value) -> bool:
    """Say whether value is a text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_texts(value) -> bool:
    """Say whether value is a list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_whole(value) -> bool:
    """Say whether value is a whole number (booleans are not)."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_text(errors, where, spec, depth=0, constant_word=False) -> None:
    """Check a text spec: a column name, or an object with a source and operations.

    ``constant_word``: a bare text is a constant (a metric code), not a column.
    """
    if depth > MAX_NESTING:
        errors.append((where, "is nested too deep"))
    elif isinstance(spec, str):
        require(errors, where, is_text(spec), "must not be empty")
    elif not isinstance(spec, dict):
        errors.append((where, "must be a text or an object"))
    else:
        _check_text_object(errors, where, spec, depth)


def _check_text_object(errors, where, spec, depth):
    for name in set(spec) - _TEXT_KEYS:
        errors.append((f"{where}.{name}", "is not known here"))
    sources = [name for name in ("column", "constant", "join") if name in spec]
    require(errors, where, len(sources) == 1, "needs exactly one of column, constant, join")
    check_column(errors, where, spec, needed=False)
    if "constant" in spec:
        require(errors, f"{where}.constant", isinstance(spec["constant"], str), "must be text")
    if "join" in spec:
        parts = spec["join"] if isinstance(spec["join"], list) else []
        require(errors, f"{where}.join", parts, "must be a list of texts")
        for place, part in enumerate(parts):
            check_text(errors, f"{where}.join.{place}", part, depth + 1)
    for name in ("json_key", "default", "separator"):
        require(errors, f"{where}.{name}", isinstance(spec.get(name, ""), str), "must be text")
    for name in ("digits_only", "lower", "upper", "strict", "optional", "exact"):
        require(errors, f"{where}.{name}", isinstance(spec.get(name, True), bool), "must be true or false")
    for name in ("first", "last"):
        sound = is_whole(spec.get(name, 1)) and 1 <= spec.get(name, 1) <= 255
        require(errors, f"{where}.{name}", sound, "must be a whole number from 1 to 255")
    for name in ("strip_prefix", "before"):
        require(errors, f"{where}.{name}", is_texts(spec.get(name, [])), "must be a list of texts")
    table = spec.get("map", {})
    sound = isinstance(table, dict) and all(isinstance(value, str) for value in table.values())
    require(errors, f"{where}.map", sound, "must give a text per text")
    if "split" in spec:
        how = spec["split"]
        sound = isinstance(how, dict) and set(how) == {"separator", "part"}
        sound = sound and is_text_or_blank(how["separator"]) and is_whole(how["part"])
        require(errors, f"{where}.split", sound, "must be {separator: text, part: whole number}")


def is_text_or_blank(value) -> bool:
    """Say whether value is a text of at least one character, blanks included."""
    return isinstance(value, str) and bool(value)


def check_column(errors, where, spec, needed=True) -> None:
    """Check ``column`` and its alternatives ``or``."""
    if "column" in spec or needed:
        require(errors, f"{where}.column", is_text(spec.get("column")), "must be a column name")
    alternatives = spec.get("or", [])
    sound = is_texts(alternatives) and all(is_text(item) for item in alternatives)
    require(errors, f"{where}.or", sound, "must be a list of column names")


def check_time(errors, where, spec) -> None:
    """Check where the time of a record comes from and what it means."""
    if isinstance(spec, str):
        spec = {"column": spec}
    if not isinstance(spec, dict):
        errors.append((where, "must be a column name or an object"))
        return
    known = {"column", "or", "alone", "zone", "clock", "interval", "columns", "is", "interval_seconds", "duration"}
    known |= {"until", "constant"}
    for name in set(spec) - known:
        errors.append((f"{where}.{name}", "is not known here"))
    require(
        errors,
        where,
        sum(name in spec for name in ("column", "columns", "constant")) == 1,
        "needs exactly one of column, columns, constant",
    )
    check_column(errors, where, spec, needed=False)
    if "columns" in spec:
        sound = isinstance(spec["columns"], list) and spec["columns"] and all(map(is_text, spec["columns"]))
        require(errors, f"{where}.columns", sound, "must be a list of column names")
    if "constant" in spec:
        require(errors, f"{where}.constant", is_text(spec["constant"]), "must be text")
    require(errors, f"{where}.is", spec.get("is", "start") in ("start", "end"), "must be start or end")
    check_clock(errors, where, spec)
    sound = "interval" not in spec or ("column" in spec and "clock" not in spec and is_text(spec["interval"]))
    require(errors, f"{where}.interval", sound, "must be a column name, beside column")
    seconds = spec.get("interval_seconds", 1)
    require(
        errors,
        f"{where}.interval_seconds",
        is_whole(seconds) and 0 < seconds <= 400 * 86_400,
        "must be whole seconds above zero",
    )
    if "duration" in spec:
        check_expression(errors, f"{where}.duration", spec["duration"])
    if "until" in spec:
        until = spec["until"]
        until = {"column": until} if isinstance(until, str) else until
        if isinstance(until, dict):
            check_column(errors, f"{where}.until", until)
            check_clock(errors, f"{where}.until", until)
        else:
            errors.append((f"{where}.until", "must be a column name or an object"))
    lengths = [name for name in ("interval_seconds", "duration", "until") if name in spec]
    require(errors, where, len(lengths) <= 1, "takes one of interval_seconds, duration, until")
    if spec.get("is") == "end":
        require(
            errors, where, lengths and lengths[0] != "until", "at the end of usage needs interval_seconds or duration"
        )


def check_clock(errors, where, spec) -> None:
    """Check ``clock`` and ``zone``: columns of the time of day and the time zone beside that of the date."""
    require(errors, f"{where}.alone", isinstance(spec.get("alone", True), bool), "must be true or false")
    for name in {"clock", "zone"} & spec.keys():
        beside = {"column": spec[name]} if isinstance(spec[name], str) else spec[name]
        require(errors, f"{where}.{name}", isinstance(beside, dict) and "column" in spec, "must be a column name")
        if isinstance(beside, dict):
            check_column(errors, f"{where}.{name}", beside)
            needed = beside.get("needed", True)
            require(errors, f"{where}.{name}.needed", isinstance(needed, bool), "must be true or false")


def check_conditions(errors, where, conditions) -> None:
    """Check a list of conditions, all of which must hold for a row to count."""
    if not isinstance(conditions, list):
        errors.append((where, "must be a list of conditions"))
        return
    for place, condition in enumerate(conditions):
        here = f"{where}.{place}"
        if not isinstance(condition, dict):
            errors.append((here, "must be an object"))
            continue
        check_column(errors, here, condition)
        for name in set(condition) - {"column", "or", "optional", "ignore_case", *_TESTS}:
            errors.append((f"{here}.{name}", "is not known here"))
        tests = [name for name in _TESTS if name in condition]
        require(errors, here, len(tests) == 1, f"needs exactly one of {', '.join(_TESTS)}")
        for name in tests:
            _check_test(errors, f"{here}.{name}", name, condition[name])


def _check_test(errors, where, name, value):
    if name in ("empty", "yes"):
        require(errors, where, isinstance(value, bool), "must be true or false")
    elif name in ("in", "not_in"):
        require(errors, where, is_texts(value) and value, "must be a list of texts")
    else:
        require(errors, where, isinstance(value, str), "must be text")


def check_expression(errors, where, spec, depth=0) -> None:
    """Check a number expression: column, constant, between, duration, or arithmetic on these."""
    if isinstance(spec, str):
        require(errors, where, is_text(spec), "must not be empty")
        return
    kinds = ("column", "constant", "between", "duration", "add", "subtract", "multiply", "max", "min", "round")
    if depth > MAX_NESTING or not isinstance(spec, dict):
        errors.append((where, "must be a column name or an object, not too deep"))
        return
    found = [name for name in kinds if name in spec]
    if len(found) != 1:
        errors.append((where, f"needs exactly one of {', '.join(kinds)}"))
        return
    kind = found[0]
    extra = {
        "column": {"or", "alone", "factor", "empty_as", "optional", "clock", "whole", "sum", "else"},
        "between": {"in"},
        "duration": {"in", "or", "optional"},
        "round": {"decimals"},
    }.get(kind, set())
    for name in set(spec) - {kind} - extra:
        errors.append((f"{where}.{name}", "is not known here"))
    _check_kind(errors, where, spec, kind, depth)


def _check_kind(errors, where, spec, kind, depth):
    value = spec[kind]
    if kind == "column":
        check_column(errors, where, spec)
        sound = spec.get("clock", "seconds") in UNITS_OF_TIME
        require(errors, f"{where}.clock", sound, f"must be one of {UNITS_OF_TIME}")
        if "else" in spec:
            check_expression(errors, f"{where}.else", spec["else"], depth + 1)
        for name in ("whole", "alone", "sum"):
            require(errors, f"{where}.{name}", isinstance(spec.get(name, True), bool), "must be true or false")
        for name in ("factor", "empty_as"):
            require(errors, f"{where}.{name}", is_number(spec.get(name, "1")), "must be a number written as text")
    elif kind == "constant":
        require(errors, f"{where}.constant", is_number(value), "must be a number written as text")
    elif kind == "duration":
        check_column(errors, where, {"column": value, "or": spec.get("or", [])})
        require(errors, f"{where}.in", spec.get("in") in UNITS_OF_TIME, f"must be one of {UNITS_OF_TIME}")
    elif kind == "between":
        require(errors, f"{where}.between", isinstance(value, list) and len(value) == 2, "must be two time columns")
        for moment in value if isinstance(value, list) else []:
            moment = moment if isinstance(moment, dict) else {"column": moment}
            require(
                errors, f"{where}.between", set(moment) <= {"column", "or", "clock", "zone"}, "must be two time columns"
            )
            check_column(errors, f"{where}.between", moment)
            check_clock(errors, f"{where}.between", moment)
        require(errors, f"{where}.in", spec.get("in") in UNITS_OF_TIME, f"must be one of {UNITS_OF_TIME}")
    elif kind == "round":
        sound = is_whole(spec.get("decimals")) and 0 <= spec["decimals"] <= 12
        require(errors, f"{where}.decimals", sound, "must be a whole number from 0 to 12")
        check_expression(errors, f"{where}.round", value, depth + 1)
    else:
        few, many = (2, 2) if kind == "subtract" else (1, 20)
        sound = isinstance(value, list) and few <= len(value) <= many
        require(errors, f"{where}.{kind}", sound, f"must be a list of {few} to {many} expressions")
        for place, part in enumerate(value if sound else []):
            check_expression(errors, f"{where}.{kind}.{place}", part, depth + 1)


def is_number(value) -> bool:
    """Say whether value is a finite number of moderate size written as text: JSON numbers would come as floats.

    A few signs such as 1e99999999 make a number that takes a hundred million digits to write down.
    """
    if not isinstance(value, str) or len(value) > MAX_NUMBER_CHARS:
        return False
    try:
        number = Decimal(value)
    except InvalidOperation:
        return False
    return number.is_finite() and abs(number.adjusted()) <= MAX_NUMBER_MAGNITUDE
