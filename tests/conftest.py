"""What all suites share: where the project is, and databases of their own for tests that run whole processes."""

import os
import shutil
import subprocess
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
        subprocess.run(["dropdb", "--if-exists", "--force", name], check=True)
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
