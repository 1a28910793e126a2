"""Whole files: refused for a reason that a person can act on, before they can do harm."""

import gzip
import io
import random
import zipfile

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, codes, deadline, plain, read, records, refused, table, workbook
from reason_cases import provokes_file

HEADER = "id,subject,at,qty\n"
ROW = "e1,s,2025-01-01,1\n"


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_dot_", "."), content)
    return out.getvalue()


@provokes_file("wrong_file_type")
def test_ten_megabytes_of_random_bytes_are_no_usage_file():
    noise = random.Random(7).randbytes(10_000_000)
    for form in ("csv", "xlsx", "json", "jsonl"):
        assert refused(noise, plain(format=form)) == "wrong_file_type"
    assert refused(noise, plain(format="xml", row_element="r")) == "wrong_file_type"


def test_the_content_decides_and_not_what_is_claimed():
    # A table is read from a workbook too; with a decimal comma its typed numbers could be misread later.
    assert codes(read(table(["1", "s", "2025-01-01", 5]), plain())) == []
    assert refused(table(), plain(decimal=",")) == "wrong_file_type"
    assert refused(HEADER + ROW, plain(format="xlsx")) == "wrong_file_type"
    assert refused("<?xml version='1.0'?><a/>", plain()) == "wrong_file_type"
    assert refused(HEADER + ROW, plain(format="jsonl")) == "wrong_file_type"
    old_xls = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5_000)
    assert refused(old_xls, plain(format="xlsx")) == "wrong_file_type"


@provokes_file("empty_file")
@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER.encode(), b" \n"])
def test_a_file_without_data_is_refused(content):
    assert refused(content, plain()) == "empty_file"


@provokes_file("no_header")
def test_a_missing_header_row_is_refused():
    assert refused(HEADER + ROW, plain(header_row=9)) == "no_header"


@provokes_file("missing_columns")
def test_missing_columns_are_named_with_what_was_found():
    with pytest.raises(up.FileRefused) as caught:
        read("id,subject,qty\ne1,s,1\n", plain())
    assert caught.value.code == "missing_columns"
    assert caught.value.params == {"columns": "at", "found": "id, subject, qty"}
    assert "at" in str(caught.value)


@provokes_file("duplicate_headers")
def test_a_used_column_name_must_be_unique():
    assert refused("id,subject,at,qty,Qty\na,s,2025-01-01,1,2\n", plain()) == "duplicate_headers"


@provokes_file("too_large")
def test_more_bytes_than_allowed_are_refused_packed_or_unpacked():
    tight = LIMITS._replace(max_bytes=1_000)
    assert refused(HEADER + ROW * 100, plain(), tight) == "too_large"
    assert refused(gzip.compress((HEADER + ROW * 100).encode()), plain(), tight) == "too_large"


@provokes_file("too_many_rows")
def test_more_rows_than_allowed_are_refused():
    tight = LIMITS._replace(max_rows=10)
    assert len(read(HEADER + ROW * 10, plain(), tight)) == 10
    assert refused(HEADER + ROW * 11, plain(), tight) == "too_many_rows"


@provokes_file("too_many_columns")
def test_a_million_columns_are_refused():
    assert refused(",".join(f"c{n}" for n in range(1_000_000)) + "\n1\n", plain()) == "too_many_columns"


@provokes_file("bomb_ratio")
def test_a_bomb_is_refused_before_it_has_unpacked():
    bomb = gzip.compress(b"0" * 40_000_000)
    assert refused(bomb, plain(), LIMITS._replace(max_ratio=100)) == "bomb_ratio"
    assert refused(zipped(a_dot_csv=b"0" * 40_000_000), plain(), LIMITS._replace(max_ratio=100)) == "bomb_ratio"


@provokes_file("encrypted")
def test_a_password_is_recognised():
    protected = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    assert refused(protected, plain(format="xlsx")) == "encrypted"
    content = bytearray(zipped(a_dot_csv=HEADER + ROW))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    assert refused(bytes(content), plain()) == "encrypted"


@provokes_file("corrupt")
def test_a_truncated_archive_is_corrupt_and_never_an_error_of_ours():
    packed = gzip.compress((HEADER + "".join(f"e{n},s,2025-01-01,{n}\n" for n in range(5_000))).encode())
    book = table(*[["e", "s", "2025-01-01", 1]] * 50)
    for cut in (0.3, 0.6, 0.99):
        assert refused(packed[: int(len(packed) * cut)], plain()) == "corrupt"
        assert refused(book[: int(len(book) * cut)], plain(format="xlsx")) == "corrupt"
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 255
    assert refused(bytes(damaged), plain()) in ("corrupt", "bad_encoding", "wrong_file_type")


@provokes_file("timed_out")
def test_reading_stops_when_its_time_is_over():
    ticks = iter(range(10_000))
    late = up.Deadline(5, lambda: next(ticks))
    with pytest.raises(up.FileRefused) as caught:
        list(up.parse((HEADER + ROW * 20_000).encode(), up.Profile.from_dict(plain()), LIMITS, late))
    assert caught.value.code == "timed_out"


@provokes_file("bad_encoding")
def test_an_unreadable_header_refuses_the_file():
    assert (
        refused(b"id,subj\xffect,at,qty\n" + "é,s,2025-01-01,1\né,s,2025-01-01,1\n".encode(), plain()) == "bad_encoding"
    )
    assert refused((HEADER + ROW).encode("utf-16-le"), plain()) == "bad_encoding"
    assert refused(b'[{"id": "\xff", "n": "\xc3\xa9\xc3\xa9"}]', plain(format="json")) == "bad_encoding"


def test_files_of_an_archive_are_read_in_the_order_of_their_names_and_numbered_on():
    second, first = HEADER + "3;s;2025-01-03;4\n\n4;s;2025-01-04;x\n", HEADER + "1,s,2025-01-01,1\n2,s,2025-01-02,2\n"
    packed = zipped(b_dot_csv=second.replace(",", ";"), a_dot_csv=first, c_dot_csv=HEADER)
    by = up.Profile.from_dict(plain())
    items = list(up.parse(packed, by, LIMITS, deadline()))
    # a.csv has the lines 1 to 3, so that line 2 of b.csv is row 5.
    assert [(item.row_number, item.external_id, item.quantity) for item in records(items)] == [
        (2, "1", 1),
        (3, "2", 2),
        (5, "3", 4),
    ]
    assert codes(items) == ["bad_quantity"] and items[-1].row_number == 7
    parsed = up.parse(packed, by, LIMITS, deadline()).skip_to(3)
    assert list(parsed) == items[2:] and parsed.row_count == 4
    named = up.Profile.from_dict(plain(dimensions={"file": "@file_name"}))
    assert [item.dimensions["file"] for item in records(up.parse(packed, named, LIMITS, deadline()))] == (
        ["a.csv", "a.csv", "b.csv"]
    )


def test_limits_hold_for_the_files_of_an_archive_together():
    packed = zipped(a_dot_csv=HEADER + ROW * 3, b_dot_csv=HEADER + ROW * 3)
    assert refused(packed, plain(), limits=LIMITS._replace(max_rows=5)) == "too_many_rows"
    assert len(records(read(packed, plain(), LIMITS._replace(max_rows=6)))) == 6
    large = HEADER + ROW * 60_000
    packed = zipped(a_dot_csv=large, b_dot_csv=large)
    assert refused(packed, plain(), limits=LIMITS._replace(max_ratio=1)) == "bomb_ratio"
    assert (
        refused(packed, plain(), limits=LIMITS._replace(max_bytes=2 * len(large) - 1, max_ratio=10_000)) == "too_large"
    )
    assert refused(zipped(a_dot_csv=HEADER, b_dot_csv=HEADER), plain()) == "empty_file"


def test_a_key_that_comes_in_two_files_of_an_archive_is_the_same_usage():
    keyed = plain(external_id={"key": ["subject", "at"], "repeats": True})
    alone = read(HEADER + ROW * 2, keyed)
    both = read(zipped(a_dot_csv=HEADER + ROW * 2, b_dot_csv=HEADER + ROW * 2), keyed)
    assert [item.external_id for item in both] == 2 * [item.external_id for item in alone]


@provokes_file("several_files")
def test_files_of_an_archive_that_are_not_alike_are_refused_with_their_names():
    for other in ("x" + HEADER, "id,subject,qty,at\n", "see the manual", '{"id": 1}'):
        with pytest.raises(up.FileRefused) as caught:
            read(zipped(a_dot_csv=HEADER + ROW, notes_dot_txt=other + "\n" + ROW), plain())
        assert caught.value.code == "several_files" and "notes.txt" in caught.value.params["found"]
    rows = plain(external_id={"row": True})
    assert refused(zipped(a_dot_csv=HEADER + ROW, b_dot_csv=HEADER + ROW), rows) == "several_files"


def test_what_stands_beside_the_file_of_an_archive_is_no_usage():
    # What a provider puts beside the usage is not usage.
    beside = zipped(a_dot_csv=HEADER + ROW, manifest_dot_json="{}", style_dot_xslt="<x/>", readme_dot_md="x")
    assert len(records(read(beside, plain()))) == 1
    litter = zipped(**{"data/usage.csv": HEADER + ROW, "__MACOSX/x": "junk", "data/": ""})
    assert len(records(read(litter, plain()))) == 1


@provokes_file("nested_archive")
def test_an_archive_in_an_archive_is_refused():
    assert refused(gzip.compress(gzip.compress(b"x")), plain()) == "nested_archive"
    assert refused(zipped(a_dot_zip=zipped(b_dot_csv=HEADER)), plain()) == "nested_archive"


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(a_dot_csv=content)])
def test_packed_files_give_the_same_records(pack):
    content = (HEADER + "".join(f"e{n},s,2025-01-01,{n}\n" for n in range(5_000))).encode()
    assert read(pack(content), plain()) == read(content, plain())


@provokes_file("forbidden_markup")
def test_document_types_are_refused_before_anything_expands():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]><r><row>&l8;</row></r>'
    profile = plain(format="xml", row_element="row")
    assert refused(bomb, profile) == "forbidden_markup"
    assert refused(bomb.encode("utf-16"), profile) == "forbidden_markup"
    outside = '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><r><row>&e;</row></r>'
    assert refused(outside, profile) == "forbidden_markup"
    assert refused(outside, plain(format="greenbutton")) == "forbidden_markup"
    assert refused(outside, plain(format="aemp")) == "forbidden_markup"


@provokes_file("bad_structure")
@pytest.mark.parametrize(
    "content",
    ['[{"id": 1}, {"id":', '[{"id": 1} {"id": 2}]', '[{"a": 1}] trailing', '[{"a": tru}]', "[1,]", '{"a": 1'],
)
def test_a_broken_json_document_is_refused_as_a_whole(content):
    assert refused(content, plain(format="json")) == "bad_structure"


@provokes_file("too_deep")
def test_deep_nesting_is_refused():
    assert refused("[" * 100_000, plain(format="json")) == "too_deep"
    deep = "<r>" * 100 + "</r>" * 100
    assert refused(deep, plain(format="xml", row_element="row")) == "too_deep"


@provokes_file("no_sheet")
def test_an_unknown_sheet_is_refused_with_the_names_there_are():
    with pytest.raises(up.FileRefused) as caught:
        read(table(), plain(format="xlsx", sheet="Other"))
    assert caught.value.code == "no_sheet" and caught.value.params["found"] == "Usage"


@provokes_file("merged_header")
def test_a_merged_header_is_refused_with_its_range():
    def fill(sheet, _book):
        sheet.merge_range("A1:B1", "id")
        sheet.write_row(0, 2, ["subject", "at"])
        sheet.write_row(1, 0, ["e", "s", "2025-01-01", 1])

    with pytest.raises(up.FileRefused) as caught:
        read(workbook(fill), plain(format="xlsx"))
    assert (caught.value.code, caught.value.params["range"]) == ("merged_header", "A1:B1")


def test_limits_have_no_defaults_and_no_zero():
    with pytest.raises(TypeError):
        up.Limits(max_bytes=1)
    with pytest.raises(ValueError, match="max_rows"):
        read(HEADER + ROW, plain(), LIMITS._replace(max_rows=0))


def test_the_digest_of_a_file_is_of_its_bytes_and_leaves_it_at_the_start():
    stream = io.BytesIO(b"abc")
    found = up.file_digest(stream, LIMITS, deadline())
    assert found == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert stream.read() == b"abc"
