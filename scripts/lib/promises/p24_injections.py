"""Texts that would be SQL, a domain, a path or code, in every parameter of every route, and in profiles."""

import json
import urllib.parse

from .p24_files import GOOD, HEAD, PLAIN
from .p25_http import EVENTS

TEXTS = (
    "'",
    "' OR '1'='1",
    "'; DROP TABLE usage_event; --",
    "%' OR 1=1 --",
    "') UNION SELECT password FROM res_users --",
    "1; SELECT pg_sleep(30)",
    "(SELECT pg_sleep(30))",
    "\\",
    "%",
    "[('id','>',0)]",
    "__import__('os').system('touch {made}')",
    "{{7*191}}",
    "%(p)s %s {0}",
    "\0",
    "-1",
    "9" * 40,
    "1e999",
    "\u0661\u0662",
    "../../../../../../..{path}",
    "<script>fetch('{address}')</script>",
    "2024-02-30..2024-01-01",
    "x" * 5_000,
)
# What an answer has when a text got as far as PostgreSQL's parser.
REACHED = (b"syntax error at or near", b"psycopg2.errors", b"unterminated quoted string")


def texts(bait):
    """The texts with the bait in them."""
    marks = {"{made}": str(bait.made), "{path}": str(bait.path), "{address}": bait.address}
    for text in TEXTS:
        for mark, value in marks.items():
            text = text.replace(mark, value)
        yield text


def addresses(contract, other, text):
    """Every address of the portal with a text in each of its parameters."""
    said = urllib.parse.quote(text, safe="")
    page = f"/my/usage/{contract}"
    yield f"/my/usage?page={said}&sortby={said}&filterby={said}"
    for name in ("period", "line", "search", "sortby", "page"):
        yield f"{page}?{name}={said}"
    yield f"{page}?search={said}&search={said}&period={said}&unknown={said}"
    yield f"{page}/usage.xlsx?period={said}"
    yield f"/my/usage/{other}?search={said}"
    yield f"/my/usage/{other}/usage.xlsx?period={said}"
    if "\0" not in text:
        # An address with NUL in its path is none of ours.
        for path in ("/my/usage/page/{}", "/my/usage/{}", f"{page}/page/{{}}", "/my/usage/{}/usage.xlsx"):
            yield path.format(said)


def staff_addresses(text):
    """The addresses of downloads with a text where a number should be."""
    said = urllib.parse.quote(text.replace("\0", "0"), safe="")
    for path in ("upload/{}/refused.xlsx", "batch/{}/refused.xlsx", "template/{}.xlsx", "profile/{}/export"):
        yield "/usage/" + path.format(said)


def requests(text):
    """Requests to the HTTP door with a text in each place: keyword arguments of `Server.send`."""
    event = {"id": "1", "subject": "A-00000", "metric": "units", "time": "2024-01-01T00:00:00Z", "quantity": "1"}
    for name in (*event, "end_user", "unit", "amount", "voids", "replaces"):
        yield {"body": json.dumps({**event, "id": f"inject {name}", name: text}).encode()}
    yield {"body": json.dumps({**event, "dimensions": {text: text}}).encode()}
    yield {"body": json.dumps({**event, text: text}).encode()}
    yield {"body": b"[]", "path": f"{EVENTS}?source={urllib.parse.quote(text, safe='')}"}
    line = text.encode("ascii", "replace").decode().replace("\0", "0")
    yield {"body": json.dumps(event).encode(), "Usage_Source": line}
    yield {"body": json.dumps(event).encode(), "Usage_Signature": line}
    yield {
        "body": b"{}",
        "ce_id": line,
        "ce_source": line,
        "ce_type": line,
        "ce_subject": line,
        "ce_specversion": "1.0",
    }


def reports(text):
    """Calls of the staff: (model, method, arguments by name) with a text where a name of a field should be."""
    for model in ("usage.report", "usage.charge.report", "usage.event", "usage.bucket"):
        yield model, "search_read", {"domain": [], "fields": ["id"], "order": text, "limit": 1}
        yield model, "search_read", {"domain": [[text, "=", 1]], "fields": ["id"], "limit": 1}
        yield model, "search_read", {"domain": [["id", text, 1]], "fields": ["id"], "limit": 1}
        yield model, "formatted_read_group", {"domain": [], "groupby": [text], "aggregates": ["__count"]}
        yield model, "formatted_read_group", {"domain": [], "groupby": [], "aggregates": [f"quantity:{text}"]}
    yield "usage.subject", "name_search", {"name": text, "limit": 5}
    yield "contract.contract", "name_search", {"name": text, "limit": 5}


def profiles(bait):
    """{name: content of a file that claims to be a profile}."""
    deep = "1"
    for _level in range(100):
        deep = '{"join": [' + deep + "]}"
    wide = {"add": [{"add": [{"add": [{"column": "qty"}] * 20}] * 20}] * 20}
    changed = {
        "an expression that backtracks": {"time_formats": ["%Y" + "(a+)+" * 2_000 + "$"]},
        "a time format without end": {"time_formats": ["%Y-" * 50_000]},
        "a time zone that is a file": {"time_zone": f"../../../..{bait.path}"},
        "a time zone that is a path": {"time_zone": str(bait.path)},
        "a factor of a million digits": {"measures": [_measure(factor="9" * 900_000)]},
        "a factor with a huge exponent": {"measures": [_measure(factor="1e999999999")]},
        "a constant with a huge exponent": {"measures": [{"metric": "units", "quantity": {"constant": "1e99999999"}}]},
        "empty as a huge number": {"measures": [_measure(empty_as="1e99999999")]},
        "an expression without end": {"measures": [{"metric": "units", "quantity": wide}]},
        "powers of a huge number": {
            "measures": [{"metric": "units", "quantity": {"multiply": [{"constant": "1e99999"}] * 20}}]
        },
        "rows to skip without end": {"skip_rows": 10**12},
        "a header far below": {"header_row": 10**12},
        "a header above the first": {"header_row": -5},
        "code as a subject": {"subject": f"__import__('os').system('touch {bait.made}')"},
        "a formula as a metric": {"measures": [{"metric": f"=cmd|'/C touch {bait.made}'!A0", "quantity": "qty"}]},
        "NUL in a name": {"dimensions": {"a\0b": "subject"}},
        "half a pair": {"dimensions": {"a\ud800": "subject"}},
        "markup as a name": {"dimensions": {f"<script>fetch('{bait.address}')</script>": "subject"}},
        "SQL as a column": {"subject": "id'; DROP TABLE usage_event; --"},
        "a map without end": {"subject": {"column": "subject", "map": {str(n): "x" for n in range(30_000)}}},
        "a million columns": {"columns": ["a"] * 100_000},
        "a year far off": {"year_offset": 10**18},
    }
    found = {name: json.dumps({"name": name, "definition": {**PLAIN, **changes}}) for name, changes in changed.items()}
    found["a name that is a path"] = json.dumps({"name": f"../../..{bait.path}", "definition": PLAIN})
    found["NUL in the title"] = json.dumps({"name": "a\0b", "description": "\0", "definition": PLAIN})
    found["a title of half a pair"] = json.dumps({"name": "a\ud800", "definition": PLAIN})
    found["a title without end"] = json.dumps({"name": "x" * 500_000, "definition": PLAIN})
    found["settings of another kind"] = json.dumps(
        {"name": "s", "definition": PLAIN, "settings": {"format": {"a": 1}, "create_uid": 1}, "columns": [{"id": 1}]}
    )
    found["nested a million deep"] = '{"definition":' * 70_000
    found["a joined text a hundred deep"] = json.dumps({"definition": PLAIN})[:-1] + f', "x": {deep}}}'
    found["a number of many digits"] = '{"definition": {"format": "csv", "header_row": ' + "9" * 900_000 + "}}"
    found["no object"] = "[]"
    found["not JSON"] = "__import__('os')"
    return {name: text.encode("utf-8", "surrogatepass") for name, text in found.items()}


def _measure(**changes):
    return {"metric": "units", "quantity": {"column": "qty", **changes}}


#: A small file that each profile is tried on.
SAMPLE = (HEAD + GOOD + "2,A-00000,2024-03-05T12:00:00Z,1e999\n3,A-00000,2024-03-05T12:00:00Z,\n").encode()
