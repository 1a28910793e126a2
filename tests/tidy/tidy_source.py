"""The source as the tidy tests see it: files, parsed modules, addons. Nothing is imported, nothing is run."""

import ast
import functools
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PURE_FOLDERS = ("odoo_usage_billing/rating", "odoo_usage_billing/prepaid", "odoo_usage_mediation/parsing")
SKIPPED_FOLDERS = {".git", ".local", "node_modules", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}


@functools.cache
def files():
    """Give every file that is, or would be, in the repository, relative to its root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        names = [Path(name) for name in listing.stdout.split("\0") if name]
    else:
        names = list(_walk())
    return sorted(name for name in names if (ROOT / name).is_file() and not SKIPPED_FOLDERS & set(name.parts))


def _walk():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        yield from (Path(folder, name).relative_to(ROOT) for name in names)


def python_files(*roots):
    """Give the Python files below the roots (all when none is named)."""
    return [name for name in files() if name.suffix == ".py" and (not roots or _below(name, roots))]


def _below(name, roots):
    return any(name.is_relative_to(root) for root in roots)


@functools.cache
def addons():
    """Give the folders of the addons that exist by now."""
    return sorted(path.parent.name for path in ROOT.glob("odoo_usage_*/__manifest__.py"))


def addon_code():
    """Give the Python files of the addons without their tests."""
    return [name for name in python_files(*addons()) if "tests" not in name.parts] if addons() else []


@functools.cache
def tree(name):
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), filename=str(name))


@functools.cache
def text(name):
    """Give the text of a file, or None when it is no text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def manifest(addon):
    return ast.literal_eval((ROOT / addon / "__manifest__.py").read_text(encoding="utf-8"))


def report(findings, rule):
    """Fail with one line per finding; say the rule first."""
    findings = sorted(set(findings))
    assert not findings, f"{rule}\n  " + "\n  ".join(findings)
