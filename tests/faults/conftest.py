"""What the tests of faults share: a script of real processes is run, and the last line it prints is what it tells."""

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def told(root):
    """Give a function that runs a script of this project and reads the JSON of its last line."""

    def run(script, *arguments):
        command = [sys.executable, root / script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.stdout, done.stderr[-4000:]
        print(done.stderr[-4000:])
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def conf():
    """Give the Odoo configuration that scripts of this folder use."""
    return os.environ["USAGE_TEST_CONF"]
