"""Hostile files for promise 24: each {name: (changes of the profile, content)}; `scale` from 0 to 1 sets how large.

`bait`: (path of a file that must not be opened, address that must not be called, path that must not come to be).
"""

import gzip
import io
import json
import zipfile

from .p24_workbooks import HEAD_ROW, LAUGHS, SHEET_OPEN, XLSX, links_and_entities, without_end, workbook

MEASURE = {"metric": "units", "quantity": "qty", "on_negative": "accept"}
PLAIN = {
    "format": "csv",
    "subject": "subject",
    "external_id": {"column": "id"},
    "time": "at",
    "measures": [MEASURE],
}
XML = {"format": "xml", "row_element": "row"}
HEAD = "id,subject,at,qty\n"
GOOD = "1,A-00000,2024-03-05T12:00:00Z,5\n"


def json_event(**changes):
    """An event as JSON text."""
    event = {"id": "1", "subject": "A-00000", "at": "2024-03-05T12:00:00Z", "qty": 5}
    return json.dumps({**event, **changes})


def zipped(*members):
    """A zip of (name, content) pairs."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


def files(scale, bait):
    """All of them; made one at a time, because some are large."""
    yield from _texts(scale)
    yield from _objects(scale)
    yield from _markup(scale, bait)
    yield from links_and_entities(bait)
    yield from without_end(scale)
    yield from _archives(scale, bait)


def _many(scale):
    """A million, or as many as make sense at a smaller size."""
    return int(max(1_000_000 * scale, 30_000))


def _texts(scale):
    many = _many(scale)
    big = int(60_000_000 * scale)
    yield "an endless line", {}, (HEAD + "1," + "x" * big).encode()
    yield "an endless quote", {}, (HEAD + '"' + "x\n" * (big // 2)).encode()
    yield "a million columns", {}, (HEAD + "," * many + "\n" + GOOD).encode()
    yield "a million names", {}, (",".join(f"c{n}" for n in range(many)) + "\n" + GOOD).encode()
    yield "only line ends", {}, HEAD.encode() + b"\n" * big
    yield "only NUL", {}, HEAD.encode() + b"\0" * big
    yield "NUL in cells", {}, (HEAD + GOOD.replace("A-00000", "A\0-00000")).encode()
    yield "UTF-16 of half a pair", {"encoding": "auto"}, b"\xff\xfe" + (HEAD + GOOD).encode("utf-16-le") + b"\x00\xd8"
    yield "UTF-16 that ends in a half", {}, b"\xfe\xff" + (HEAD + GOOD).encode("utf-16-be")[:-1]
    yield "UTF-16 said to be UTF-8", {"encoding": "utf-8"}, (HEAD + GOOD).encode("utf-16")
    yield "UTF-32", {}, (HEAD + GOOD).encode("utf-32")
    yield "UTF-7", {}, (HEAD + GOOD).encode("utf-7") + b"+ADw-script+AD4-,,,\n"
    yield "bytes of no encoding", {}, HEAD.encode() + bytes(range(128, 256)) * 1000
    for name, number in {
        "a huge exponent": "1e999999999",
        "a tiny exponent": "1e-999999999",
        "a million digits": "9" * many,
        "nines to the limit": "9" * 9_999,
        "a hexadecimal": "0x" + "f" * 400,
        "many signs": "+-" * 4_000,
        "many separators": "1," * 4_000,
        "digits of other scripts": "\u0661\u0662\u0663",
    }.items():
        yield (
            f"{name} in CSV",
            {"decimal": "auto", "thousands": ""},
            f'{HEAD}1,A-00000,2024-03-05,"{number}"\n'.encode(),
        )
    for name, time in {
        "the year 10^9": "1000000000-01-01",
        "a long time": "2024-" * 1_900,
        "a time of digits": "1" * 9_000,
    }.items():
        yield f"{name} in CSV", {}, f"{HEAD}1,A-00000,{time},5\n".encode()
    yield "rows to the limit", {}, (HEAD + GOOD * int(249_000 * scale)).encode()


def _objects(scale):
    many, form = _many(scale), {"format": "json"}
    for name, opening in {"lists": "[", "objects": '{"a":', "both": '[{"a":'}.items():
        yield f"a million {name} deep", form, (opening * many).encode()
        yield f"ten thousand {name} deep", form, ("[" + json_event()[:-1] + ',"x":' + opening * 10_000).encode()
        yield f"ten thousand {name} deep in a line", {"format": "jsonl"}, (opening * 10_000).encode() + b"\n"
    big = int(64_000_000 * scale)
    item = json_event(note="x" * 900) + ",\n"
    yield "64 MB of events", form, b"[" + (item * (big // len(item))).encode() + json_event().encode() + b"]"
    yield "64 MB in one text", form, ('[{"id":"' + "x" * big + '"}]').encode()
    yield "64 MB in one list", form, b"[" + b"1," * (big // 2) + b"1]"
    yield "64 MB of keys in one object", form, ("[{" + ",".join(f'"k{n}":1' for n in range(big // 12)) + "}]").encode()
    yield "64 MB of spaces", form, b"[" + b" " * big + b"]"
    yield "64 MB of brackets closed", form, b"[" + b"[]," * (big // 3) + b"[]]"
    yield "a line of 64 MB", {"format": "jsonl"}, b'{"id": "' + b"x" * big + b'"}\n' + json_event().encode()
    for name, number in {"huge exponent": "1e999999999", "digits": "9" * many, "NaN": "NaN"}.items():
        yield f"{name} in JSON", form, json_event(qty="@").replace('"@"', number).encode()
    yield "half a pair", form, json_event(subject="@").replace("@", "\\ud800").encode()
    yield "a key twice", form, json_event()[:-1].encode() + b', "id": "2", "id": "3"}'
    yield "a key of the machine", form, json_event(__proto__={"a": 1}, __class__="os.system").encode()
    yield "OpenTelemetry, deep", {"format": "otlp", "subject": "x", "time": "time"}, b'{"resourceMetrics":' * 9_000
    yield (
        "SenML, wide",
        {"format": "senml", "subject": "name", "time": "time"},
        b"[" + b'{"bn":"x"},' * (many // 5) + b"{}]",
    )


def _markup(scale, bait):
    path, address, _made = bait
    many = _many(scale)
    row = "<rows><row><id>1</id><subject>{}</subject><at>2024-03-05T12:00:00Z</at><qty>5</qty></row></rows>"
    heads = {
        "a file as entity": f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{path}">]>',
        "an address as entity": f'<!DOCTYPE r [<!ENTITY x SYSTEM "{address}">]>',
        "a document type of the network": f'<!DOCTYPE r SYSTEM "{address}">',
        "a parameter entity": f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{address}"> %p;]>',
        "a billion laughs": f"<!DOCTYPE r [{LAUGHS}]>".replace("l9", "x"),
        "a quadratic blowup": f'<!DOCTYPE r [<!ENTITY x "{"a" * 100_000}">]>',
        "a document type behind a comment": f'<!--{"x" * 70_000}--><!DOCTYPE r [<!ENTITY x SYSTEM "file://{path}">]>',
    }
    for name, head in heads.items():
        text = f'<?xml version="1.0"?>{head}' + row.format("&x;" * (500 if "quadratic" in name else 1))
        yield name, XML, text.encode()
        yield f"{name}, UTF-16", XML, text.replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16")
    include = f'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file://{path}" parse="text"/></x>'
    yield "XInclude", XML, row.format(include).encode()
    yield "a style sheet", XML, (f'<?xml-stylesheet type="text/xsl" href="{address}"?>' + row.format("A")).encode()
    yield (
        "a schema elsewhere",
        XML,
        row.format("A").replace("<rows", f'<rows xmlns:x="a" x:schemaLocation="a {address}"').encode(),
    )
    yield "elements a million deep", XML, b"<a>" * many
    yield (
        "a million attributes",
        XML,
        ("<rows><row " + " ".join(f'a{n}="1"' for n in range(many)) + "/></rows>").encode(),
    )
    yield "a million children", XML, ("<rows><row>" + "<a/>" * many + "</row></rows>").encode()
    yield "a text without end", XML, b"<rows><row><id>" + b"x" * int(60_000_000 * scale)
    yield "a name without end", XML, b"<rows><row><" + b"x" * int(60_000_000 * scale)
    yield "a comment without end", XML, b"<rows><!--" + b"x" * int(60_000_000 * scale)
    yield (
        "many name spaces",
        XML,
        ("<rows>" + "".join(f'<a xmlns:n{n}="u{n}"/>' for n in range(many // 5)) + "</rows>").encode(),
    )
    for form in ("greenbutton", "aemp"):
        definition = {"format": form, "subject": "serial", "time": "time"}
        text = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{path}">]><feed>&x;</feed>'
        yield f"a file as entity in {form}", definition, text.encode()


def _archives(scale, bait):
    path, _address, _made = bait
    zeros = b"0" * int(190_000_000 * scale)
    yield "a gzip bomb", {}, gzip.compress(zeros)
    yield "a gzip bomb in a gzip", {}, gzip.compress(gzip.compress(zeros))
    yield "gzip members without end", {}, gzip.compress(b"") * 100_000
    yield "a zip bomb", {}, zipped(("a.csv", zeros))
    yield "a zip in a zip", {}, zipped(("a.zip", zipped(("a.csv", HEAD + GOOD))))
    yield "a zip of many", {}, zipped(*((f"{n}.csv", "") for n in range(20_000)))
    for name in (f"../../../../../../../..{path}", path, "..\\..\\evil.csv", "C:\\evil.csv", "a\0b.csv", "x" * 60_000):
        yield f"a zip that slips to {name[:20]!r}", {}, zipped((name, HEAD + GOOD))
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = 0o120777 << 16
    yield "a zip of a symbolic link", {}, zipped((link, path))
    body = zipped(("a.csv", HEAD + GOOD))
    yield "a zip whose sizes lie", {}, body.replace((len(HEAD + GOOD)).to_bytes(4, "little"), b"\xff\xff\xff\x7f")
    yield "a zip cut in half", {}, body[: len(body) // 2]
    yield "a workbook bomb", XLSX, workbook((SHEET_OPEN + HEAD_ROW).encode() + b" " * int(190_000_000 * scale))
