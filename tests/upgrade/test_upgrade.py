"""A database of the version before is updated in place, bills on, and survives the removal of the addons.

The version before is the commit that `previous.txt` names: the newest one whose addons have a lower version.
"""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from schema import schema

HERE = Path(__file__).resolve().parent
ADDONS = "odoo_usage_billing,odoo_usage_mediation,odoo_usage_mi"


@pytest.fixture(scope="module")
def previous(root, tmp_path_factory):
    """Give a folder with the checkout of the version before."""
    commit = (HERE / "previous.txt").read_text().strip()
    packed = subprocess.run(["git", "-C", root, "archive", commit], capture_output=True)
    if packed.returncode:
        pytest.skip(f"the history of this checkout does not reach {commit}")
    folder = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def configured(root, tmp_path_factory):
    """Give a function that makes a configuration whose addons are those of a checkout."""

    def make(tree):
        conf = tmp_path_factory.mktemp("conf") / "odoo.conf"
        conf.touch(mode=0o600)
        ours = Path(os.environ["USAGE_TEST_CONF"]).read_text()
        conf.write_text(re.sub(rf"(?m)^(addons_path = .*),{re.escape(str(root))}$", rf"\1,{tree}", ours))
        assert str(tree) in conf.read_text()
        return conf

    return make


def odoo(conf, name, *arguments):
    """Run Odoo once; give its log, in which nothing may be wrong."""
    command = [sys.executable, "-m", "odoo", "-c", conf, "-d", name, "--stop-after-init", "--no-http", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    wrong = [line for line in done.stderr.splitlines() if re.search(r" (ERROR|CRITICAL) ", line)]
    assert not done.returncode and not wrong, done.stderr[-6000:]
    return done.stderr


def forget_addons(name):
    """Take today's addons off the list of what can be installed: the version before had fewer."""
    statements = (
        "DELETE FROM ir_model_data WHERE module = 'base' AND name LIKE 'module_odoo_usage%'",
        "DELETE FROM ir_module_module WHERE name LIKE 'odoo_usage%'",
    )
    for statement in statements:
        subprocess.run(["psql", "-X", "-q", "-d", name, "-c", statement], check=True)


def step(conf, name, tree, what):
    """Do a step of the story in a process of its own; give what it tells."""
    command = [sys.executable, HERE / "story.py", conf, name, tree, what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert not done.returncode, done.stderr[-6000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_database_of_the_version_before_is_updated_bills_on_and_can_be_left(root, previous, configured, databases):
    old, new = configured(previous), configured(root)
    name = databases.clone("upgrade", template=os.environ["USAGE_BASE"])
    forget_addons(name)
    odoo(old, name, "-i", ADDONS)
    told = step(old, name, previous, "before")
    assert told["run"] == {"done": 6, "failed": 0, "held": 0} and told["stored"] == 400 and told["stuck"] == 1, told

    odoo(new, name, "-u", "odoo_usage_billing")
    fresh, updated = schema(os.environ["USAGE_TEMPLATE"]), schema(name)
    assert updated - fresh == set() and fresh - updated == set(), "an update ends where an installation ends"

    later = step(new, name, root, "after")
    assert later["run"] == {"done": 6, "failed": 0, "held": 0} and later["duplicates"] == 400, later
    assert later["broken"] == [] and later["looked at"] > 0 and later["charged"] == 400, later
    assert later["changed"] == 0, "an update reprices nothing"
    assert [move for move in later["posted"] if move in told["posted"]] == told["posted"], (
        "posted entries are as before"
    )

    step(new, name, root, "remove")
    left = step(new, name, root, "gone")
    assert left["rent"] == 100, left
    for what in ("modules", "tables", "functions", "columns", "models"):
        assert left[what] == [], (what, left[what])
    kept = {number: total for number, _untaxed, total, _written in left["posted"]}
    assert {number: total for number, _untaxed, total, _written in later["posted"]}.items() <= kept.items()
