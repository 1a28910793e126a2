"""Load the rating kernel by path as `usage_rating`, without importing the addon around it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

KERNEL = Path(__file__).resolve().parents[2] / "odoo_usage_billing" / "rating"


def load():
    """Return the kernel package, loaded once per process from the working tree."""
    if "usage_rating" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "usage_rating", KERNEL / "__init__.py", submodule_search_locations=[str(KERNEL)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules["usage_rating"] = module
        spec.loader.exec_module(module)
    return sys.modules["usage_rating"]


load()
