"""Workbooks that want to cost much, or are damaged: bounded in memory, refused with their reason."""

import random
import tracemalloc

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, patched, plain, read, refused, table, workbook

XLSX = plain(format="xlsx")
NAMES = ["id", "subject", "at", "qty"]


def test_a_sheet_of_ever_new_wide_rows_costs_little_time_and_memory():
    def fill(sheet, _book):
        sheet.write_row(0, 0, NAMES)
        for row in range(1, 5_001):
            sheet.write_number(row, 0, row)
            sheet.write_number(row, 4 + row // 50, row)

    content, profile = workbook(fill), up.Profile.from_dict(XLSX)
    tracemalloc.start()
    count = sum(1 for _ in up.parse(content, profile, LIMITS, up.Deadline(9, lambda: 0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5_000 and peak < 12_000_000


def test_a_tiny_file_with_cells_far_apart_costs_no_memory():
    def fill(sheet, _book):
        sheet.write_row(0, 0, NAMES)
        sheet.write_row(1_000_000, 0, ["e", "s", "2025-01-01", 1])

    content = workbook(fill)
    tracemalloc.start()
    (item,) = read(content, XLSX)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert item.row_number == 1_000_001 and peak < 5_000_000


def test_one_long_shared_string_used_often_costs_no_memory():
    long = "x" * 3_000
    content = table(*[[f"e{n}", "s", "2025-01-01", 1, long] for n in range(3_000)])
    tracemalloc.start()
    count = sum(1 for _ in up.parse(content, up.Profile.from_dict(XLSX), LIMITS, up.Deadline(9, lambda: 0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3_000 and peak < 6_000_000


def test_a_cell_far_to_the_right_is_refused():
    def fill(sheet, _book):
        sheet.write_row(0, 0, NAMES)
        sheet.write(1, 16_000, "far")

    assert refused(workbook(fill), XLSX) == "too_many_columns"


@pytest.mark.parametrize("bomb", ["sheet", "strings"])
def test_bombs_inside_a_workbook_are_refused(bomb):
    content = table(["e", "s", "2025-01-01", 1])
    if bomb == "sheet":
        content = patched(content, b"</sheetData>", b"<row/>" * 8_000_000 + b"</sheetData>")
    else:
        content = patched(
            content, b"</sst>", b"<si><t>" + b"0" * 60_000_000 + b"</t></si></sst>", "xl/sharedStrings.xml"
        )
    assert refused(content, XLSX, LIMITS._replace(max_ratio=50)) in ("bomb_ratio", "too_large", "corrupt")


def test_entities_in_a_workbook_are_refused():
    declared = b'<!DOCTYPE x [<!ENTITY e "boom">]><worksheet'
    assert refused(patched(table(["e", "s", "2025-01-01", 1]), b"<worksheet", declared), XLSX) == "forbidden_markup"
    strings = patched(
        table(["e", "s", "2025-01-01", 1]), b"<sst", declared.replace(b"worksheet", b"sst"), "xl/sharedStrings.xml"
    )
    assert refused(strings, XLSX) == "forbidden_markup"


def test_every_cut_and_every_flipped_byte_ends_in_items_or_a_refusal():
    content = table(*[[f"e{n}", "s", "2025-01-01", n] for n in range(30)])
    chance = random.Random(5)
    for _ in range(150):
        damaged = bytearray(content[: chance.randrange(len(content))] if chance.random() < 0.3 else content)
        for _ in range(chance.randrange(1, 4)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read(bytes(damaged), XLSX)
        except up.FileRefused as refusal:
            assert refusal.code in up.FILE_REASONS
