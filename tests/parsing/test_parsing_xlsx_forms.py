"""Rows of a sheet that look alike: read whole, they are what they are cell by cell, and no less bounded."""

import io
import random
import re
import tracemalloc
import zipfile

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, NAMES, XLSX, codes, filled, patched, plain, read, records, refused, table, workbook


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("odd", [None, 1_400])
def test_rows_that_look_alike_read_the_same_as_any_others(inline, odd):
    """Read whole, and by the XML parser: the same cells, whatever a single row does to its portion."""
    chance = random.Random(7)

    def fill(sheet, book):
        stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, [*NAMES, "", "note", "clock"])
        for row in range(1, 2_001):
            sheet.write_row(row, 0, [f" e{row} &<x", chance.choice(["s1", "ü _x0041_", "s2 "])])
            sheet.write_number(row, 2, chance.choice([45_000, 45_000.5, 45_999 + chance.random(), 3.25]), stamp)
            sheet.write_number(row, 3, chance.choice([row / 8, 0.1 + 0.2, 1e-7, 12345678901234567, -3]))
            sheet.write_blank(row, 4, None, stamp)
            sheet.write_number(row, 6, chance.random(), book.get_default_url_format())
            if row == odd:
                sheet.write_string(row, 5, "a cell more")

    content = workbook(fill, **({"constant_memory": True} if inline else {}))
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    accepting = plain(format="xlsx", measures=[{"metric": "m", "quantity": "qty", "on_negative": "accept"}])
    items = read(content, accepting)
    assert len(items) == 2_000 and len(records(items)) > 700
    assert items == read(patched(content, sheet, sheet.replace(b"<c ", b"<c\t")), accepting)


def test_rows_that_look_alike_are_refused_for_what_others_are_refused_for():
    content = table(*[[f"e{n}", "s", "2025-01-01", n] for n in range(3_000)])
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    rows = re.findall("<row .*?</row>", sheet)
    swapped = sheet.replace(rows[2_000] + rows[2_001], rows[2_001] + rows[2_000])
    assert refused(patched(content, sheet.encode(), swapped.encode()), XLSX) == "corrupt"
    missing = re.sub(r't="s"><v>[0-9]+</v>', 't="s"><v>99999</v>', sheet)
    assert refused(patched(content, sheet.encode(), missing.encode()), XLSX) == "corrupt"
    strange = re.sub(r' r="C[0-9]{3,}"', ' r="C7"', sheet)
    assert refused(patched(content, sheet.encode(), strange.encode()), XLSX) == "corrupt"
    long = filled([[f"e{n}", "s", "x" * 60, n] for n in range(500)])
    assert set(codes(read(long, XLSX, LIMITS._replace(max_cell_chars=50)))) == {"cell_too_long"}


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
