"""Loads the parsing folder by path as ``usage_parsing``: these tests need no Odoo."""

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "odoo_usage_mediation" / "parsing"


def _load():
    if "usage_parsing" in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        "usage_parsing", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["usage_parsing"] = module
    spec.loader.exec_module(module)


_load()
