"""Tables read by columns give what they give row by row, whatever stands in them."""

import json
import random

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, deadline, plain, table

ROWS = 900
ODD_CELLS = {
    "id": ["", "NA", " x1 ", "e\u0301", "\u00e9", "7" * 256, "k\tk", '"a\nb"', "a\u0000b", "\ud800"],
    "subject": ["", " S1 ", "e\u0301", "\u00e9", "s" * 255, "s" * 256, '"S ""1"""'],
    "at": [
        "",
        "NA",
        "2025-01-01",
        "2025-02-30 10:00:00",
        "2025-10-26 02:30:00",
        "2025-03-30 02:30:00",
        "x",
        " 2025-01-02T03:04:05Z ",
        "2025-01-02 03",
        "2025-01-02 03:04+02:00",
        "2025-01-02T03:04:05.678-01",
        "2025-01-02 24:00:00",
    ],
    "qty": [
        "",
        "NA",
        "-1",
        "+2",
        ".5",
        "5.",
        "1e3",
        "1,5",
        "1_0",
        "0x1",
        "\u0661",
        "-0",
        "00.10",
        "9" * 25,
        '"1\n2"',
        " 7 ",
    ],
    "kind": ["", "peak", "NA"],
}
CHANGES = {
    "plain": {},
    "by metric": {
        "measures": [{"metric": {"column": "kind", "default": "m"}, "quantity": "qty", "on_negative": "accept"}]
    },
    "local": {"time_zone": "Europe/Brussels", "time": {"column": "at", "interval_seconds": 900, "is": "end"}},
    "key": {"external_id": {"key": ["subject", "at"]}, "dimensions": {"kind": "kind"}, "null_words": ["NA"]},
    "factor": {"measures": [{"metric": "m", "quantity": {"column": "qty", "factor": "0.001"}}], "end_user": "kind"},
    "comma": {"decimal": ","},
}


def _table(seed, odd):
    dice = random.Random(seed)
    lines = ["id,subject,at,qty,kind"]
    for number in range(ROWS):
        cells = {
            "id": f"e{number}",
            "subject": f"S{dice.randrange(9)}",
            "at": f"2025-0{dice.randrange(1, 9)}-1{dice.randrange(9)} {dice.randrange(24):02d}:00:0{dice.randrange(9)}",
            "qty": str(dice.randrange(10**5) / 100),
            "kind": dice.choice(["a", "b"]),
        }
        if dice.random() < odd:
            name = dice.choice(list(cells))
            cells[name] = dice.choice(ODD_CELLS[name])
        lines.append(",".join(cells.values()))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _read(content, profile, by_columns):
    parsed = up.parse(content, profile, LIMITS, deadline(), file_digest="d" * 64)
    assert parsed._mapper._columns is not None, "this profile should be read by columns"
    if not by_columns:
        parsed._mapper._columns = None
    return list(parsed)


@pytest.mark.parametrize("odd", [0, 0.002, 0.2])
@pytest.mark.parametrize("name", CHANGES)
def test_columns_give_what_rows_give(name, odd):
    profile = up.Profile.from_dict(plain(**CHANGES[name]))
    for seed in range(3):
        content = _table(seed, odd)
        assert _read(content, profile, True) == _read(content, profile, False), f"seed {seed}"


def test_a_profile_that_leaves_rows_out_is_read_row_by_row():
    profile = up.Profile.from_dict(plain(where=[{"column": "subject", "equals": "S1"}]))
    parsed = up.parse(b"id,subject,at,qty\ne,S1,2025-01-01,1\n", profile, LIMITS, deadline())
    assert parsed._mapper._columns is None
    assert len(list(parsed)) == 1


def test_typed_cells_of_a_workbook_are_the_same_by_columns():
    lines = [[f"e{number}", f"S{number % 9}", "2025-01-01 10:00:00", number / 4] for number in range(300)]
    lines[250][0] = 1234567890123456
    content = table(*lines)
    profile = up.Profile.from_dict(plain(format="xlsx"))
    items = _read(content, profile, True)
    assert items == _read(content, profile, False)
    assert [item.code for item in items if type(item) is up.Rejection] == ["rounded_identity"]


JSON_PROFILE = {
    "format": "json",
    "subject": "subject",
    "external_id": {"column": "id"},
    "time": {"column": "time"},
    "measures": [
        {
            "metric": {"column": "metric"},
            "quantity": {"column": "quantity"},
            "unit": {"column": "unit"},
            "on_negative": "accept",
        }
    ],
    "amount": {"column": "amount"},
    "end_user": {"column": "end_user"},
}
ODD_VALUES = [
    None,
    True,
    [],
    {},
    {"a": {"b": 1}},
    5,
    1.25,
    12345678901234567890,
    "1.234",
    "1,5",
    "12",
    " 7 ",
    "",
    "\u0000",
    "e\u0301",
    "x" * 256,
]
ODD_TIMES = [
    "2025-03-30T02:30:00",
    "2025-03-30T02:30:00+02:00",
    "2025-01-01T23:59:59.123456-05:30",
    "2025-01-01T10:00:00.5Z",
    "0014-01-01T10:00:00Z",
    "2025-01-01T10:00-05:00",
    "2025-01-01T10:00:00+0200",
    "2025-01-01T24:00:00+02:00",
    1735725600,
]


@pytest.mark.parametrize("odd", [0, 0.002, 0.2])
def test_columns_of_objects_give_what_rows_give(odd):
    dice = random.Random(odd)
    items = []
    for number in range(ROWS):
        item = {
            "id": f"e{number}",
            "subject": f"S{dice.randrange(9)}",
            "metric": "m",
            "time": f"2025-01-0{dice.randrange(1, 9)}T10:00:00+0{dice.randrange(3)}:00",
            "quantity": dice.choice([str(number), number, number / 8]),
        }
        if dice.random() < odd:
            name = dice.choice([*item, "unit", "amount", "end_user"])
            item[name] = dice.choice(ODD_TIMES if name == "time" else ODD_VALUES)
            if dice.random() < 0.2:
                del item[name]
        items.append(item)
    for zone in ({"time_zone": "UTC"}, {"time_zone": "Europe/Brussels", "year_offset": 2000, "decimal": "."}):
        profile = up.Profile.from_dict({**JSON_PROFILE, **zone})
        content = json.dumps(items).encode()
        assert _read(content, profile, True) == _read(content, profile, False)
