"""Separated text: one bad row never costs its neighbours, and every row is accounted for."""

from decimal import Decimal

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, codes, plain, read, records, refused, rows

GOOD = "{0},s{0},2025-01-01T00:00:00,{0}"


def lines(count):
    return [GOOD.format(number) for number in range(1, count + 1)]


def test_a_row_becomes_one_record_with_its_line_number_and_raw_text():
    (record,) = rows("e1, s1 ,2025-03-01T12:00:00,1.50")
    assert record[:10] == (
        2,
        "e1",
        "s1",
        "energy",
        record.occurred_at,
        None,
        Decimal("1.50"),
        "kWh",
        {},
        None,
    )
    assert record.occurred_at.isoformat() == "2025-03-01T12:00:00+00:00"
    # a blank after a comma is the writer's, not the value's
    assert record.raw == ("e1", "s1 ", "2025-03-01T12:00:00", "1.50")


@pytest.mark.parametrize("place", range(0, 20, 3))
@pytest.mark.parametrize(
    "bad",
    [
        '"open,s,2025-01-01,1',
        'x,"open',
        '"closed"x,s,2025-01-01,1',
        "too,few",
        "a,b,c,d,e",
        "n\0ul,s,2025-01-01,1",
        ",,,1",
    ],
)
def test_a_bad_row_at_any_place_costs_only_itself(place, bad):
    all_lines = lines(20)
    all_lines.insert(place, bad)
    items = rows(*all_lines)
    assert len(records(items)) == 20 and len(codes(items)) == 1
    assert [item.row_number for item in items] == list(range(2, 23))


def test_an_unclosed_quote_in_a_long_file_swallows_nothing():
    all_lines = lines(30_000)
    all_lines[10] = '"never closed,s,2025-01-01,1'
    all_lines[29_000] = 'x,"never closed'
    items = rows(*all_lines)
    assert len(records(items)) == 29_998 and codes(items) == ["bad_row_shape"] * 2


def test_a_cell_may_span_lines_and_the_row_number_is_where_it_begins():
    items = rows('e1,"two\nlines",2025-01-01,1', "e2,s,2025-01-01,1")
    assert [(item.row_number, item.subject) for item in items] == [(2, "two\nlines"), (4, "s")]


def test_a_multi_line_cell_across_a_chunk_edge_is_read_whole():
    spanning = 'big,"' + "\n".join(["x" * 100] * 30) + '",2025-01-01,1'
    subject = {"column": "subject", "first": 20}
    for before in range(3_900, 4_000, 25):
        # 131,072 bytes are read at a time; a line has some 32
        text = "\n".join(["id,subject,at,qty", *lines(before), spanning, *lines(200)])
        items = read(text, plain(subject=subject))
        assert len(records(items)) == before + 201


def test_empty_rows_and_blank_lines_are_not_rows():
    items = rows("e1,s,2025-01-01,1", "", ",,,", "  , ,,", "e2,s,2025-01-01,1", "")
    assert [item.row_number for item in items] == [2, 6]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_all_line_endings_are_read(ending):
    text = ending.join(["id,subject,at,qty", *lines(50)]) + ending
    assert len(records(read(text, plain()))) == 50
    assert len(records(read(text.rstrip("\r\n"), plain()))) == 50


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_itself(sign):
    text = "id,subject,at,qty\n".replace(",", sign) + "\n".join(lines(5)).replace(",", sign)
    parsed = up.parse(text.encode(), up.Profile.from_dict(plain()), LIMITS, up.Deadline(9, lambda: 0))
    assert parsed.delimiter == sign and len(list(parsed)) == 5 and parsed.row_count == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found_by_itself(encoding):
    content = "id,subject,at,qty\ne1,Zürich Café,2025-01-01,1\n".encode(encoding)
    (record,) = read(content, plain())
    assert record.subject == "Zürich Café"


def test_one_bad_byte_in_utf8_costs_one_row():
    content = "id,subject,at,qty\ne1,Zürich,2025-01-01,1\n".encode() + b"e2,Z\xfcrich,2025-01-01,1\ne3,s,2025-01-01,1\n"
    items = read(content + "e4,Genève é ü ö,2025-01-01,1\n".encode(), plain())
    assert [type(item).__name__ for item in items] == ["Record", "Rejection", "Record", "Record"]
    assert items[1].code == "bad_encoding" and items[1].raw[1] == "Z\\udcfcrich"


def test_a_multi_byte_character_across_a_chunk_edge_is_whole():
    for shift in range(3):
        text = "id,subject,at,qty\n" + "x" * shift + "1,s,2025-01-01,1\n" + "é,ü€,2025-01-01,1\n" * 12_000
        assert len(records(read(text, plain(encoding="utf-8")))) == 12_001


def test_trailing_empty_cells_are_no_fault_but_filled_ones_are():
    items = rows("e1,s,2025-01-01,1,,", "e2,s,2025-01-01,1,x")
    assert [type(item).__name__ for item in items] == ["Record", "Rejection"]
    assert items[1].params["found"] == "5" and items[1].params["expected"] == "4"


def test_short_rows_are_padded_when_the_profile_says_so():
    measure = {"metric": "m", "quantity": {"column": "qty", "empty_as": "1"}}
    assert len(records(rows("e1,s,2025-01-01", ragged="pad", measures=[measure]))) == 1


def test_a_file_without_header_takes_names_by_position():
    profile = plain(header_row=0, columns=["id", None, "subject", "at", "qty"])
    (record,) = read("e1,ignored,s1,2025-01-01,5\n", profile)
    assert (record.row_number, record.subject, record.quantity) == (1, "s1", 5)


def test_header_names_match_without_regard_to_case_blanks_and_mark():
    (record,) = read("\ufeffID ,  Subject,AT,Qty\ne1,s,2025-01-01,1\n", plain())
    assert record.subject == "s"


def test_title_rows_above_and_unit_rows_below_the_header_are_passed_over():
    text = "Report of March\n\nid,subject,at,qty\n,,,kWh\ne1,s,2025-01-01,1\n"
    (record,) = read(text, plain(header_row=2, skip_rows=1))
    assert record.row_number == 5


def test_a_tab_file_keeps_quotes_when_quoting_is_off():
    (record,) = read('id\tsubject\tat\tqty\ne1\t24" screen\t2025-01-01\t1\n', plain(quote="", delimiter="\t"))
    assert record.subject == '24" screen'


def test_two_columns_of_one_name_are_refused_only_when_used():
    text = "id,subject,at,qty,{0},{0}\ne1,s,2025-01-01,1,x,y\n"
    assert refused(text.format("qty"), plain()) == "duplicate_headers"
    assert refused(text.format("note"), plain()) is None


def test_rejections_can_be_corrected_and_sent_again():
    profile = up.Profile.from_dict(plain())
    (bad,) = rows("e1,s,2025-01-01,12x")
    again = up.parse_rows([(bad.row_number, (*bad.raw[:3], "12"))], profile, columns=["id", "subject", "at", "qty"])
    assert records(again)[0].quantity == 12
    assert up.content_digest(again[0]) == up.content_digest(rows("e1,s,2025-01-01,12.0")[0])
    assert codes(up.parse_rows([(1, ("only", "two"))], profile, columns=["id", "subject", "at", "qty"])) == [
        "bad_row_shape"
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_mark_at_the_head_of_a_file_of_a_declared_encoding_is_no_part_of_the_first_name(encoding):
    text = '\ufeff"id","subject","at","qty"\n"1","s","2025-01-01","5"\n'
    items = read(text.encode("utf-16-le" if "16" in encoding else "utf-8"), plain(encoding=encoding))
    assert [str(item.quantity) for item in items] == ["5"]
