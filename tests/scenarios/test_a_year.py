"""A small year of three companies: every invariant and the sums made by hand hold after each step."""

import os

import pytest

#: The bound of a run that hangs; a small year takes a minute or two where nothing else works, a full one an hour.
HOURS = 6


@pytest.mark.timeout(HOURS * 3600)
def test_a_year_holds_after_each_step(databases, told, conf):
    size, seed = os.environ.get("YEAR_SIZE", "small"), os.environ.get("YEAR_SEED", "20250101")
    where = (f"--config={conf}", f"--database={databases.clone('year')}")
    year = told(
        "tests/scenarios/bookyear/__main__.py",
        f"--size={size}",
        f"--seed={seed}",
        *where,
        seconds=HOURS * 3600,
    )
    assert year["holds"], year["failure"]
    assert year["amounts worked out by hand"] > 500
    assert year["accruals worked out by hand"] > 50
