"""Files for promise 5: one made for each reason, row by row and for a file as a whole.

A case is (changes of the profile, content) or (changes, content, values of the source).
"""

import gzip
import io
import itertools
import zipfile

PLAIN = {
    "format": "csv",
    "subject": "subject",
    "external_id": {"column": "id"},
    "time": "at",
    "measures": [{"metric": "units", "quantity": "qty", "on_negative": "accept"}],
}
HEAD = "id,subject,at,qty\n"
MEASURE = {"metric": "units", "quantity": "qty"}
AT = "2024-03-05"
NUMBERS = itertools.count()


def _text(line, **changes):
    return changes, (HEAD + line + "\n").encode()


def _readings(*lines, **source):
    """Readings of a register of its own: at, qty, kind, since."""
    changes = {
        "measures": [{"metric": "register", "quantity": "qty", "reading": "register"}],
        "dimensions": {"reading_kind": "kind", "register_started_at": "since"},
    }
    head = "id,subject,at,qty,kind,since\n"
    text = head + "".join(f"{number},A-00000,{line}\n" for number, line in enumerate(lines))
    return changes, text.encode(), {"code": f"p5-register-{next(NUMBERS)}", **source}


def _workbook(fill, **changes):
    import openpyxl

    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (["id", "subject", "at", "qty"], ["e", "A-00000", AT, 1], ["f", "A-00000", AT, 1]):
        book.active.append(row)
    fill(book.active)
    book.save(target)
    return {"format": "xlsx", **changes}, target.getvalue()


def _put(place, value):
    return lambda sheet: sheet.__setitem__(place, value)


def _corrections(*lines):
    """Records that may take back others of the same file."""
    text = "id,subject,at,qty,voids\n" + "".join(line + "\n" for line in lines)
    return {"dimensions": {"@voids": "voids"}}, text.encode()


ROWS = {
    "bad_row_shape": _text(f"e,A-00000,{AT}"),
    "too_many_columns": _text("e" + ",x" * 600),
    "cell_too_long": _text(f"e,A-00000,{AT}," + "1" * 10_050),
    "bad_encoding": ({"encoding": "utf-8"}, HEAD.encode() + b"e,\xff\xfe,2024-03-05,1\n"),
    "nul_byte": _text(f"e,A\0,{AT},1"),
    "filtered": _text(f"e,A-00000,{AT},1", where=[{"column": "qty", "not_equals": "1"}]),
    "missing_subject": _text(f"e,,{AT},1"),
    "missing_external_id": _text(f",A-00000,{AT},1"),
    "missing_metric": _text(f"e,s,{AT},1", measures=[{"metric": {"column": "@none"}, "quantity": "qty"}]),
    "unknown_metric": _text(f"e,A-00000,{AT},1", measures=[{"metric": "nothing", "quantity": "qty"}]),
    "missing_quantity": _text(f"e,A-00000,{AT},NA", null_words=["NA"]),
    "bad_quantity": _text(f"e,A-00000,{AT},1e309"),
    "ambiguous_number": _text(f'e,A-00000,{AT},"1,234"', decimal="auto"),
    "negative_quantity": _text(f"e,A-00000,{AT},-1"),
    "bad_amount": _text(f"e,A-00000,{AT},1", amount="subject"),
    "missing_time": _text("e,A-00000,,1"),
    "bad_time": _text("e,A-00000,yesterday,1"),
    "nonexistent_local_time": _text("e,A-00000,2024-03-31 02:30:00,1", time_zone="Europe/Paris"),
    "ambiguous_local_time": _text("e,A-00000,2024-10-27 02:30:00,1", time_zone="Europe/Paris"),
    "bad_interval": (
        {"time": {"column": "at", "until": "end"}},
        b"id,subject,at,end,qty\ne,A-00000,2024-03-05,2024-03-04,1\n",
    ),
    "unknown_unit": _text(
        f"e,A-00000,{AT},1", measures=[{**MEASURE, "unit": {"column": "subject", "allowed": ["kWh"]}}]
    ),
    "unit_mismatch": _text(f"e,A-00000,{AT},1", measures=[{**MEASURE, "unit": {"column": "subject", "expect": "kWh"}}]),
    "time_too_old": _text("e,A-00000,1901-01-01,1"),
    "time_in_future": _text("e,A-00000,2200-01-01,1"),
    "unknown_subject": _text(f"e,NOBODY,{AT},1"),
    "ambiguous_subject": _text(f"e,TWICE,{AT},1"),
    "other_company_subject": _text(f"e,ELSEWHERE,{AT},1"),
    "no_assignment": _text(f"e,FREE,{AT},1"),
    "outside_line": _text("e,A-00000,2001-01-05,1"),
    "locked_period": _text("e,A-00000,2024-01-05,1"),
    "conflict": _text(f"same,A-00000,{AT},1\nsame,A-00000,{AT},2"),
    "too_deep": ({"format": "jsonl"}, b'{"id": 1}\n{"a":' + b"[" * 60 + b"]" * 60 + b"}\n"),
    "bad_structure": ({"format": "jsonl"}, b'{"id": "e"}\n[]\n7\n'),
    "formula_cell": _workbook(_put("D2", "=1+1")),
    "error_cell": _workbook(_put("D2", "#DIV/0!"), formulas="cached"),
    "merged_cell": _workbook(lambda sheet: sheet.merge_cells("A2:A3")),
    "rounded_identity": _workbook(_put("A2", 1234567890123456789)),
    "counter_reset": _readings(f"{AT} 00:00,500,,2024-01-01", f"{AT} 01:00,3,,{AT} 00:30"),
    "counter_rollover_undeclared": _readings(f"{AT} 00:00,501,,", f"{AT} 01:00,3,,"),
    "reading_above_rollover": _readings(f"{AT} 00:00,1000,,", register_rollover=1000),
    "reading_conflict": _readings(f"{AT} 00:00,5,,", f"{AT} 00:00,6,,"),
    "replacement_incomplete": _readings(f"{AT} 00:00,502,,", f"{AT} 01:00,0,opening,"),
    "implausible_delta": _readings(f"{AT} 00:00,0,,", f"{AT} 12:00,900,,", register_max_per_day=10),
    "unknown_correction": _corrections(f"v,A-00000,{AT},1,never"),
    "voided_already": _corrections(f"first,A-00000,{AT},1,", f"v1,A-00000,{AT},1,first", f"v2,A-00000,{AT},1,first"),
}
#: Reasons on the closed list that no file meets, and where they are met.
ELSEWHERE = {
    "unknown_alias": "MQTT: tests/faults/test_mqtt_listener.py",
    "subject_mismatch": "MQTT: tests/faults/test_mqtt_listener.py",
    "poison": "MQTT: tests/faults/test_mqtt_listener.py",
    "event_retired": "retention: odoo_usage_billing/tests/test_retirement.py",
}
FILES = {
    "wrong_file_type": ({"format": "xlsx"}, HEAD.encode()),
    "empty_file": ({}, b""),
    "no_header": ({"header_row": 3}, b"a\nb\n"),
    "missing_columns": ({}, b"what,is,this\n1,2,3\n"),
    "duplicate_headers": ({}, b"id,id,subject,at,qty\n1,2,3,4,5\n"),
    "too_many_rows": ({}, HEAD.encode() + b"e,A-00000,2024-03-05,1\n" * 3_000),
    "too_many_columns": ({}, b",".join(b"c%d" % number for number in range(900)) + b"\n1\n"),
    "bomb_ratio": ({}, gzip.compress(HEAD.encode() + b"x" * 20_000_000)),
    "corrupt": ({}, gzip.compress(HEAD.encode() * 1_000)[:60]),
    "forbidden_markup": ({"format": "xml", "row_element": "row"}, b'<!DOCTYPE a [<!ENTITY b "c">]><a><row/></a>'),
}


def archive(*names):
    """A zip archive of small files, each with a column of its own."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in names:
            packed.writestr(name, f"{name},{HEAD}")
    return target.getvalue()


FILES["several_files"] = ({}, archive("a.csv", "b.csv"))
FILES["nested_archive"] = ({}, gzip.compress(gzip.compress(HEAD.encode())))
FILES["encrypted"] = (
    {"format": "xlsx"},
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
)
FILES["bad_encoding"] = ({}, (HEAD * 20).encode("utf-16-le"))
FILES["bad_structure"] = ({"format": "json"}, b'[{"id": 1}, {')
FILES["too_deep"] = ({"format": "xml", "row_element": "row"}, b"<a>" * 60 + b"</a>" * 60)
FILES["merged_header"] = _workbook(lambda sheet: sheet.merge_cells("A1:B1"))
FILES["no_sheet"] = _workbook(lambda sheet: None, sheet="Elsewhere")
FILES["too_large"] = ({}, HEAD.encode() + b"x" * 1_200_000, {"code": "p5-large", "max_megabytes": 1})
FILES["timed_out"] = (
    {},
    HEAD.encode() + b"".join(b"t%d,A-00000,2024-03-05,1\n" % number for number in range(400_000)),
    {"code": "p5-late", "max_seconds": 1, "max_rows": 1_000_000},
)
