"""Import walls: mediation -> billing <- mi, and the pure folders know no Odoo."""

import ast

import pytest
from tidy_source import PURE_FOLDERS, ROOT, addons, manifest, python_files, report, tree

# Who may import (and depend on) whom among our addons.
MAY_USE = {
    "odoo_usage_billing": set(),
    "odoo_usage_mediation": {"odoo_usage_billing"},
    "odoo_usage_mi": {"odoo_usage_billing"},
    "odoo_usage_billing_queue_job": {"odoo_usage_billing"},
}


def imports(name):
    """Give (line, absolute dotted name or None, level) of each import in a file."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, 0
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, ".".join(filter(None, [node.module, alias.name])), node.level


@pytest.mark.parametrize("addon", sorted(MAY_USE))
def test_addons_import_only_what_they_may(addon):
    if addon not in addons():
        pytest.skip(f"{addon} is not here yet")
    others = set(MAY_USE) - MAY_USE[addon] - {addon}
    found = []
    for name in python_files(addon):
        for line, target, _level in imports(name):
            parts = target.split(".")
            if parts[:2] == ["odoo", "addons"] and len(parts) > 2 and parts[2] in others:
                found.append(f"{name}:{line} imports {target}")
    report(found, f"{addon} may import {sorted(MAY_USE[addon]) or 'none of our other addons'}:")


@pytest.mark.parametrize("addon", sorted(MAY_USE))
def test_manifests_depend_the_same_way(addon):
    if addon not in addons():
        pytest.skip(f"{addon} is not here yet")
    wrong = set(manifest(addon).get("depends", [])) & (set(MAY_USE) - MAY_USE[addon])
    report([f"{addon} depends on {other}" for other in wrong], "addons depend downwards only:")


@pytest.mark.parametrize("folder", PURE_FOLDERS)
def test_pure_folders_import_no_odoo_and_nothing_above_them(folder):
    if not (ROOT / folder).is_dir():
        pytest.skip(f"{folder} is not here yet")
    found = []
    for name in python_files(folder):
        depth = len(name.parent.relative_to(folder).parts) + 1
        for line, target, level in imports(name):
            if level == 0 and target.split(".")[0] == "odoo":
                found.append(f"{name}:{line} imports {target}")
            if level > depth:
                found.append(f"{name}:{line} reaches out of {folder}")
    report(found, f"{folder} is pure Python:")
