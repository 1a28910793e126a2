"""The interpreter: named ones must fit, and the first that fits is taken."""

import pytest
from setup_checkout import Checkout

# A stand-in that passes for an interpreter of a version.
INTERPRETER = 'case "$2" in *version_info*) exit {fits} ;; esac\n'


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_a_named_interpreter_that_does_not_fit_is_refused(checkout):
    checkout.program("old-python", INTERPRETER.format(fits=1))
    run = checkout.shell("find_python", PYTHON="old-python")
    assert run.returncode == 1
    assert "PYTHON=old-python cannot be used: Odoo 19 wants Python 3.10 to 3.13" in run.stderr


def test_an_interpreter_that_does_not_fit_is_passed_over(checkout):
    checkout.program("python3", INTERPRETER.format(fits=1))
    checkout.program("python3.12", INTERPRETER.format(fits=0))
    run = checkout.shell('find_python; echo "$PYTHON_FOUND"')
    assert run.stdout.strip() == "python3.12", run.stderr


def test_no_interpreter_at_all_is_one_line(checkout):
    for name in ("python3", "python3.10", "python3.11", "python3.12", "python3.13"):
        checkout.program(name, INTERPRETER.format(fits=1))
    run = checkout.shell("find_python")
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1
    assert "Mend:" in run.stderr


def test_changed_pins_are_installed_again_and_unchanged_ones_are_not(checkout):
    """With a pip that only writes down that it was called."""
    checkout.program("python", 'echo "$*" >>pip-calls\n', checkout.root)
    venv = checkout.root / ".local/venv/bin"
    venv.mkdir(parents=True)
    (checkout.root / "python").rename(venv / "python")
    calls = checkout.root / "pip-calls"
    assert checkout.shell("python_pins; python_pins").returncode == 0
    assert len(calls.read_text().splitlines()) == 1
    with (checkout.root / "requirements/odoo.txt").open("a") as pins:
        pins.write("another==1.0\n")
    assert checkout.shell("python_pins").returncode == 0
    assert len(calls.read_text().splitlines()) == 2
    assert "--no-deps" in calls.read_text()
