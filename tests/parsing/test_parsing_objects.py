"""JSON, JSON Lines and XML: items one by one, whole files and single messages."""

import json
import tracemalloc
from decimal import Decimal

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, codes, deadline, plain, read, records, refused

ITEM = {"id": "e1", "subject": "s", "at": "2025-01-01T00:00:00Z", "qty": 1.5}


def lines(*items):
    return "\n".join(item if isinstance(item, str) else json.dumps(item) for item in items)


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_numbers_keep_every_digit(form):
    text = '{"id": 12345678901234567890, "subject": "s", "at": "2025-01-01", "qty": 0.10000000000000000001}'
    (record,) = read(text if form == "jsonl" else f"[{text}]", plain(format=form))
    assert record.external_id == "12345678901234567890"
    assert record.quantity == Decimal("0.10000000000000000001")


def test_a_bad_line_costs_only_itself_and_lines_are_numbered():
    bad = [
        "{",
        "[]",
        "1",
        '"x"',
        "null",
        '{"id": 1} {}',
        '{"qty": NaN}',
        "\ufeff",
        '{"id":"a\\u0000b","subject":"s","at":"2025-01-01","qty":1}',
        '{"id":"\\ud800","subject":"s","at":"2025-01-01","qty":1}',
        "[" * 5_000,
    ]
    for line in bad:
        items = read(lines(ITEM, line, ITEM), plain(format="jsonl"))
        assert len(records(items)) == 2
        assert len(codes(items)) == (0 if line == "\ufeff" else 1), line
        assert [item.row_number for item in records(items)] == [1, 3]


def test_a_list_at_a_path_or_a_single_object():
    nested = json.dumps(
        {"meta": {"a": [1, {"b": "]"}]}, "data": {"n": 2, "items": [ITEM, ITEM | {"id": "e2"}]}, "z": 1}
    )
    assert len(records(read(nested, plain(format="json", records_path="data.items")))) == 2
    assert len(records(read(json.dumps(ITEM), plain(format="json")))) == 1
    assert refused(nested, plain(format="json", records_path="data.other")) == "bad_structure"
    assert refused("[]", plain(format="json")) == "empty_file"


def test_a_long_list_never_sits_in_memory():
    content = ("[" + ",".join(json.dumps(ITEM | {"id": f"e{n}"}) for n in range(15_000)) + "]").encode()
    tracemalloc.start()
    count = sum(1 for _ in up.parse(content, up.Profile.from_dict(plain(format="json")), LIMITS, deadline()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 15_000 and peak < 3_000_000


def test_values_cut_by_a_chunk_edge_are_read_whole():
    for shift in range(0, 60, 7):
        items = [ITEM | {"id": "x" * shift + str(n), "note": "€" * 50, "qty": 123456} for n in range(3_000)]
        text = json.dumps(items, ensure_ascii=False)
        assert sum(record.quantity for record in read(text, plain(format="json"))) == 123456 * 3_000


def test_paths_lists_and_alternatives():
    item = {"head": {"k.v": "e1"}, "who": [{"name": "s"}], "when": "2025-01-01", "b": {"total": 7}}
    profile = plain(
        format="jsonl",
        external_id={"column": "head.k\\.v"},
        subject="who.0.name",
        time="when",
        measures=[{"metric": "m", "quantity": {"column": "a.total", "or": ["b.total"]}}],
    )
    (record,) = read(json.dumps(item), profile)
    assert (record.external_id, record.subject, record.quantity) == ("e1", "s", 7)


def test_wide_and_long_items_are_refused_one_by_one():
    wide = {f"k{n}": 1 for n in range(500)}
    long = ITEM | {"note": "x" * 10_000}
    assert codes(read(lines(ITEM, wide, long, ITEM), plain(format="jsonl"))) == ["too_many_columns", "cell_too_long"]


def test_a_message_reader_reads_many_payloads_with_their_topics():
    profile = up.Profile.from_dict(
        plain(
            format="json",
            subject={"column": "@topic", "split": {"separator": "/", "part": 1}},
            external_id={"key": ["@topic", "at"]},
            time={"column": "at", "or": ["@received_at"]},
        )
    )
    reader = up.MessageReader(profile, LIMITS)
    first = reader.read(json.dumps(ITEM).encode(), deadline(), {"topic": "tele/plug1/SENSOR"})
    second = reader.read(
        b'[{"qty": 2}, {"qty": 3}]', deadline(), {"topic": "tele/plug2/SENSOR", "received_at": "2025-01-02"}
    )
    assert [item.subject for item in first + second] == ["plug1", "plug2", "plug2"]
    assert second[0].occurred_at.day == 2
    for payload in (b"", b"not json", b"\x1f\x8b\x08", b"\x00\xff" * 50):
        with pytest.raises(up.FileRefused):
            reader.read(payload, deadline(), {})
    assert codes(reader.read(b'{"qty": 1}', deadline(), {})) == ["missing_subject"]


def test_xml_rows_by_element_path_and_attribute():
    text = """<?xml version="1.0"?><u:usage xmlns:u="urn:x"><u:row id="e1"><s>meter &amp; co</s><when at="2025-01-01"/>
    <q>1.5</q><q>9</q></u:row><!-- c --><u:row id="e2"><s>m</s><when at="2025-01-01"/><q/></u:row></u:usage>"""
    profile = plain(
        format="xml",
        row_element="row",
        external_id={"column": "/@id"},
        subject="s",
        time="when/@at",
        measures=[{"metric": "m", "quantity": "q"}],
    )
    first, second = read(text, profile)
    assert (first.external_id, first.subject, first.quantity) == ("e1", "meter & co", Decimal("1.5"))
    assert first.raw["q[2]"] == "9"
    assert (second.code, second.row_number) == ("missing_quantity", 2)


def test_recycled_objects_pass_the_same_door():
    profile = up.Profile.from_dict(plain(format="jsonl"))
    (bad,) = read(json.dumps(ITEM | {"qty": "many"}), profile)
    (good,) = up.parse_rows([(bad.row_number, {**bad.raw, "qty": "5"})], profile)
    assert bad.code == "bad_quantity" and good.quantity == 5
