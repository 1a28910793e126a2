"""The pure folders import nothing but an allow-list and name no clock, chance, file or binary number."""

from __future__ import annotations

import ast
import subprocess
import sys

import kernel_source
import pytest
from kernel_source import ALLOWED, RATING, ROOT

PARSING = "base64 binascii bz2 codecs contextlib csv gzip hashlib io json lxml math openpyxl operator re string"
PARSING += " struct unicodedata xml zipfile zlib defusedxml python_calamine"
FOLDERS = {
    "odoo_usage_billing/rating": ALLOWED,
    "odoo_usage_mediation/parsing": ALLOWED | set(PARSING.split()),
}
FILES = [(folder, path) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def ids(files):
    return [str(path.relative_to(ROOT)) for _folder, path in files]


@pytest.mark.parametrize("folder, path", FILES, ids=ids(FILES))
def test_imports_stay_within_the_allow_list(folder, path):
    assert not kernel_source.imports(path, FOLDERS[folder])


@pytest.mark.parametrize("path", RATING, ids=lambda path: path.name)
def test_no_clock_chance_file_or_binary_number_is_named(path):
    assert not kernel_source.names(path)


def test_what_is_forbidden_is_found(tmp_path):
    guilty = tmp_path / "guilty.py"
    guilty.write_text("import time\nfrom .. import odoo\nfrom os import path\nx = datetime.now() + 0.5\n")
    assert [finding.split()[-1] for finding in kernel_source.imports(guilty, ALLOWED)] == ["time", "package", "os"]
    assert len(kernel_source.names(guilty)) == 3


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
