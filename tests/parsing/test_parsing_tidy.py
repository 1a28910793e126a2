"""The folder keeps its promises about itself: pure, bounded, exact."""

import ast
import re
from pathlib import Path

import pytest
import usage_parsing as up

FILES = sorted(Path(up.__path__[0]).glob("*.py"))
ALLOWED = {
    "__future__",
    "codecs",
    "collections",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "io",
    "itertools",
    "json",
    "lxml",
    "operator",
    "re",
    "struct",
    "typing",
    "unicodedata",
    "zipfile",
    "zlib",
    "zoneinfo",
}
CLOCKS = re.compile(r"\b(?:now|utcnow|today|monotonic|perf_counter|time)\(\)")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_pure_modules_are_imported(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        assert {name.split(".")[0] for name in names} <= ALLOWED, (path.name, names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_float_no_clock_no_file_no_code_from_data(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), (
            f"{path.name}:{node.lineno} float"
        )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("float", "eval", "exec", "compile", "open", "print", "__import__"), (
                f"{path.name}:{node.lineno}"
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in ("now", "utcnow", "today", "total_seconds", "timestamp"), (
                f"{path.name}:{node.lineno}"
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_and_functions_are_small_and_say_what_they_do(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree) and len(text.splitlines()) < 400
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path.name}:{node.name}"
            if not node.name.startswith("_") and node in tree.body:
                assert ast.get_docstring(node), f"{path.name}:{node.name} says nothing"


def test_the_words_of_the_project_are_used():
    never = re.compile(r"\b(connector|quarantine|consumer|pricelist)\b", re.IGNORECASE)
    for path in [*FILES, Path(up.__path__[0]) / "README.md"]:
        assert not never.search(path.read_text(encoding="utf-8")), path.name


def test_the_readme_names_every_field_and_format():
    text = (Path(up.__path__[0]) / "README.md").read_text(encoding="utf-8")
    for name in up.Profile.__dataclass_fields__:
        assert f"`{name}`" in text, name
    for name in up.__all__:
        assert name in text, name
