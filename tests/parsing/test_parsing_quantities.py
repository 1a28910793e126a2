"""Numbers: exact, strict, and in a declared or proven style."""

from decimal import Decimal

import pytest
import usage_parsing as up
from parsing_helpers import codes, plain, read, records, rows
from usage_parsing.quantities import evidence, prove_style


def number(text, **changes):
    items = rows(f'e,s,2025-01-01,"{text}"', **changes)
    return records(items)[0].quantity if records(items) else codes(items)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("007", "7"),
        ("+3.50", "3.50"),
        (".5", "0.5"),
        ("1.", "1"),
        ("1.81E-8", "0.0000000181"),
        ("999999999999999999999999", "999999999999999999999999"),
        ("1000000000000000000000000", "bad_quantity"),
        ("1e309", "bad_quantity"),
        ("1e24", "bad_quantity"),
        ("1e-24", "1e-24"),
        ("1e-25", "bad_quantity"),
        ("NaN", "bad_quantity"),
        ("inf", "bad_quantity"),
        ("1_000", "bad_quantity"),
        ("١٢", "bad_quantity"),
        ("1,5", "bad_quantity"),
        ("12 kWh", "bad_quantity"),
        ("0x10", "bad_quantity"),
        ("--1", "bad_quantity"),
        ("", "missing_quantity"),
        ("-1", "negative_quantity"),
    ],
)
def test_plain_numbers_are_exact_or_refused(text, expected):
    found = number(text)
    assert found == (Decimal(expected) if expected[0] in "0123456789" else expected)


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "expected"),
    [
        (",", "", "1,5", "1.5"),
        (",", ".", "1.234.567,89", "1234567.89"),
        (".", ",", "1,234.5", "1234.5"),
        (",", " \u00a0\u202f", "1\u202f234,5", "1234.5"),
        (".", "'", "1'234.50", "1234.50"),
        (".", ",", "12,34,567.5", "1234567.5"),
        (".", ",", "1,23", "bad_quantity"),
        (",", ".", "1.5", "bad_quantity"),
        (",", "", "1.5", "bad_quantity"),
    ],
)
def test_a_declared_style_holds_strictly(decimal, thousands, text, expected):
    found = number(text, decimal=decimal, thousands=thousands)
    assert found == (Decimal(expected) if expected[0].isdigit() else expected)


def test_the_style_is_proven_per_column_and_doubt_is_refused():
    text = "id;subject;at;qty;cost\na;s;2025-01-01;1,234;1.234\nb;s;2025-01-01;1,5;2.500,75\n"
    both = [{"metric": "q", "quantity": "qty"}, {"metric": "c", "quantity": "cost", "id_suffix": "#c"}]
    items = read(text, plain(decimal="auto", measures=both))
    assert [str(item.quantity) for item in items] == ["1.234", "1234", "1.5", "2500.75"]
    doubtful = read("id;subject;at;qty\na;s;2025-01-01;1,234\nb;s;2025-01-01;7\n", plain(decimal="auto"))
    assert codes(doubtful) == ["ambiguous_number"] and records(doubtful)[0].quantity == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,5", (",", ".")),
        ("1,234.5", (".", ",")),
        ("0,500", (",", "")),
        ("1,234", "either"),
        ("12", None),
        ("1,234,567", (".", ",")),
        ("1 234,567", (",", " ")),
        ("x1,5", None),
        ("1.2.3,4,5", None),
    ],
)
def test_what_a_single_number_proves(text, expected):
    assert evidence(text) == expected


def test_contradicting_evidence_leaves_each_clear_number_to_itself():
    assert prove_style(["1,5", "1.5"]) == ("ambiguous", "")
    assert prove_style(["1.5", "1,234"]) == (".", ",")
    assert prove_style([]) == ("ambiguous", "")


def expression(spec, header, values):
    profile = plain(measures=[{"metric": "m", "quantity": spec}])
    text = f"id,subject,at,{header}\ne,s,2025-01-01,{values}\n"
    items = read(text, profile)
    return records(items)[0].quantity if records(items) else codes(items)[0]


@pytest.mark.parametrize(
    ("spec", "values", "expected"),
    [
        ({"constant": "1"}, "0,0", "1"),
        ({"column": "a", "factor": "0.001"}, "1234,0", "1.234"),
        ({"add": ["a", "b"]}, "0.1,0.2", "0.3"),
        ({"max": [{"constant": "0"}, {"subtract": ["a", "b"]}]}, "1,3", "0"),
        ({"min": ["a", "b"]}, "1,3", "1"),
        ({"multiply": ["a", "b"]}, "0.5,0.5", "0.25"),
        ({"add": ["a", {"column": "b", "empty_as": "0"}]}, "5,", "5"),
        ({"duration": "a", "in": "minutes"}, "PT1H30M,0", "90"),
        ({"duration": "a", "in": "seconds"}, "PT0S,0", "0"),
        ({"duration": "a", "in": "seconds"}, "30:00:05.5,0", "108005.5"),
        ({"duration": "a", "in": "hours"}, "P1DT1H,0", "25"),
        ({"duration": "a", "in": "hours"}, "P1M,0", "bad_quantity"),
        ({"duration": "a", "in": "hours"}, "0:20:00,0", "0.333333333333"),
        ({"round": {"duration": "a", "in": "hours"}, "decimals": 2}, "0:20:00,0", "0.33"),
        ({"round": "a", "decimals": 0}, "2.5,0", "3"),
        ({"multiply": ["a"] * 7}, "99999999999999999999.5,0", "bad_quantity"),
        ({"add": ["a", "b"]}, "5,", "missing_quantity"),
    ],
)
def test_quantities_are_small_declared_expressions(spec, values, expected):
    found = expression(spec, "a,b", values)
    assert found == (Decimal(expected) if expected[0].isdigit() else expected)


def test_time_between_two_columns_is_time_that_passed_through_the_clock_change():
    spec = {"between": ["a", "b"], "in": "hours"}
    profile = plain(measures=[{"metric": "m", "quantity": spec}], time_zone="Europe/Berlin")
    text = "id,subject,at,a,b\ne,s,2025-01-01,2025-03-30 01:00:00,2025-03-30 04:00:00\n"
    assert read(text, profile)[0].quantity == 2


def test_negative_quantities_pass_only_when_the_profile_accepts_them():
    measure = {"metric": "m", "quantity": "qty", "on_negative": "accept"}
    assert number("-1.5", measures=[measure]) == Decimal("-1.5")


def test_digests_do_not_depend_on_how_a_number_is_written_or_on_the_row():
    first, second, other = rows("e,s,2025-01-01,1", "e,s,2025-01-01T00:00:00Z,1.000", "e,s,2025-01-01,1.001")
    assert up.content_digest(first) == up.content_digest(second) != up.content_digest(other)
    changed = first._replace(dimensions={"a": "b"})
    assert up.content_digest(changed) != up.content_digest(first._replace(dimensions={"ab": ""}))
    # pinned: a digest is stored for ever
    assert up.content_digest(first).hex() == "fc4897a17b019828922bb3afc43aa42abfa60857e838156f007f0f3fe8dbda5b"


def test_derived_identities_are_stable_and_tell_their_parts_apart():
    assert up.derive_external_id(["ab", "c"]) != up.derive_external_id(["a", "bc"])
    assert up.derive_external_id(["a\x1fb"]) != up.derive_external_id(["a", "b"])
    assert up.derive_external_id(["a", "b"]) == up.derive_external_id(iter(["a", "b"]))
    assert len(up.derive_external_id(["x" * 10_000])) == 42
