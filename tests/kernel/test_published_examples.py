"""Each published example of the committed files comes out as published."""

from __future__ import annotations

import subprocess
import sys

import pytest
import vector_evaluate as evaluate
from kernel_settings import VECTORS

FILES = ("charge_vectors.json", "peer_cases.json")
CASES = [
    (name, file_format, case)
    for name in FILES
    for file_format, cases in [evaluate.read(VECTORS / name)]
    for case in cases
]
#: Examples whose source follows a rule of its own that plain arithmetic contradicts; each is a decision.
OWN_RULE = {"lago-050", "cgrates-017", "billrun-047", "ocpi-tariffs-py-004"}


@pytest.mark.parametrize("name, file_format, case", CASES, ids=[f"{name}:{case['id']}" for name, _f, case in CASES])
def test_the_example_comes_out_as_published(name, file_format, case):
    outcome = evaluate.evaluate(file_format, case)
    if outcome.case_id in OWN_RULE:
        assert outcome.state == evaluate.NOT_APPLICABLE, outcome
    else:
        assert outcome.state == evaluate.PASSED, outcome


def test_every_example_names_its_source():
    assert all(case.get("source") or (case.get("repo") and case.get("commit")) for _n, _f, case in CASES)


def test_an_option_nobody_reads_is_never_ignored():
    case = {
        "id": "x",
        "model": "unit",
        "params": {"unit_price": "1", "surprise": "2"},
        "usage": "1",
        "expected_amount": "1",
    }
    assert evaluate.evaluate("vector", case).state == evaluate.NOT_APPLICABLE


def test_a_wrong_amount_is_a_difference_and_fails_the_script(tmp_path):
    wrong = '[{"id": "x", "model": "unit", "params": {"unit_price": "1"}, "usage": "1", "expected_amount": "2"}]'
    path = tmp_path / "wrong.json"
    path.write_text(wrong, encoding="utf-8")
    script = VECTORS.parents[1] / "scripts" / "vectors"
    result = subprocess.run([sys.executable, str(script), str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "ours 1, published 2" in result.stdout
    missing = subprocess.run([sys.executable, str(script), str(tmp_path / "no.json")], capture_output=True, check=False)
    assert missing.returncode == 2
