"""Printers over SNMP: walks as text and dumps as JSON."""

import json

from parsing_helpers import codes, records, refused
from test_parsing_shipped import SHIPPED, read, totals

SERIAL, PAGES = "1.3.6.1.2.1.43.5.1.1.17.1", "1.3.6.1.2.1.43.10.2.1.4.1.1"


def test_walks_of_several_devices_follow_each_other_in_any_spelling():
    lines = (
        '.1.3.6.1.2.1.25.3.2.1.3.1 = STRING: "Laser 9"',
        f'iso.{SERIAL[2:]} = STRING: "A1"',
        f"SNMPv2-SMI::mib-2.{PAGES[len('1.3.6.1.2.1.') :]} = Counter32: 4711",
        f'.{SERIAL} = STRING: "B2"',
        "a name of the device",
        "that goes on",
        f".{PAGES} = Counter32: 12",
        'Printer-MIB::prtGeneralSerialNumber.1 = STRING: "C3"',
        "Printer-MIB::prtMarkerLifeCount.1.1 = Counter32: 1",
    )
    items = read("printer_counters_snmp", "\n".join(lines) + "\n")
    assert [(item.subject, str(item.quantity)) for item in records(items)] == [
        ("A1", "4711"),
        ("B2", "12"),
        ("C3", "1"),
    ]
    assert items[0].dimensions == {"model": "Laser 9"} and totals(items) == {"pages": "4724"}


def test_dumps_are_objects_alone_in_a_list_or_by_the_line():
    devices = [{SERIAL: name, PAGES: pages, "1.3.6.1.4.1.9.1": ["00"]} for name, pages in (("A1", 5), ("B2", "7"))]
    for text in (json.dumps(devices), "\n".join(map(json.dumps, devices)) + "\n"):
        assert [(item.subject, str(item.quantity)) for item in records(read("printer_counters_snmp", text))] == [
            ("A1", "5"),
            ("B2", "7"),
        ]
    assert len(records(read("printer_counters_snmp", json.dumps(devices[0], indent=1)))) == 1


def test_a_device_without_counter_or_serial_waits_and_a_text_without_answers_is_refused():
    items = read("printer_counters_snmp", f'.{SERIAL} = STRING: "A1"\n')
    assert codes(items) == ["missing_quantity", *3 * ["filtered"]]
    assert codes(read("printer_counters_snmp", f".{PAGES} = Counter32: 5\n")) == ["missing_subject"]
    definition = json.loads((SHIPPED / "printer_counters_snmp.json").read_text(encoding="utf-8"))["definition"]
    assert refused("a,b\n1,2\n", definition) == "bad_structure"


def test_walks_without_types_are_read_and_texts_that_go_on_are_none():
    lines = (f'.{SERIAL} "A1"', "2.5 metres long", f"iso.{PAGES[2:]} 4711", f'.{SERIAL} "B2"', f"mib-2.{PAGES[12:]} 12")
    items = records(read("printer_counters_snmp", "\n".join(lines) + "\n"))
    assert [(item.subject, item.quantity) for item in items] == [("A1", 4711), ("B2", 12)]


def test_counters_that_printers_answer_in_records_are_read_from_dumps_and_walks():
    root = "1.3.6.1.4.1.2435.2.3.9"
    records_of_it = ["00010400000f4a", "01010400000f00", "0201040000004a", "160104000000ff", "06"]
    device = {f"{root}.4.2.1.5.5.1.0": "E7", f"{root}.1.1.7.0": "MFG:B;MDL:HL-9;CLS:PRINTER;", PAGES: "4000"}
    device[f"{root}.4.2.1.5.5.10.0"] = records_of_it
    expected = {"pages": "3914", "pages_mono": "3840", "pages_colour": "74"}
    dump = read("printer_counters_snmp", json.dumps(device))
    assert totals(dump) == expected and {(item.subject, item.dimensions["model"]) for item in records(dump)} == {
        ("E7", "HL-9")
    }
    pairs = "".join(records_of_it)
    shown = " ".join(pairs[place : place + 2] for place in range(0, len(pairs), 2)).upper()
    walk = f'.{root}.4.2.1.5.5.1.0 = STRING: "E7"\n.{root}.4.2.1.5.5.10.0 = Hex-STRING: {shown[:48]}\n{shown[48:]} \n'
    assert totals(read("printer_counters_snmp", walk)) == expected
