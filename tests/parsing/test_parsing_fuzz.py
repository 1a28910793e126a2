"""Hostile and broken input: always items or a refusal, never a crash, and the counts add up.

FUZZ_CASES raises the number of cases (default 60). A failing case is printed by its seed.
"""

import io
import json
import os
import random

import pytest
import usage_parsing as up
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing_helpers import LIMITS, deadline, plain, table

CASES = int(os.environ.get("FUZZ_CASES", "60"))
TIGHT = LIMITS._replace(max_bytes=2_000_000, max_rows=5_000, max_columns=60, max_cell_chars=300)
FORMATS = {
    "csv": plain(decimal="auto", null_words=["NULL"], time_zone="Europe/Berlin"),
    "xlsx": plain(format="xlsx", decimal="auto"),
    "json": plain(format="json"),
    "jsonl": plain(format="jsonl"),
    "xml": plain(format="xml", row_element="row"),
    "cloudevents": plain(format="cloudevents"),
    "senml": plain(format="senml"),
    "otlp": plain(format="otlp"),
    "greenbutton": plain(format="greenbutton"),
    "aemp": plain(format="aemp"),
    "nem12": plain(format="nem12", subject="nmi", time="start", external_id={"key": ["nmi", "start"]}),
    "snmp": plain(format="snmp", subject="serial", time={"constant": "2025-01-01"}, external_id={"key": ["serial"]}),
    "dates": plain(decimal="auto", time_formats=["iso", "either_first", "month_first", "%d/%m/%Y", "year_first"]),
    "wide": plain(
        wide=True,
        decimal="auto",
        time={"column": "at", "interval": "interval"},
        time_formats=["iso", "day_first"],
        time_zone="Europe/Berlin",
        external_id={"key": ["id", "at", "interval"]},
        measures=[{"metric": "energy", "quantity": "value"}],
    ),
}
PROFILES = {name: up.Profile.from_dict(data) for name, data in FORMATS.items()}
VALUES = [
    "1",
    "0",
    "-1",
    "1.5",
    "1,5",
    "1.234,5",
    "1 234",
    "NaN",
    "inf",
    "1e309",
    "1e-400",
    "9" * 40,
    "",
    " ",
    "NULL",
    "=1+1",
    "@x",
    "\0",
    "\ufffd",
    "é",
    "\u202e",
    "x" * 400,
    '"',
    "'",
    "\\",
    "\r",
    "2025-01-01",
    "2025-03-30 02:30:00",
    "0014-01-01",
    "9999-12-31T23:59:59",
    "0001-01-01T00:00:00",
    "2025-02-30",
    "24:00",
    "\x1f",
    "\x85",
    "\u2028",
    "<!DOCTYPE x>",
    "&amp;",
    "]]>",
]


def outcome(content, profile, limits=TIGHT):
    """Read content; return the number of items, or None for a refusal. Anything else raises."""
    try:
        reader = up.parse(content, profile, limits, deadline(limits), file_digest="d" * 64)
        items = list(reader)
    except up.FileRefused as refusal:
        assert refusal.code in up.FILE_REASONS and str(refusal)
        look(content)
        return None
    look(content)
    assert len(items) >= reader.row_count
    for item in items:
        if type(item) is up.Record:
            assert item.quantity.is_finite() and item.quantity >= 0
            assert item.subject and item.external_id and item.occurred_at.utcoffset().total_seconds() == 0
            assert len(up.content_digest(item)) == 32
        else:
            assert type(item) is up.Rejection and item.code in up.REASONS
            assert all(isinstance(value, str) for value in item.params.values())
            up.REASONS[item.code].explain(item.params)
            # what goes to suspense can be stored as text
            stored = json.dumps([item.params, item.raw], default=str, ensure_ascii=False)
            stored.encode("utf-8")
            assert "\0" not in stored
    return len(items)


def look(content):
    """Sniff content for the wizard and read it as a message; both end in an answer or a refusal."""
    for attempt in (
        lambda: up.sniff(content, TIGHT, deadline(TIGHT)),
        lambda: up.MessageReader(PROFILES["json"], TIGHT).read(content, deadline(TIGHT), {"topic": "t"}),
    ):
        try:
            attempt()
        except up.FileRefused as refusal:
            assert refusal.code in up.FILE_REASONS


def csv_file(chance):
    sign = chance.choice(",;\t|")
    lines = [sign.join(["id", "subject", "at", "qty"])]
    for number in range(chance.randrange(1, 40)):
        cells = [f"e{number}", "s", "2025-01-01T00:00:00", str(number)]
        if chance.random() < 0.3:
            cells[chance.randrange(4)] = chance.choice(VALUES)
        if chance.random() < 0.05:
            cells = cells * chance.choice([0, 2, 30])
        lines.append(sign.join(cells))
    return (
        chance.choice(["\n", "\r\n", "\r"]).join(lines).encode(chance.choice(["utf-8", "utf-16", "utf-8-sig", "utf-8"]))
    )


def nem12_file(chance):
    lines = ["100,NEM12,202503021000,A,B"]
    for number in range(chance.randrange(1, 6)):
        lines.append(
            f"200,N{number},E1,1,E1,N1,M,{chance.choice(['KWH', 'WH', *VALUES])},{chance.choice([30, 15, 7])},"
        )
        values = ",".join(chance.choice(["1.5", "1.5", *VALUES]) for _ in range(chance.choice([48, 48, 96, 3])))
        lines.append(f"300,{chance.choice(['20250301', *VALUES])},{values},A,,,20250302,")
        lines.append(f"400,{chance.choice([1, 0, 99, 'x'])},{chance.choice([48, 5, 10**9])},S,,")
    return "\r\n".join(lines).encode("utf-8", "replace")


def wide_file(chance):
    head = [f"{place // 2:02d}:{place % 2 * 30:02d}" for place in range(48)]
    head = chance.choice([head, [str(place) for place in range(1, 51)], head[1:]])
    lines = [",".join(["id", "subject", "at", *head])]
    for number in range(chance.randrange(1, 6)):
        cells = [chance.choice(["1", "1", "", *VALUES]) for _name in head]
        lines.append(",".join([str(number), "s", chance.choice(["2025-03-30", "31/3/2025", *VALUES]), *cells]))
    return "\n".join(lines).encode("utf-8", "replace")


def walk_file(chance):
    oids = ("1.3.6.1.2.1.43.5.1.1.17.1", "1.3.6.1.2.1.43.10.2.1.4.1.1", "1.3.6.1.2.1.1.3.0", "x")
    return "\n".join(
        f"{chance.choice(['.', 'iso', ''])}{chance.choice(oids)} = {chance.choice(['Counter32: ', 'STRING: ', ''])}"
        f"{chance.choice(VALUES)}"
        for _ in range(chance.randrange(1, 20))
    ).encode("utf-8", "replace")


def dated_file(chance):
    stamps = ("3/4/2025", "25/4/2025", "4/25/2025 1:05 PM", "03.04.25", "2025/04/03", "99/99/9999", "1/1/0000", *VALUES)
    numbers = ("1,5", "1.5", "1.234", "$5", "(5)", "5-", *VALUES)
    lines = [f"e{number};s;{chance.choice(stamps)};{chance.choice(numbers)}" for number in range(30)]
    return "\n".join(["Title", "id;subject;at;qty", *lines]).encode("utf-8", "replace")


def json_file(chance, lines):
    items = []
    for number in range(chance.randrange(0, 20)):
        item = {
            "id": f"e{number}",
            "subject": "s",
            "at": "2025-01-01",
            "qty": number,
            "source": "x",
            "type": "t",
            "specversion": "1.0",
            "n": "a",
            "v": 1,
            "t": 1700000000,
        }
        for _ in range(chance.randrange(0, 3)):
            name = chance.choice(list(item))
            item[name] = chance.choice(
                [*VALUES, None, True, [], {}, [1], {"a": {"b": [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}}, 10**30, -1]
            )
        items.append(item)
    if lines:
        return "\n".join(json.dumps(item) for item in items).encode()
    wrapped = chance.choice(
        [
            items,
            {"resourceMetrics": items},
            {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "sum": {"dataPoints": items}}]}]}]},
        ]
    )
    return json.dumps(wrapped).encode()


def xml_file(chance):
    rows = "".join(
        f"<row><id>e{n}</id><subject>{chance.choice(['s', '&lt;', '<b/>', '<!-- c -->'])}</subject>"
        f"<at>2025-01-01</at><qty>{n}</qty></row>"
        for n in range(chance.randrange(0, 20))
    )
    return f"<?xml version='1.0'?><root xmlns='urn:x'>{rows}</root>".encode()


def mutated(content, chance):
    data = bytearray(content)
    for _ in range(chance.choice([0, 0, 1, 3])):
        if not data:
            break
        place = chance.randrange(len(data))
        kind = chance.randrange(4)
        if kind == 0:
            data[place] = chance.randrange(256)
        elif kind == 1:
            del data[place : place + chance.randrange(1, 50)]
        elif kind == 2:
            data[place:place] = bytes(chance.choices(b'\0\xff"\n,<{[', k=chance.randrange(1, 9)))
        else:
            del data[place:]
    return bytes(data)


@pytest.mark.parametrize("seed", range(CASES))
def test_a_valid_file_with_mutations_ends_in_items_or_a_refusal(seed):
    chance = random.Random(seed)
    outcome(mutated(csv_file(chance), chance), PROFILES["csv"])
    for name in ("json", "jsonl", "cloudevents", "senml", "otlp"):
        content = json_file(chance, name == "jsonl" or chance.random() < 0.3)
        outcome(mutated(content, chance), PROFILES[name])
    for name in ("xml", "greenbutton", "aemp"):
        outcome(mutated(xml_file(chance), chance), PROFILES[name])
    for name, write in (("nem12", nem12_file), ("wide", wide_file), ("snmp", walk_file), ("dates", dated_file)):
        outcome(mutated(write(chance), chance), PROFILES[name])
    outcome(mutated(json_file(chance, False), chance), PROFILES["snmp"])
    rows = [[f"e{n}", chance.choice(["s", 5]), "2025-01-01", chance.choice([n, *VALUES[:20]])] for n in range(9)]
    outcome(mutated(table(*rows), chance), PROFILES["xlsx"])


@settings(max_examples=CASES, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(sorted(PROFILES)))
def test_bytes_of_any_kind_end_in_items_or_a_refusal(content, name):
    outcome(content, PROFILES[name])


@settings(max_examples=CASES, deadline=None)
@given(st.lists(st.lists(st.text(max_size=12), min_size=4, max_size=4), max_size=12), st.sampled_from(",;\t|"))
def test_every_row_that_a_writer_wrote_is_accounted_for_in_order(cells, sign):
    """Written by the csv module itself, any text at all: one item per non-empty row, nothing merged or lost."""
    import csv

    out = io.StringIO()
    writer = csv.writer(out, delimiter=sign, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "subject", "at", "qty"])
    written = [row for row in cells if any(map(str.strip, row))]
    try:
        writer.writerows(written)
        content = out.getvalue().encode()
    except (csv.Error, UnicodeEncodeError):
        return
    profile = up.Profile.from_dict(plain(delimiter=sign, encoding="utf-8"))
    try:
        items = list(up.parse(content, profile, LIMITS, deadline()))
    except up.FileRefused as refusal:
        assert refusal.code in ("empty_file", "wrong_file_type") or not written
        return
    assert len(items) == len(written)
    for item, row in zip(items, written, strict=True):
        if "\0" not in "".join(row):
            assert [cell.strip() for cell in item.raw] == [cell.strip() for cell in row]


@settings(max_examples=CASES, deadline=None)
@given(st.text(max_size=30))
def test_a_safe_cell_never_begins_like_a_formula(text):
    safe = up.safe_cell(text)
    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
    assert safe.replace("'", "") == text.replace("\0", "").replace("'", "")
