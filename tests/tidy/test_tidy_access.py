"""Every model with a table has at least one row of access rights: without one only the superuser can use it."""

import ast
import csv

import pytest
from tidy_source import ROOT, addon_code, addons, files, report, text, tree

TABLE_MODELS = {"Model", "TransientModel"}


def declared_models(addon):
    """Give {model: place} for each class of the addon that makes a model of its own."""
    found = {}
    for name in addon_code():
        if name.parts[0] != addon:
            continue
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ClassDef) and (model := _own_model(node)):
                found[model] = f"{name}:{node.lineno}"
    return found


def _own_model(node):
    bases = {base.attr for base in node.bases if isinstance(base, ast.Attribute)}
    if not bases & TABLE_MODELS:
        return None
    values = {}
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            try:
                values[item.targets[0].id] = ast.literal_eval(item.value)
            except ValueError:
                continue
    inherited = values.get("_inherit", [])
    inherited = [inherited] if isinstance(inherited, str) else inherited
    name = values.get("_name")
    return name if name and name not in inherited else None


def granted_models(addon):
    """Give the model ids that the addon's access files mention."""
    granted = set()
    for name in files():
        if name.parts[0] == addon and name.name == "ir.model.access.csv":
            rows = csv.DictReader(text(name).splitlines())
            granted |= {(row.get("model_id:id") or row.get("model_id/id") or "").split(".")[-1] for row in rows}
        elif name.parts[0] == addon and name.suffix == ".xml" and "ir.model.access" in (text(name) or ""):
            granted |= {part.split('"')[0].split(".")[-1] for part in text(name).split('ref="')[1:]}
    return granted


@pytest.mark.parametrize("addon", addons() or ["none"])
def test_every_model_has_access_rights(addon):
    if not (ROOT / addon).is_dir():
        pytest.skip("no addon is here yet")
    granted = granted_models(addon)
    found = [
        f"{place} {model}: no row for model_{model.replace('.', '_')}"
        for model, place in declared_models(addon).items()
        if f"model_{model.replace('.', '_')}" not in granted
    ]
    report(found, f"{addon}/security/ir.model.access.csv has a row for every model:")
