"""Recorded messages of brokers as several programs print them, and plugs of several generations."""

import json

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, codes, deadline, plain, records
from parsing_helpers import read as read_by
from test_parsing_shipped import profile, read, totals

ENERGY = '{"Time": "2026-10-01T10:00:00", "ENERGY": {"Total": 4.50}}'
LINES = {
    "tab": f"tele/plug/SENSOR\t{ENERGY}",
    "blank": f"tele/plug/SENSOR {ENERGY}",
    "time, blanks": f"2026-10-01T12:00:01+0200 tele/plug/SENSOR {ENERGY}",
    "seconds, tabs": f"1790848801.25\ttele/plug/SENSOR\t{ENERGY}",
    "object": json.dumps({"tst": "2026-10-01T10:00:01.5Z", "topic": "tele/plug/SENSOR", "payload": ENERGY}),
    "object in object": f'{{"topic": "tele/plug/SENSOR", "qos": 0, "payload": {ENERGY}}}',
}


def recording(*messages):
    return "".join(
        f"{topic}\t{message if isinstance(message, str) else json.dumps(message)}\n" for topic, message in messages
    )


@pytest.mark.parametrize("name", LINES)
def test_a_recorded_message_says_the_same_however_it_was_printed(name):
    (item,) = read("energy_plugs_file", LINES[name] + "\n")
    (live,) = read("energy_plugs", ENERGY, topic="tele/plug/SENSOR")
    assert item[1:12] == live[1:12] and (item.subject, str(item.quantity)) == ("plug", "4.50")


STAMPS = {
    "2026-10-01T12:00:01.250000Z+0200": "2026-10-01T10:00:01.250000+00:00",
    "2026-10-01T10:00:01.250000Z": "2026-10-01T10:00:01.250000+00:00",
    "2026-10-01T04:30:01-0530": "2026-10-01T10:00:01+00:00",
}


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_message_without_a_time_is_dated_when_the_subscriber_got_it(stamp):
    payload = {"ENERGY": {"Total": 1}}
    as_object = json.dumps({"tst": stamp, "topic": "tele/p/SENSOR", "payload": payload})
    for text in (as_object, f"{stamp} tele/p/SENSOR {json.dumps(payload)}"):
        (item,) = read("energy_plugs_file", text)
        assert item.occurred_at.isoformat() == STAMPS[stamp]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_table_of_moments_and_objects_is_no_recording(quote):
    by = plain(
        header_row=0,
        delimiter="\t",
        quote=quote,
        columns=["at", "message"],
        json_columns=["message"],
        external_id={"key": ["at"]},
        subject="message.who",
        time="at",
        measures=[{"metric": "m", "quantity": "message.n"}],
    )
    text = '2026-10-01T10:00:00Z\t{"who": "a b", "n": 1}\n2026-10-01T11:00:00Z\t{"who": "c", "n": 2}\n'
    items = read_by(text, by)
    assert [(item.subject, item.quantity, item.occurred_at.hour) for item in items] == [("a b", 1, 10), ("c", 2, 11)]


def test_lines_of_a_recording_that_are_no_messages_wait_alone():
    lines = ("tele/p/SENSOR", '{"payload": 1}', '{"topic": "t", "payload', f"tele/p/SENSOR {ENERGY}")
    assert codes(read("energy_plugs_file", "\n".join(lines))) == ["bad_row_shape", "bad_structure", "bad_structure"]


def test_a_total_per_phase_is_added_up_and_one_that_is_not_known_is_no_total():
    def message(total):
        return "tele/p/SENSOR", {"Time": "2026-10-01T10:00:00", "ENERGY": {"Total": total}}

    items = read("energy_plugs_file", recording(*map(message, ([1.5, 2.25], [0.1, 0.2, 0.3], 7, [1, None], []))))
    # 1.5 + 2.25; 0.1 + 0.2 + 0.3
    assert [str(item.quantity) for item in records(items)] == ["3.75", "0.6", "7"]
    assert codes(items) == ["bad_quantity", "missing_quantity"]


def test_what_a_plug_says_beside_its_energy_is_left_out():
    noise = (
        ("tele/p/LWT", "Online"),
        ("tele/p/STATE", {"Time": "2026-10-01T10:00:00", "POWER": "ON"}),
        ("stat/p/POWER", "ON"),
    )
    items = read("energy_plugs_file", recording(*noise, ("tele/p/SENSOR", ENERGY)))
    assert totals(items) == {"energy": "4.50"} and set(codes(items)) == {"filtered"}
    # Energy without its total is for a person.
    assert codes(
        read("energy_plugs_file", recording(("tele/p/SENSOR", {"Time": "2026-10-01", "ENERGY": {"Power": 3}})))
    ) == ["missing_quantity"]


def test_what_a_bridge_says_of_itself_and_is_told_to_do_is_no_reading():
    reading = {"energy": 1.25, "last_seen": "2026-10-01T10:00:00+02:00"}
    noise = [
        ("zigbee2mqtt/bridge/logging", {"energy": 5}),
        ("zigbee2mqtt/bridge/state", "online"),
        ("zigbee2mqtt/plug/set", {"energy": 3}),
        ("zigbee2mqtt/plug/get", {"energy": ""}),
        ("zigbee2mqtt/plug/availability", "online"),
    ]
    items = read("energy_plugs_zigbee_file", recording(*noise, ("zigbee2mqtt/plug", reading)))
    assert [(item.subject, str(item.quantity)) for item in records(items)] == [("plug", "1.25")]
    assert set(codes(items)) == {"filtered"}
    for topic, message in noise[:1] + noise[2:3]:
        assert codes(read("energy_plugs_zigbee", json.dumps(message), topic=topic)) == ["filtered"]


FIRST = (
    ("shellies/plug-1/relay/0/energy", "120001", "energy", "2.000017"),
    ("shellies/plug-2/relay/1/energy", "60", "energy_1", "0.001000"),
    ("shellies/em-1/emeter/0/total", "12345.6", "energy", "12.3456"),
    ("shellies/em-1/emeter/1/total_returned", "5.6", "energy_fed_in_1", "0.0056"),
)


def test_bare_numbers_of_the_first_generation_are_registers_in_their_units():
    # 120001 / 60000 = 2.00001667: rounded once per reading, so the difference of two is never off by more than that.
    noise = (
        ("shellies/plug-1/relay/0", "on"),
        ("shellies/plug-1/relay/0/power", "12.5"),
        ("shellies/em-1/emeter/0/energy", "3"),
    )
    items = read("energy_plugs_shelly_first_file", recording(*[line[:2] for line in FIRST], *noise))
    assert [(item.metric, str(item.quantity)) for item in records(items)] == [line[2:] for line in FIRST]
    assert set(codes(items)) == {"filtered"}
    reader = up.MessageReader(profile("energy_plugs_shelly_first"), LIMITS)
    for topic, payload, metric, quantity in FIRST:
        context = {"topic": topic, "received_at": "2026-10-01T10:00:00Z"}
        (item,) = records(reader.read(payload.encode(), deadline(), context))
        assert (item.metric, str(item.quantity), item.subject) == (metric, quantity, topic.split("/")[1])


def test_meters_of_later_generations_and_topics_of_several_levels_are_read():
    messages = (
        ("home/plug-1/status/switch:0", {"aenergy": {"total": 1500, "minute_ts": 1790848800}}),
        ("home/plug-2/status/switch:0", {"aenergy": {"total": 2500, "minute_ts": 1790848800}}),
        ("em-1/status/emdata:0", {"id": 0, "a_total_act_energy": 1.5, "total_act": 3000.5, "total_act_ret": 0}),
        ("em-2/events/rpc", {"params": {"ts": 1790848800.1, "em1data:1": {"total_act_energy": 4}}}),
        ("plug-3/online", "true"),
    )
    items = records(read("energy_plugs_shelly_file", recording(*messages)))
    assert [(item.subject, item.metric, str(item.quantity)) for item in items] == [
        ("home/plug-1", "energy", "1.500"),
        ("home/plug-2", "energy", "2.500"),
        ("em-1", "energy", "3.0005"),
        ("em-2", "energy_1", "0.004"),
    ]


TESTS = (("suffix", "b", "ab", "a"), ("contains", "b", "abc", "a"), ("prefix", "b", "ba", "ab"))


@pytest.mark.parametrize(("test", "part", "passing", "failing"), TESTS)
def test_conditions_look_at_the_begin_the_end_and_the_middle_of_a_text(test, part, passing, failing):
    text = f"id,subject,at,qty\n1,{passing},2025-01-01,1\n2,{failing},2025-01-01,1\n"
    for name, expected in ((test, "1"), (f"not_{test}", "2")):
        items = read_by(text, plain(where=[{"column": "subject", name: part}]))
        assert [item.external_id for item in records(items)] == [expected]
