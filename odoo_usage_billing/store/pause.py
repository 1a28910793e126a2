"""The garbage collector waits while a batch is read or written."""

import gc
from contextlib import contextmanager


@contextmanager
def collector_paused():
    """What a batch makes has no cycles; looking for some among its rows costs a tenth of the work."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
