"""One thing, one word: what the glossary calls "never" names no model and no field."""

import ast

from tidy_source import addon_code, report, tree

# never -> what we say
NEVER = {
    "blocked": "held",
    "connector": "source",
    "consumer": "end user (end_user_id)",
    "correction_line": "adjustment",
    "cycle": "billing period",
    "fee": "charge",
    "job": "batch",
    "kpi": "billable metric",
    "link": "assignment",
    "log": "usage event",
    "meter": "subject (what is metered) or metric (how it counts)",
    "pricelist": "rate card",
    "pricing_type": "charge model",
    "provision": "accrual",
    "quarantine": "suspense",
    "ref": "external id",
    "transaction": "usage event",
}
SUFFIXES = ("", "_id", "_ids", "_count")

# Fields of other people's models, or words that mean something else where they stand.
ALLOWED: dict[str, str] = {}


def model_classes():
    """Give (file, class node, `_name` or None, `_inherit` names) of each model class."""
    for name in addon_code():
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ClassDef):
                values = _class_values(node)
                if "_name" in values or "_inherit" in values:
                    yield name, node, values.get("_name"), values.get("_inherit")


def _class_values(node):
    values = {}
    for item in node.body:
        if isinstance(item, ast.Assign) and len(item.targets) == 1 and isinstance(item.targets[0], ast.Name):
            try:
                values[item.targets[0].id] = ast.literal_eval(item.value)
            except ValueError:
                continue
    return values


def field_names(node):
    """Give (line, name) of each `name = fields.Something(...)` in a class."""
    for item in node.body:
        if not (isinstance(item, ast.Assign) and isinstance(item.value, ast.Call)):
            continue
        called = item.value.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "fields":
            yield from ((item.lineno, target.id) for target in item.targets if isinstance(target, ast.Name))


def test_models_are_named_by_the_glossary():
    found = []
    for file, node, name, _inherit in model_classes():
        parts = (name or "").replace(".", "_").split("_")
        for never, ours in NEVER.items():
            if name and name.startswith("usage.") and never in (*parts, "_".join(parts[1:])) and name not in ALLOWED:
                found.append(f"{file}:{node.lineno} model {name}: we say {ours}, never {never}")
    report(found, "models are named by the glossary:")


def test_fields_are_named_by_the_glossary():
    refused = {never + suffix: (never, ours) for never, ours in NEVER.items() for suffix in SUFFIXES}
    found = []
    for file, node, _name, _inherit in model_classes():
        for line, field in field_names(node):
            if field in refused and field not in ALLOWED:
                never, ours = refused[field]
                found.append(f"{file}:{line} field {field}: we say {ours}, never {never}")
    report(found, "fields are named by the glossary:")
