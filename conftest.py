"""What every process of a test run needs before its first test."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_filestore(original, name):
    """Give the database of a process its own file store, of hard links: each class of tests cleans up what it left.

    In a store that processes share, the files that one of them has not committed are rubbish to the other.
    """
    store = Path(os.environ["USAGE_DATA"]) / "filestore"
    if name == original or not (store / original).is_dir():
        yield
        return
    shutil.copytree(store / original, store / name, copy_function=os.link)
    try:
        yield
    finally:
        shutil.rmtree(store / name, ignore_errors=True)


# Pure tests of one process know no Odoo.
if os.environ.get("PYTEST_XDIST_WORKER"):
    import pytest_odoo

    pytest_odoo._shared_filestore = own_filestore
