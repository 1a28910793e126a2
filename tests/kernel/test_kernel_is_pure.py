"""The pure folders import nothing but an allow-list and name no clock, chance, file or binary number."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {
    "__future__",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "itertools",
    "typing",
    "zoneinfo",
}
PARSING = "base64 binascii bz2 codecs contextlib csv gzip hashlib io json lxml math openpyxl operator re string"
PARSING += " struct unicodedata xml zipfile zlib defusedxml python_calamine"
FOLDERS = {
    "odoo_usage_billing/rating": ALLOWED,
    "odoo_usage_mediation/parsing": ALLOWED | set(PARSING.split()),
}
FORBIDDEN_TEXT = ("float(", "round(", "now(", "today(", "random", "open(")
FORBIDDEN_NAMES = {
    "float",
    "round",
    "now",
    "today",
    "utcnow",
    "random",
    "open",
    "eval",
    "exec",
    "compile",
    "__import__",
    "print",
    "input",
    "time",
    "getattr_static",
}
FILES = [(folder, path) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
RATING = [path for folder, path in FILES if folder.endswith("rating")]


def ids(files):
    return [str(path.relative_to(ROOT)) for _folder, path in files]


@pytest.mark.parametrize("folder, path", FILES, ids=ids(FILES))
def test_imports_stay_within_the_allow_list(folder, path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1, f"{path}:{node.lineno} reaches outside its package"
            continue
        else:
            continue
        for name in names:
            assert name.split(".")[0] in FOLDERS[folder], f"{path}:{node.lineno} imports {name}"


@pytest.mark.parametrize("path", RATING, ids=lambda path: path.name)
def test_no_clock_chance_file_or_binary_number_is_named(path):
    source = path.read_text(encoding="utf-8")
    for words in FORBIDDEN_TEXT:
        assert words not in source, f"{path.name} contains {words!r}"
    for node in ast.walk(ast.parse(source)):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        assert name not in FORBIDDEN_NAMES, f"{path.name}:{node.lineno} names {name}"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", RATING, ids=lambda path: path.name)
def test_files_and_functions_stay_small_and_documented(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert len(source.splitlines()) < 400
    assert ast.get_docstring(tree), "the module says what it is"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            length = node.end_lineno - node.lineno + 1
            assert isinstance(node, ast.ClassDef) or length <= 60, f"{path.name}:{node.name} has {length} lines"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}:{node.name} has no docstring"


def test_the_kernel_loads_without_its_host():
    code = (
        "import importlib.util as u, sys; p = sys.argv[1];"
        "s = u.spec_from_file_location('usage_rating', p + '/__init__.py', submodule_search_locations=[p]);"
        "m = u.module_from_spec(s); sys.modules['usage_rating'] = m; s.loader.exec_module(m);"
        "print(*[n for n in sys.modules if n.split('.')[0] == 'odoo'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "odoo_usage_billing/rating")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stdout.strip()
