"""From the settings of a profile's form to the definition that `parsing` reads. Plain data both ways."""

QUANTITY = "quantity"
OWN_ID = "external_id"
#: Dimensions in which readers hand over what a record corrects: the attribute of the store by its name.
CORRECTIONS = {"@voids": "voids", "@replaces": "replaces"}
SETTINGS = (
    "format",
    "delimiter",
    "encoding",
    "decimal",
    "thousands",
    "tz",
    "date_formats",
    "header_row",
    "sheet",
    "formulas",
    "identity",
    "missing_quantity",
)
COLUMN_SETTINGS = ("name", "target", "constant", "metric_code", "dimension", "is_key")


def settings_of(record):
    """The settings of a form record (profile or wizard) as plain data."""
    return {name: record[name] if name == "header_row" else record[name] or "" for name in SETTINGS}


def columns_of(records):
    """The column rows of a form as plain data."""
    return [
        {name: record[name] if name == "is_key" else record[name] or "" for name in COLUMN_SETTINGS}
        for record in records
    ]


def split_list(text):
    """The parts of a text separated by semicolons or line ends, without blanks around them."""
    parts = (text or "").replace("\n", ";").split(";")
    return [part.strip() for part in parts if part.strip()]


def compile_definition(settings, columns):
    """The definition for `settings` (dict) and `columns` (list of dict), both as on the form.

    Signs of quantities are left to the metric and the clock to the source: the store
    checks both, so that every door refuses the same things.
    """
    definition = {
        "format": settings["format"],
        "subject": _text(_of(columns, "subject"), separator=" "),
        "time": _time(_of(columns, "occurred_at")),
        "external_id": _identity(settings, columns),
        "measures": _measures(settings, columns),
    }
    definition.update(_shape(settings, columns))
    definition.update(_carried(settings, columns))
    return definition


def identity_targets(settings, columns):
    """What makes up the identity of a record, in order: targets, or `dimension:name`.

    Where a row holds several quantities, their metrics keep them apart.
    """
    if settings["identity"] != "key":
        return []
    names = []
    for column in columns:
        if column["is_key"] and column["target"] not in (QUANTITY, OWN_ID, "unused"):
            dimension = column["target"] == "dimension"
            name = f"dimension:{column['dimension']}" if dimension else column["target"]
            if name not in names:
                names.append(name)
    if "metric" not in names and len(_of(columns, QUANTITY)) > 1:
        names.append("metric")
    return names


def _of(columns, target):
    return [column for column in columns if column["target"] == target]


def _spec(column):
    if column["name"]:
        spec = {"column": column["name"]}
        if column["constant"]:
            spec["default"] = column["constant"]
        return spec
    return {"constant": column["constant"] or ""}


def _text(columns, separator):
    if not columns:
        return ""
    if len(columns) == 1:
        return _spec(columns[0])
    return {"join": [_spec(column) for column in columns], "separator": separator}


def _time(columns):
    names = [column["name"] for column in columns if column["name"]]
    if not names:
        return {}
    return {"column": names[0]} if len(names) == 1 else {"columns": names}


def _identity(settings, columns):
    if settings["identity"] == "row":
        return {"row": True}
    if settings["identity"] == "column":
        return _text(_of(columns, OWN_ID), separator="-")
    keys = [column for column in columns if column["is_key"] and column["name"]]
    return {"key": [{"column": column["name"]} for column in keys]}


def _measures(settings, columns):
    metrics = _of(columns, "metric")
    measures = []
    for column in _of(columns, QUANTITY):
        measure = {
            "metric": column["metric_code"] or (_spec(metrics[0]) if metrics else ""),
            "quantity": {"column": column["name"]} if column["name"] else {"constant": column["constant"] or "1"},
            "on_negative": "accept",
            "on_missing": settings["missing_quantity"],
        }
        if column["metric_code"]:
            measure["id_suffix"] = f":{column['metric_code']}"
        measures.append(measure)
    return measures


def _shape(settings, columns):
    shape = {
        "decimal": settings["decimal"],
        "header_row": settings["header_row"],
        "time_formats": split_list(settings["date_formats"]) or ["iso"],
    }
    if settings["decimal"] != "auto" and settings["thousands"]:
        shape["thousands"] = settings["thousands"]
    if settings["tz"]:
        shape["time_zone"] = settings["tz"]
    if settings["format"] == "csv":
        shape["delimiter"] = settings["delimiter"]
        shape["encoding"] = settings["encoding"]
    if settings["format"] == "xlsx":
        shape["formulas"] = settings["formulas"]
        if settings["sheet"]:
            shape["sheet"] = settings["sheet"]
    if settings["format"] in ("csv", "xlsx") and not settings["header_row"]:
        shape["columns"] = [column["name"] for column in columns if column["name"]]
    return shape


def _carried(settings, columns):
    carried = {}
    people, amounts = _of(columns, "end_user"), _of(columns, "amount")
    if people:
        carried["end_user"] = _spec(people[0])
    if amounts:
        carried["amount"] = {"column": amounts[0]["name"]}
    dimensions = {column["dimension"] or column["name"]: _spec(column) for column in _of(columns, "dimension")}
    if settings["identity"] == "key" and _of(columns, OWN_ID):
        dimensions[OWN_ID] = _text(_of(columns, OWN_ID), separator="-")
    if dimensions:
        carried["dimensions"] = dimensions
    return carried
