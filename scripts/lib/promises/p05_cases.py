"""Files for promise 5: one made for each reason, and files broken at random."""

import gzip
import io
import json
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


def _text(line, **changes):
    return changes, (HEAD + line + "\n").encode()


# reason: (changes of the profile, content). What a register, a sequence or a broker refuses is not in a file.
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
    "locked_period": _text("e,A-00000,2024-01-05,1"),
    "conflict": _text(f"same,A-00000,{AT},1\nsame,A-00000,{AT},2"),
    "too_deep": ({"format": "jsonl"}, b'{"id": 1}\n{"a":' + b"[" * 60 + b"]" * 60 + b"}\n"),
    "bad_structure": ({"format": "jsonl"}, b'{"id": "e"}\n[]\n7\n'),
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
    """A zip archive of small files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in names:
            packed.writestr(name, HEAD)
    return target.getvalue()


FILES["several_files"] = ({}, archive("a.csv", "b.csv"))
VALUES = (
    *("1", "-1", "1.5", "1,5", "1.234,5", "1 234", "NaN", "inf", "-inf", "1e309", "1e-400", "9" * 60, "", " ", "=1+1"),
    *("\0", "\ufffd", "é", "\u202e", "x" * 400, '"', "'", "\r", "\u2028", AT, "2024-02-30", "0001-01-01", "24:00"),
)


def broken(dice, number):
    """(format, content) of a file that is valid but for one mutation, of its structure or its bytes."""
    kind = dice.choice(("csv", "csv", "json", "jsonl", "xlsx"))
    rows = [[f"f{number}-{row}", "A-00000", AT, str(row)] for row in range(dice.randrange(1, 12))]
    for row in rows:
        if dice.random() < 0.4:
            row[dice.randrange(4)] = dice.choice(VALUES)
    content = _written(kind, rows, dice)
    if dice.random() < 0.4:
        content = _damaged(content, dice)
    return kind, content


def _written(kind, rows, dice):
    names = ["id", "subject", "at", "qty"]
    if kind == "csv":
        wide = ",".join(f"c{place}" for place in range(dice.choice((0, 0, 0, 1_000))))
        lines = [",".join(names) + ("," + wide if wide else ""), *(",".join(row) for row in rows)]
        return "\n".join(lines).encode(dice.choice(("utf-8", "utf-8", "utf-16", "latin-1")), "replace")
    if kind == "xlsx":
        return _workbook([names, *rows])
    items = [dict(zip(names, row, strict=True)) for row in rows]
    if dice.random() < 0.1:
        items.append(json.loads('{"a":' * 200 + "1" + "}" * 200))
    texts = [json.dumps(item) for item in items]
    return ("\n".join(texts) if kind == "jsonl" else "[" + ",".join(texts) + "]").encode()


def _workbook(rows):
    import openpyxl
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([ILLEGAL_CHARACTERS_RE.sub("?", cell) for cell in row])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _damaged(content, dice):
    place = dice.randrange(len(content) + 1)
    return dice.choice(
        (
            lambda: content[:place],
            lambda: content[:place] + bytes(dice.randrange(256) for _n in range(4)) + content[place:],
            lambda: content[:place] + b"\0" * 3 + content[place + 3 :],
            lambda: b"\xff" + content,
            lambda: content[:place] + b"[" * 10_000 + content[place:],
        )
    )()
