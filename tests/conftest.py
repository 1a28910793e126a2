"""What all suites share: where the project is, databases of their own, and scripts that run as processes."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root():
    """Give the folder of the project."""
    return ROOT


class Databases:
    """Clones of the template database, each with its own file store; all are dropped at the end."""

    def __init__(self, template, data_dir):
        self.template = template
        self.store = Path(data_dir) / "filestore"
        self.made = []

    def clone(self, label, template=None):
        template = template or self.template
        name = f"usage_test_{os.getpid()}_{label}"
        subprocess.run(["createdb", "-T", template, name], check=True)
        self.made.append(name)
        if (self.store / template).is_dir():
            shutil.copytree(self.store / template, self.store / name, copy_function=os.link)
        return name

    def drop(self, name):
        # Where the server itself cleans a table up just now, nobody else may throw it out: it is done in a moment.
        for patience in range(60, -1, -1):
            dropped = subprocess.run(["dropdb", "--if-exists", "--force", name], check=not patience)
            if not dropped.returncode:
                break
            time.sleep(1)
        shutil.rmtree(self.store / name, ignore_errors=True)

    def drop_all(self):
        for name in self.made:
            self.drop(name)


@pytest.fixture(scope="session")
def databases():
    """Give clones of the database with the addons installed: `databases.clone("faults")` is a database name."""
    template = os.environ.get("USAGE_TEMPLATE")
    if not template:
        pytest.skip("needs the database that scripts/test makes")
    made = Databases(template, os.environ["USAGE_DATA"])
    yield made
    made.drop_all()


@pytest.fixture(scope="session")
def told(root):
    """Give a function that runs a script of this project and reads the JSON of its last line."""

    def run(script, *arguments, seconds=600):
        command = [sys.executable, root / script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        assert done.stdout, done.stderr[-4000:]
        print(done.stderr[-4000:])
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def conf():
    """Give the Odoo configuration that scripts of this project use."""
    return os.environ["USAGE_TEST_CONF"]
