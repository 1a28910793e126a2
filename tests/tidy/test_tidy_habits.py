"""Habits that cost money when they slip in."""

import ast

from tidy_source import addon_code, files, report, tree

BLIND = {"Exception", "BaseException"}


def walk():
    for name in addon_code():
        for node in ast.walk(tree(name)):
            yield name, node


def _called(node):
    """Give the last name of what a call calls: `self.env.cr.execute` is execute."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return getattr(node.func, "id", "")


def test_addons_print_nothing():
    found = [f"{name}:{n.lineno}" for name, n in walk() if isinstance(n, ast.Call) and _called(n) == "print"]
    report(found, "addons log, they do not print:")


def test_no_exception_is_swallowed():
    found = []
    for name, node in walk():
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else BLIND
        silent = all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)
        if node.type is None or (silent and caught & BLIND):
            found.append(f"{name}:{node.lineno}")
    report(found, "a handler names what it catches, and one that catches everything does something:")


def test_nobody_types_python_into_a_form():
    found = [
        f"{name}:{node.lineno}"
        for name, node in walk()
        if (isinstance(node, ast.alias) and node.name.split(".")[-1] in {"safe_eval", "test_python_expr"})
        or (isinstance(node, ast.Call) and _called(node) in {"safe_eval", "eval", "exec"})
    ]
    report(found, "no code from data: safe_eval, eval and exec are not used:")


def _joined(node):
    """Say whether an expression puts a string together at run time."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        return any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in ast.walk(node))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def test_sql_is_never_joined_from_strings():
    found = [
        f"{name}:{node.lineno}"
        for name, node in walk()
        if isinstance(node, ast.Call)
        and _called(node) in {"execute", "executemany", "execute_values", "SQL", "mogrify"}
        and node.args
        and _joined(node.args[0])
    ]
    report(found, "SQL has parameters or the SQL builder, never joined text:")


def test_clocks_know_their_zone():
    found = [
        f"{name}:{node.lineno}"
        for name, node in walk()
        if isinstance(node, ast.Call)
        and (
            _called(node) == "utcnow"
            or (_called(node) == "now" and not node.args and not node.keywords and _is_datetime(node))
        )
    ]
    report(
        found, "datetime.now() without a zone and utcnow() are naive; use fields.Datetime.now() or a passed instant:"
    )


def _is_datetime(node):
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id in {"datetime", "dt"}


def test_no_test_leaves_a_process_that_each_class_waits_for():
    found = [
        f"{name}:{node.lineno}"
        for name in files()
        if name.suffix == ".py" and "tests" in name.parts
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call)
        and _called(node) == "get_context"
        and [getattr(argument, "value", None) for argument in node.args] != ["fork"]
    ]
    report(found, "other ways to begin a process keep a count of what they made in one more, which ignores its end:")
