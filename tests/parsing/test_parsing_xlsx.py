"""Workbooks: what people put in cells, and what nobody may be charged for without a look."""

import io
import random
import re
import tracemalloc
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, NAMES, XLSX, codes, filled, patched, plain, read, records, refused, table, workbook


def test_typed_cells_keep_their_values_whatever_the_profile_says_of_texts():
    profile = plain(format="xlsx", decimal=",", thousands=".", time_formats=["%Y-%d-%m %H:%M:%S"])
    content = filled(
        [[1366563, "0042", datetime(2025, 3, 4, 23, 59, 59), 1234.5], ["a", "b", "2025-13-02 00:00:00", "1.234,5"]]
    )
    first, second = read(content, profile)
    assert first[1:4] == ("1366563", "0042", "energy") and first.quantity == Decimal("1234.5")
    assert first.occurred_at.isoformat() == "2025-03-04T23:59:59+00:00"
    assert (second.quantity, second.occurred_at.day) == (Decimal("1234.5"), 13)
    assert first.row_number == 2 and first.raw == ("1366563", "0042", "2025-03-04 23:59:59", "1234.5")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1 + 0.2, "0.3"),
        (1.1, "1.1"),
        (1e-7, "0.0000001"),
        (1e15, "1000000000000000"),
        (12345.678901, "12345.678901"),
        (-0.5, "-0.5"),
        (True, "true"),
        (0, "0"),
    ],
)
def test_numbers_are_those_that_people_see(value, shown):
    (item,) = read(filled([["e", "s", datetime(2025, 1, 1), value]]), XLSX)
    assert item.raw[3] == shown


def test_a_binary_tail_in_the_file_is_not_part_of_the_number():
    content = patched(filled([["e", "s", datetime(2025, 1, 1), 1.5]]), b"<v>1.5</v>", b"<v>1.1000000000000001</v>")
    assert read(content, XLSX)[0].quantity == Decimal("1.1")


def test_a_number_written_with_zeros_in_front_is_a_number():
    content = patched(filled([["e", "s", datetime(2025, 1, 1), 1.5]]), b"<v>1.5</v>", b"<v>001.10000000000000012</v>")
    assert read(content, XLSX)[0].quantity == Decimal("1.1")


def test_dates_clock_times_and_lengths_are_read_by_their_format():
    profile = plain(
        format="xlsx",
        time={"columns": ["day", "clock"]},
        measures=[{"metric": "m", "quantity": {"duration": "length", "in": "hours"}}],
    )
    content = filled(
        [["e", "s", date(2025, 3, 4), time(13, 45, 30), timedelta(hours=30, minutes=15)]],
        ["id", "subject", "day", "clock", "length"],
    )
    (item,) = read(content, profile)
    assert item.occurred_at.isoformat() == "2025-03-04T13:45:30+00:00" and item.quantity == Decimal("30.25")


def test_the_1904_calendar_is_honoured():
    def fill(sheet, book):
        sheet.write_row(0, 0, NAMES)
        sheet.write_row(1, 0, ["e", "s"])
        sheet.write_datetime(1, 2, datetime(2025, 3, 4), book.add_format({"num_format": "d mmm yyyy"}))
        sheet.write(1, 3, 1)

    (item,) = read(workbook(fill, date_1904=True), XLSX)
    assert item.occurred_at.isoformat() == "2025-03-04T00:00:00+00:00"


def test_formulas_are_refused_unless_results_are_accepted_and_nothing_else_is_lost():
    def fill(sheet, _book):
        sheet.write_row(0, 0, [*NAMES, "note"])
        for number in range(1, 6):
            sheet.write_row(number, 0, [f"e{number}", "s", "2025-01-01", number, "x"])
        sheet.write_formula(2, 3, "=D2*2", None, 42)
        sheet.write_formula(3, 4, '="not used"', None, "x")
        sheet.write_formula(4, 3, "=D2", None, "")

    items = read(workbook(fill), XLSX)
    assert [(item.row_number, type(item).__name__) for item in items] == [
        (2, "Record"),
        (3, "Rejection"),
        (4, "Record"),
        (5, "Rejection"),
        (6, "Record"),
    ]
    assert items[1].code == "formula_cell" and items[1].params == {"cell": "D3", "column": "qty"}
    assert items[1].raw[3] == "42"
    cached = read(workbook(fill), plain(format="xlsx", formulas="cached"))
    assert cached[1].quantity == 42 and codes(cached) == ["formula_cell"]


def test_a_formula_without_a_result_is_refused_in_any_case():
    book = openpyxl.Workbook()
    for row in (NAMES, ["e1", "s", "2025-01-01", "=1+1"], ["e2", "s", "2025-01-01", 3]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    items = read(out.getvalue(), plain(format="xlsx", formulas="cached"))
    assert codes(items) == ["formula_cell"] and records(items)[0].quantity == 3


def test_results_that_spill_from_an_array_formula_are_formulas_too():
    def fill(sheet, _book):
        sheet.write_row(0, 0, NAMES)
        for number in range(1, 5):
            sheet.write_row(number, 0, [f"e{number}", "s", "2025-01-01", number])
        sheet.write_array_formula("D3:D4", "{=A1:A2}", None, 7)
        sheet.write_number("D4", 8)

    items = read(workbook(fill), XLSX)
    assert [(item.row_number, type(item).__name__) for item in items] == [
        (2, "Record"),
        (3, "Rejection"),
        (4, "Rejection"),
        (5, "Record"),
    ]
    assert codes(read(workbook(fill), plain(format="xlsx", formulas="cached"))) == []


def test_a_spill_in_a_long_sheet_is_found_behind_plain_portions():
    def fill(sheet, _book):
        sheet.write_row(0, 0, NAMES)
        for number in range(1, 12_001):
            sheet.write_row(number, 0, [f"e{number}", "s", "2025-01-01", number])
        sheet.write_array_formula("D11500:D11502", "{=A1:A3}", None, 7)
        for number in (11_500, 11_501):
            sheet.write_number(number, 3, 8)

    items = read(workbook(fill), XLSX)
    assert [item.row_number for item in items if type(item) is up.Rejection] == [11_500, 11_501, 11_502]


def test_error_values_are_named():
    def fill(sheet, _book):
        sheet.write_row(0, 0, NAMES)
        sheet.write_row(1, 0, ["e", "s", "2025-01-01"])
        sheet.write_formula(1, 3, "=NA()", None, "#N/A")

    (item,) = read(workbook(fill), XLSX)
    assert (item.code, item.params) == ("error_cell", {"column": "qty", "value": "#N/A"})


def test_merged_data_rows_are_refused_with_their_range_and_titles_above_do_not_matter():
    def fill(sheet, _book):
        sheet.merge_range("A1:D1", "Usage of March")
        sheet.write_row(1, 0, NAMES)
        for number in range(2, 7):
            sheet.write_row(number, 0, [f"e{number}", "s", "2025-01-01", number])
        sheet.merge_range("B4:B5", "both")

    items = read(workbook(fill), plain(format="xlsx", header_row=2))
    assert [item.row_number for item in records(items)] == [3, 6, 7]
    assert [(item.row_number, item.params["range"]) for item in items if type(item) is up.Rejection] == [
        (4, "B4:B5"),
        (5, "B4:B5"),
    ]


def test_sheets_are_chosen_by_name_number_or_the_first_that_is_visible():
    def fill(sheet, book):
        sheet.hide()
        for name, subject in (("Two", "second"), ("Three", "third")):
            other = book.add_worksheet(name)
            other.write_row(0, 0, NAMES)
            other.write_row(1, 0, ["e", subject, "2025-01-01", 1])
        book.worksheets()[1].activate()
        book.worksheets()[1].set_first_sheet()

    content = workbook(fill)
    for sheet, subject in (("two", "second"), ("three", "third"), (2, "third")):
        assert read(content, plain(format="xlsx", sheet=sheet))[0].subject == subject
    # Two sheets of such rows: reading one of them would drop the other without a word.
    assert refused(content, XLSX) == "bad_structure"
    assert refused(content, plain(format="xlsx", sheet=9)) == "no_sheet"


def test_the_visible_sheet_that_has_the_columns_is_read_and_titles_above_them_are_passed_over():
    def fill(sheet, book):
        sheet.write_row(0, 0, ["Usage of March", "", "made on 1 April"])
        usage, notes = book.add_worksheet("Data"), book.add_worksheet("Empty form")
        usage.write(1, 0, "Usage of March")
        usage.merge_range("A3:D3", "all sites")
        for number, row in enumerate((NAMES, ["e", "s", "2025-01-01", 5])):
            usage.write_row(4 + number, 0, row)
        notes.write_row(0, 0, NAMES)

    (item,) = read(workbook(fill), XLSX)
    assert (item.row_number, item.subject, str(item.quantity)) == (6, "s", "5")


def test_a_merged_header_further_down_is_no_header():
    def fill(sheet, _book):
        sheet.write_row(0, 0, ["id", "subject", "at"])
        sheet.merge_range("A1:B1", "id")

    assert refused(workbook(fill), XLSX) == "merged_header"


def test_rich_texts_escapes_entities_and_inline_strings_are_read():
    def fill(sheet, book):
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, NAMES)
        sheet.write(1, 0, "a & b < c")
        sheet.write_rich_string(1, 1, "Z", bold, "ü", "rich")
        sheet.write_row(1, 2, ["2025-01-01", 1])

    for options in ({}, {"constant_memory": True}):
        (item,) = read(workbook(fill, **options), XLSX)
        assert item[1:3] == ("a & b < c", "Zürich")


def test_a_sheet_written_with_prefixes_and_without_references_reads_the_same():
    content = filled([["e1", "s1", datetime(2025, 1, 1), 1.5], ["e2", "s2", datetime(2025, 1, 2), 2]])
    plain_items = read(content, XLSX)
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    bare = re.sub(rb'<c r="[A-Z]+[0-9]+"', b"<c", sheet)
    assert read(patched(content, sheet, bare), XLSX) == plain_items
    prefixed = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", sheet).replace(b"xmlns=", b"xmlns:x=")
    assert read(patched(content, sheet, prefixed), XLSX) == plain_items
    spaced = sheet.replace(b"<c ", b"\n<c\t").replace(b"</row>", b"\n</row>")
    assert read(patched(content, sheet, spaced), XLSX) == plain_items
    commented = sheet.replace(b"</row>", b"<!-- <c r='Z1'/> --></row>")
    assert read(patched(content, sheet, commented), XLSX) == plain_items


@pytest.mark.parametrize("seed", range(3))
def test_openpyxl_and_we_read_the_same_cells(seed):
    chance = random.Random(seed)
    values = [None, 0, 1, -3.25, 1e10, "text", " blanks ", "é€𝄞", 12345678901, 0.001]
    cells = [[chance.choice(values) for _ in range(6)] for _ in range(40)]
    content = filled([[f"e{n}", *row] for n, row in enumerate(cells)], ["id", *"abcdef"])
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    expected = [
        "" if cell is None else str(cell).strip()
        for row in sheet.iter_rows(min_row=2, values_only=True)
        for cell in row
    ]
    profile = {
        "format": "xlsx",
        "subject": {"constant": "s"},
        "external_id": {"column": "id"},
        "time": {"constant": "2025-01-01"},
        "measures": [{"metric": "m", "quantity": {"constant": "1"}}],
    }
    found = [cell.strip() for item in read(content, profile) for cell in item.raw]
    assert [number(cell) for cell in found] == [number(cell) for cell in expected]


@pytest.mark.parametrize("mixed", [False, True])
def test_long_sheets_read_the_same_in_whole_columns_and_cell_by_cell(mixed):
    """Columns narrower and wider than the header, a gap, a column of mixed types; several portions of the sheet."""
    width = 3 if mixed else 6

    def fill(sheet, book):
        stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, ["id", "subject", "at", "", "qty", "note"])
        for row in range(1, 8_001):
            sheet.write_row(row, 0, [f"e{row}", f"s{row % 7}"])
            sheet.write_datetime(row, 2, datetime(2025, 1, 1) + timedelta(minutes=row), stamp)
            if mixed and row % 2_000 == 0:
                sheet.write_string(row, 4, "7.25")
            else:
                sheet.write_number(row, 4, row / 8)
            if mixed and row % 3 == 0:
                sheet.write(row, width, "sometimes")

    items = read(workbook(fill), XLSX)
    assert [item.row_number for item in items] == list(range(2, 8_002))
    assert [item.external_id for item in items] == [f"e{row}" for row in range(1, 8_001)]
    expected = [Decimal("7.25") if mixed and row % 2_000 == 0 else Decimal(row) / 8 for row in range(1, 8_001)]
    assert [item.quantity for item in items] == expected
    starts = [item.occurred_at.replace(tzinfo=None) for item in items]
    assert starts == [datetime(2025, 1, 1) + timedelta(minutes=row) for row in range(1, 8_001)]
    assert all(len(item.raw) == 6 for item in items)


def number(text):
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


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
