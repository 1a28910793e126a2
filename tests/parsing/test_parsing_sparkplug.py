"""Sparkplug B: published byte layouts in, exact values out; bounded whatever the bytes say."""

import json
import random
import struct
from decimal import Decimal

import pytest
from usage_parsing import sparkplug
from usage_parsing.protobuf import field, varint, wire_fields
from usage_parsing.reasons import Refuse
from usage_parsing.sparkplug import Metric, Node, decode, parse_topic, rebirth_command

INT8, INT32, INT64, UINT32, FLOAT, DOUBLE, BOOLEAN, STRING = 1, 3, 4, 7, 9, 10, 11, 12


def fixed(number, kind, form, value):
    return varint(number << 3 | kind) + struct.pack(form, value)


def metric(name="", alias=None, value=b"", datatype=None, timestamp=None, null=False):
    parts = [field(1, name.encode())] if name else []
    parts += [field(2, alias)] if alias is not None else []
    parts += [field(3, timestamp)] if timestamp is not None else []
    parts += [field(4, datatype)] if datatype is not None else []
    parts += [field(7, 1)] if null else []
    return field(2, b"".join(parts) + value)


def payload(*metrics, timestamp=1_700_000_000_000, seq=0):
    return field(1, timestamp) + b"".join(metrics) + (b"" if seq is None else field(3, seq))


def test_a_payload_written_byte_by_byte_is_read():
    """1 timestamp=1486144502122, 2 metric {name "My Metric", alias 1, timestamp, datatype 12, "Test"}, 3 seq=2."""
    content = bytes.fromhex(
        "08ea f2f5 a8a0 2b" + "12 1c 0a 09 4d79204d6574726963 1001 18eaf2f5a8a02b 200c 7a04 54657374" + "18 02"
    )
    assert decode(content) == (
        1486144502122,
        2,
        [Metric("My Metric", 1, 1486144502122, STRING, "Test", False)],
    )


@pytest.mark.parametrize(
    ("datatype", "value", "expected"),
    [
        (INT8, field(10, 0xFF), "-1"),
        (INT8, field(10, 0xFFFFFFFF), "-1"),
        (INT8, field(10, 127), "127"),
        (2, field(10, 0x8000), "-32768"),
        (INT32, field(10, 0xFFFFFFFE), "-2"),
        (INT64, field(11, (1 << 64) - 5), "-5"),
        (UINT32, field(10, 0xFFFFFFFF), "4294967295"),
        (8, field(11, (1 << 64) - 1), "18446744073709551615"),
        (FLOAT, fixed(12, 5, "<f", 0.1), "0.1"),
        (FLOAT, fixed(12, 5, "<f", 16777216.0), "16777216"),
        (FLOAT, fixed(12, 5, "<f", -1.5), "-1.5"),
        (DOUBLE, fixed(13, 1, "<d", 0.1), "0.1"),
        (DOUBLE, fixed(13, 1, "<d", 1234567.125), "1234567.125"),
    ],
)
def test_numbers_are_exactly_what_the_device_meant(datatype, value, expected):
    found = decode(payload(metric("m", value=value, datatype=datatype))).metrics[0].value
    assert found == Decimal(expected), found


def test_null_text_and_truth_are_told_apart_from_numbers():
    found = decode(
        payload(
            metric("a", value=field(10, 5), null=True),
            metric("b", value=field(14, 1), datatype=BOOLEAN),
            metric("c", value=field(15, b"on"), datatype=STRING),
            metric("d", value=field(17, b"\x08\x01")),
        )
    )
    assert [item.value for item in found.metrics] == [None, True, "on", None]


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("spBv1.0/g/NDATA/e", ("g", "NDATA", "e", "")),
        ("spBv1.0/g/DBIRTH/e/d", ("g", "DBIRTH", "e", "d")),
        ("spBv1.0/g/DDATA/e", None),
        ("spBv1.0/g/NDATA/e/d", None),
        ("spBv1.0/g/NCMD/e", None),
        ("spBv1.0/STATE/host", None),
        ("spAv1.0/g/NDATA/e", None),
        ("spBv1.0//NDATA/e", None),
    ],
)
def test_topics(topic, expected):
    assert parse_topic(topic) == expected


def row(node, topic, content):
    address, read = parse_topic(topic), decode(content)
    return [node.row(address, read, item) for item in read.metrics]


def born(node, topic, *metrics, **options):
    node.born(parse_topic(topic), decode(payload(*metrics, **options)))


def test_an_alias_means_what_the_birth_of_its_device_said():
    node = Node()
    born(node, "spBv1.0/g/NBIRTH/e", metric("bdSeq", value=field(11, 3), datatype=INT64))
    born(node, "spBv1.0/g/DBIRTH/e/d", metric("energy", 5, datatype=INT32, value=field(10, 0)))
    node = Node(json.loads(json.dumps(node.to_dict())))
    content = payload(metric(alias=5, value=field(10, 0xFFFFFFFF), timestamp=1_700_000_000_123), seq=2)
    assert row(node, "spBv1.0/g/DDATA/e/d", content) == [
        {
            "name": "energy",
            "value": "-1",
            "timestamp": "1700000000123",
            "datatype": "3",
            "is_historical": "false",
            "group": "g",
            "edge": "e",
            "device": "d",
            "producer": "g/e/d",
        }
    ]
    with pytest.raises(Refuse) as refused:
        row(node, "spBv1.0/g/DDATA/e/other", content)
    assert refused.value.code == "unknown_alias"


def test_a_new_birth_forgets_the_old_aliases():
    node = Node()
    born(node, "spBv1.0/g/NBIRTH/e", metric("a", 1))
    born(node, "spBv1.0/g/DBIRTH/e/d", metric("b", 2))
    born(node, "spBv1.0/g/DBIRTH/e/d", metric("c", 3))
    assert sorted(node.aliases) == [1, 3]
    born(node, "spBv1.0/g/NBIRTH/e", metric("z", 9))
    assert sorted(node.aliases) == [9]


def test_only_the_death_of_the_present_birth_counts():
    node = Node()
    born(node, "spBv1.0/g/NBIRTH/e", metric("bdSeq", value=field(11, 7), datatype=INT64))
    death = parse_topic("spBv1.0/g/NDEATH/e")
    for number, online in ((6, True), (7, False)):
        node.died(death, decode(payload(metric("bdSeq", value=field(11, number), datatype=INT64), seq=None)))
        assert node.is_online is online


def test_a_rebirth_command_is_a_payload_of_its_own():
    assert decode(rebirth_command(42)) == (42, None, [Metric("Node Control/Rebirth", None, 42, BOOLEAN, True, False)])


@pytest.mark.parametrize(
    "content",
    [
        b"\x08",
        b"\x12\xff\x01ab",
        b"\xff" * 11,
        b"\x0b",
        b"\x00\x01",
        field(3, 256),
        field(1, b"x"),
        field(2, field(10, b"x")),
        field(2, b"") * 10_100,
        field(2, field(4, 1) * 100),
    ],
)
def test_bytes_that_make_no_sense_are_refused(content):
    with pytest.raises(Refuse) as refused:
        decode(content)
    assert refused.value.code == "bad_structure"


def test_a_text_that_is_none_is_refused():
    for name, code in ((b"\xff", "bad_encoding"), (b"a\x00b", "nul_byte")):
        with pytest.raises(Refuse) as refused:
            decode(field(2, field(1, name)))
        assert refused.value.code == code


def test_random_damage_is_read_or_refused_and_nothing_else():
    seed = 20260101
    print("seed", seed)
    dice = random.Random(seed)
    whole = payload(*[metric(f"m{n}", n, field(10, n), INT32, n) for n in range(20)])
    for _round in range(5_000):
        content = bytearray(whole)
        for _change in range(dice.randrange(1, 5)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            assert len(decode(bytes(content[: dice.randrange(1, len(content) + 1)])).metrics) <= sparkplug.MAX_METRICS
        except Refuse as refusal:
            assert refusal.code in ("bad_structure", "bad_encoding", "nul_byte")


def test_whole_numbers_survive_a_round_trip():
    for number in (0, 1, 127, 128, 300, (1 << 64) - 1):
        assert list(wire_fields(field(3, number), 1)) == [(3, 0, number)]
