"""Each promise that has an attack on a database holds at a small size, attacked by real processes and a real broker."""

import pytest


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 24, 25])
def test_a_promise_holds_under_attack(number, databases, told, conf):
    arguments = ("--size=small", f"--config={conf}", f"--database={databases.clone(f'promise{number}')}")
    row = told("scripts/lib/promises/main.py", str(number), *arguments)
    assert row["holds"], row
