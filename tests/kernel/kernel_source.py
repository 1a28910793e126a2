"""What the source of a pure folder imports and names that it must not."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KERNEL = ROOT / "odoo_usage_billing/rating"
RATING = sorted(KERNEL.rglob("*.py"))
ALLOWED = set(
    "__future__ calendar collections dataclasses datetime decimal enum fractions functools itertools typing"
    " zoneinfo".split()
)
FORBIDDEN_TEXT = ("float(", "round(", "now(", "today(", "random", "open(")
FORBIDDEN_NAMES = set(
    "float round now today utcnow random open eval exec compile __import__ print input time getattr_static".split()
)


def imports(path, allowed):
    """Return the imports of a file outside of a set of modules and its own package."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if not node.level else ["above its package"] if node.level > 1 else []
        found += [
            f"{path.name}:{node.lineno} imports {name}"
            for name in names
            if not name or name.split(".")[0] not in allowed
        ]
    return found


def names(path):
    """Return where a file names a clock, chance, a file or a binary number."""
    source = path.read_text(encoding="utf-8")
    found = [f"{path.name} contains {words!r}" for words in FORBIDDEN_TEXT if words in source]
    for node in ast.walk(ast.parse(source)):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name in FORBIDDEN_NAMES:
            found.append(f"{path.name}:{node.lineno} names {name}")
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"{path.name}:{node.lineno} has a binary number")
    return found


def findings(path):
    """Return everything that a file of the kernel must not have."""
    return imports(path, ALLOWED) + names(path)


def digests():
    """Return {module: digest of its source}."""
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in RATING}
