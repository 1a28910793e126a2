"""Small and flat: a file that wants section banners wants to be two files."""

import ast

from tidy_source import python_files, report, text, tree

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# What is allowed to be longer, and why.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


def test_no_python_file_is_longer_than_400_lines():
    found = [
        f"{name}: {lines} lines"
        for name in python_files()
        if (lines := len(text(name).splitlines())) > FILE_LINES_MAX and str(name) not in LONG_FILES
    ]
    report(found, f"a file has at most {FILE_LINES_MAX} lines; split it, or list it in LONG_FILES with the reason:")


def test_no_function_is_longer_than_60_lines():
    found = []
    for name in python_files():
        for node in ast.walk(tree(name)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES_MAX and f"{name}::{node.name}" not in LONG_FUNCTIONS:
                found.append(f"{name}:{node.lineno} {node.name}: {lines} lines")
    report(found, f"a function has at most {FUNCTION_LINES_MAX} lines; take the leaves out of it:")


def test_exceptions_are_still_needed():
    known = {str(name) for name in python_files()}
    stale = [name for name in LONG_FILES if name not in known]
    stale += [entry for entry in LONG_FUNCTIONS if entry.split("::")[0] not in known]
    report(stale, "these exceptions name files that are gone:")
