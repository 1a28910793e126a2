"""What costs much and gives nothing is refused before it costs much: the work is counted, not the time."""

import gzip
import io
import re
import zipfile
import zlib

import pytest
from parsing_helpers import LIMITS, plain, read, refused, table


def test_a_file_of_empty_gzip_members_is_refused():
    many = gzip.compress(b"") * 1_001
    assert refused(many, plain()) == "corrupt"
    few = gzip.compress(b"id,subject,at,qty\n") + gzip.compress(b"") * 900
    assert refused(few, plain()) == "empty_file"


def test_gzip_members_are_one_content_and_zeros_may_follow():
    lines = [b"id,subject,at,qty\n", b"1,A,2024-01-01T00:00:00Z,5\n", b"2,A,2024-01-01T00:00:00Z,6\n"]
    packed = b"".join(map(gzip.compress, lines)) + b"\0" * 70_000
    assert [str(item.quantity) for item in read(packed, plain())] == ["5", "6"]


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-1], lambda c: c[:20], lambda c: c + b"x", lambda c: c[:-8] + b"12345678"]
)
def test_a_damaged_gzip_is_refused(damage):
    packed = gzip.compress(b"id,subject,at,qty\n" + bytes(range(32, 120)) * 50)
    assert refused(damage(packed), plain()) == "corrupt"


def test_a_gzip_stream_gives_no_more_than_was_asked_for():
    from usage_parsing.gzip_stream import GzipStream

    stream = GzipStream(io.BytesIO(gzip.compress(b"ab" * 500_000)))
    pieces = []
    while piece := stream.read(1_000):
        pieces.append(piece)
    assert max(map(len, pieces)) <= 1_000
    assert b"".join(pieces) == b"ab" * 500_000
    with pytest.raises(zlib.error):
        GzipStream(io.BytesIO(b"no gzip")).read()


def test_an_xml_element_with_very_many_attributes_is_refused():
    many = " ".join(f'a{number}="1"' for number in range(LIMITS.max_columns + 1))
    content = f"<rows><row {many}/></rows>"
    assert refused(content, plain(format="xml", row_element="row")) == "bad_structure"


@pytest.mark.parametrize("piece", ["<row ", "<rows><row>", "<!--"])
def test_a_tag_or_text_without_end_is_refused(piece):
    content = "<rows>" + piece + "x" * (3 << 20)
    assert refused(content, plain(format="xml", row_element="row")) == "bad_structure"


def test_empty_lines_without_end_are_refused():
    content = "id,subject,at,qty\n" + "\n" * 1_000_001
    assert refused(content, plain()) == "too_many_rows"


def test_blanks_between_values_of_json_do_not_count_one_by_one():
    blanks = " " * 3_000_000
    content = f'[{blanks}{{"id": "1", "subject": "A", "at": "2024-01-01T00:00:00Z", "qty": 5}}{blanks}]'
    (item,) = read(content, plain(format="json"))
    assert str(item.quantity) == "5"


def with_row(cells):
    """A workbook whose second row is made of these cells."""
    source, target = zipfile.ZipFile(io.BytesIO(table(["1", "A", "2024-01-01T00:00:00Z", "5"]))), io.BytesIO()
    with zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                content = re.sub(rb'(<row r="2"[^>]*>).*?(</row>)', lambda m: m[1] + cells.encode() + m[2], content)
            copy.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize("cell", ['<c r="A2"><v>1</v></c>', "<c><v>1</v></c>", "<x/>"])
def test_a_row_of_a_sheet_with_very_many_cells_is_refused(cell):
    assert refused(with_row(cell * 201_000), plain(format="xlsx")) == "corrupt"


def test_shared_strings_have_a_limit_of_memory(monkeypatch):
    from usage_parsing import xlsx_values

    content = table(*([str(number), "A", "2024-01-01T00:00:00Z", "5"] for number in range(2_000)))
    assert refused(content, plain(format="xlsx")) is None
    monkeypatch.setattr(xlsx_values, "_MAX_STRINGS_MEMORY", 100_000)
    assert refused(content, plain(format="xlsx")) == "bad_structure"
