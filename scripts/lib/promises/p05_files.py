"""Hostile and odd files of every format for promise 5: a valid file, odd in its values, its structure, its bytes."""

import gzip
import io
import json
import zipfile
from datetime import datetime, timezone

AT = "2024-03-05"
STAMP = int(datetime(2024, 3, 5, tzinfo=timezone.utc).timestamp())
MEASURE = {"metric": "units", "quantity": "qty", "on_negative": "accept"}


def by(name, subject, key, time, quantity, form="iso", **changes):
    """The changes of a profile for a format that has its own columns."""
    return {
        "format": name,
        "subject": subject,
        "external_id": {"key": key},
        "time": time,
        "time_formats": [form],
        "measures": [{**MEASURE, "quantity": quantity}],
        **changes,
    }


PROFILES = {
    "csv": {"decimal": "auto", "null_words": ["NULL"], "time_zone": "Europe/Berlin"},
    "csv, repeats": {"external_id": {"key": ["subject", "at"], "repeats": True}, "ragged": "pad"},
    "csv, measures": {
        "measures": [
            {**MEASURE, "optional": True},
            {**MEASURE, "metric": "more", "quantity": "c1", "id_suffix": "#1", "optional": True},
        ]
    },
    "csv, json": {
        **by("csv", "id", ["id", "subject.k"], "at", {"column": "subject.q", "or": ["qty"]}),
        "json_columns": ["subject"],
    },
    "xlsx": {"format": "xlsx", "decimal": "auto"},
    "xlsx, cached": {"format": "xlsx", "formulas": "cached", "ragged": "pad"},
    "json": {"format": "json"},
    "jsonl": {"format": "jsonl"},
    "xml": {"format": "xml", "row_element": "row"},
    "cloudevents": by("cloudevents", "subject", ["source", "id"], "time", "data.qty"),
    "senml": by("senml", "name", ["name", "unit", "time"], "time", "value", "epoch_seconds"),
    "otlp": by("otlp", "resource.service\\.name", ["series", "start", "time"], "time", "value", "epoch_nanos"),
    "greenbutton": by("greenbutton", "usage_point", ["meter_reading", "start"], "start", "value", "epoch_seconds"),
    "aemp": by("aemp", "serial", ["serial", "metric", "time"], "time", "value"),
    "nem12": by("nem12", "nmi", ["nmi", "suffix", "start"], "start", "value"),
    "snmp": by("snmp", "serial", ["serial", "page_counter"], {"constant": AT}, "page_counter"),
    "csv, dates": {"decimal": "auto", "time_formats": ["iso", "either_first", "year_first"]},
    "aemp, registers": {
        **by("aemp", "serial", ["serial", "metric", "time"], "time", "value"),
        "measures": [{"metric": "register", "quantity": "value", "reading": "register"}],
    },
}
VALUES = (
    *("1", "-1", "1.5", "1,5", "1.234,5", "1 234", "NaN", "inf", "-inf", "Infinity", "1e309", "1e-400", "9" * 60),
    *(
        "",
        " ",
        "NULL",
        "=1+1",
        "@SUM(A1)",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "\t=1",
        "0x1F",
        "1_000",
        "١٢",
        "½",
        "1e999999",
    ),
    *(
        "\0",
        "\ufffd",
        "é",
        "e\u0301",
        "\u202e",
        "\u2028",
        "\x85",
        "\x1f",
        "x" * 400,
        "x" * 20_000,
        '"',
        "'",
        "\\",
        "\r",
    ),
    *("\n", "a\nb", "\ud800", "\U0001f4a9", "<!DOCTYPE x>", "&amp;", "&x;", "]]>", "<![CDATA[", "%s", "%(id)s", "{0}"),
    *(AT, "2024-02-30", "0001-01-01", "0000-00-00", "9999-12-31T23:59:59+14:00", "10000-01-01", "24:00", "1e18"),
    *(
        "2024-03-31 02:30:00",
        "2024-10-27 02:30:00",
        "'; DROP TABLE usage_event; --",
        "../../etc/passwd",
        "null",
        "true",
    ),
    *('{"q": 1}', '{"q": ' * 50, "[1]", "A-00000", "TWICE", "ELSEWHERE", "2024-01-05"),
)


def broken(dice, number):
    """(name of a profile, name of the file, content)."""
    kind = dice.choice(tuple(PROFILES))
    form = kind.partition(",")[0]
    rows = [[f"f{number}-{row}", "A-00000", AT, str(row)] for row in range(dice.randrange(1, 12))]
    for row in rows:
        if dice.random() < 0.4:
            row[dice.randrange(4)] = dice.choice(VALUES)
    content = WRITERS[form](rows, dice)
    for _turn in range(dice.choice((0, 0, 0, 1, 1, 3))):
        content = _damaged(content, dice)
    content, ending = _packed(content, form, dice)
    name = dice.choice(("usage", "=cmd", "../../x", "a" * 300, "\u202etxt", "<b>", "")) + ending
    return kind, name, content


def _encoded(text, *also, dice):
    encoding = dice.choice(("utf-8",) * 4 + ("utf-8-sig", "utf-16", *also))
    return text.encode(encoding, "replace" if encoding not in ("utf-8", "utf-8-sig", "utf-16") else "surrogatepass")


def _csv(rows, dice):
    names = ["id", "subject", "at", "qty"]
    shape = dice.random()
    if shape < 0.05:
        names += [f"c{place}" for place in range(dice.choice((1, 40, 1_000)))]
    elif shape < 0.1:
        names += [dice.choice(names)]
    elif shape < 0.15:
        names = dice.choice(([], ["", "", "", ""], names[:2], ["\ufeffid", *names[1:]], ["c1", *names]))
    elif shape < 0.25:
        rows = [row * dice.choice((0, 1, 2, 50)) if dice.random() < 0.3 else row for row in rows]
    sign, quote = dice.choice(",,,;\t|"), dice.choice(("", "", '"'))
    lines = [sign.join(f"{quote}{cell}{quote}" for cell in row) for row in [names, *rows]]
    ends = dice.choice((("\n",), ("\r\n",), ("\r",), ("\n", "\r\n", "\r", "\n\n", "\x85")))
    return _encoded("".join(line + dice.choice(ends) for line in lines), "latin-1", "cp500", "shift_jis", dice=dice)


def _objects(rows, dice, *names, **more):
    items = [{**more, **dict(zip(names, row, strict=True))} for row in rows]
    for item in items:
        if dice.random() < 0.1:
            item[dice.choice(names)] = dice.choice(
                (None, True, [], {}, [1], {"a": {"b": [[[1]]]}}, 10**30, -1, 1.5e300)
            )
    if dice.random() < 0.05:
        items.append(json.loads('{"a":' * 200 + "1" + "}" * 200))
    if dice.random() < 0.05:
        items.append(dice.choice((None, 7, "text", [], [[]])))
    return items


def _json(items, dice, lines=False):
    texts = [json.dumps(item, ensure_ascii=dice.random() < 0.5) for item in items]
    text = "\n".join(texts) if lines else "[" + ",".join(texts) + "]"
    if dice.random() < 0.05:
        text += dice.choice(("]", ",", "\0", "{}", "NaN", "//", "[" * 50_000, "9" * 9_000))
    if dice.random() < 0.05:
        text = dice.choice(("{}", "[]", "null", '"x"', "{" + text, '{"id": 1, "id": 2}', "[NaN, Infinity]", " "))
    return _encoded(text, dice=dice)


def _plain_json(rows, dice):
    return _json(_objects(rows, dice, "id", "subject", "at", "qty"), dice)


def _json_lines(rows, dice):
    return _json(_objects(rows, dice, "id", "subject", "at", "qty"), dice, lines=True)


def _cloudevents(rows, dice):
    items = _objects(rows, dice, "id", "subject", "time", "qty", specversion="1.0", source="/a", type="t")
    for item in items:
        if isinstance(item, dict) and "qty" in item:
            item["data"] = {"qty": item.pop("qty")} if dice.random() < 0.9 else dice.choice(("x", None, [1]))
    return _json(items, dice, lines=dice.random() < 0.3)


def _senml(rows, dice):
    items = [{"bn": "A-", "bt": STAMP, "bu": "Wh"}] if dice.random() < 0.5 else []
    for place, (_id, subject, at, quantity) in enumerate(rows):
        value = dice.choice((place, quantity, place + 0.5))
        time = dice.choice((STAMP + place, place, at, -1, 1e18))
        items.append({"n": subject, "t": time, "v": value, **dice.choice(({}, {"vs": "x"}, {"s": 1}, {"x_": 1}))})
    return _json(items, dice)


def _otlp(rows, dice):
    points = []
    for _id, _subject, at, quantity in rows:
        value = dice.choice(({"asInt": quantity}, {"asDouble": 1.5}, {"sum": 2}, {}, {"asDouble": quantity}))
        points.append({**value, "timeUnixNano": dice.choice((f"{STAMP}000000000", at, STAMP, None))})
    body = {"aggregationTemporality": dice.choice((1, 2, 7, None)), "isMonotonic": True, "dataPoints": points}
    body = dice.choice((body, body, body, points, None, {"dataPoints": {}}))
    metric = {"name": "units", "unit": "1", dice.choice(("sum", "sum", "gauge", "histogram", "odd")): body}
    key = {"key": "service.name", "value": dice.choice(({"stringValue": "A-00000"}, {"intValue": 1}, {}, "x"))}
    resource = {"resource": {"attributes": [key]}, "scopeMetrics": [{"scope": {}, "metrics": [metric]}]}
    whole = {"resourceMetrics": dice.choice(([resource], [resource, resource], resource, [None], "x"))}
    return _encoded(json.dumps(whole), dice=dice)


def _marked(text, dice):
    heads = (
        *("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-7"?>', '<?xml version="1.1"?>', "<!-- x -->"),
        '<!DOCTYPE a [<!ENTITY a "b">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE a [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 9}">' for n in range(1, 9)) + "]>",
    )
    if dice.random() < 0.05:
        text = text.replace("</", "<" + "n><" * dice.choice((5, 500, 50_000)) + "n></", 1)
    return _encoded(dice.choice(heads[:3] * 4 + heads) + text, dice=dice)


def _escaped(text, dice):
    return text if dice.random() < 0.3 else text.replace("&", "&amp;").replace("<", "&lt;")


def _xml(rows, dice):
    names = ("id", "subject", "at", "qty")
    parts = [
        "".join(f"<{name}>{_escaped(cell, dice)}</{name}>" for name, cell in zip(names, row, strict=True))
        for row in rows
    ]
    return _marked("<all xmlns='urn:x'>" + "".join(f"<row>{part}</row>" for part in parts) + "</all>", dice)


def _aemp(rows, dice):
    parts = [
        f"<Equipment><EquipmentHeader><SerialNumber>{_escaped(subject, dice)}</SerialNumber></EquipmentHeader>"
        f"<CumulativeOperatingHours datetime='{at if at.isascii() and '<' not in at and chr(39) not in at else AT}T0"
        f"{place % 10}:00:00Z'><Hour>{_escaped(quantity, dice)}</Hour></CumulativeOperatingHours></Equipment>"
        for place, (_id, subject, at, quantity) in enumerate(rows)
    ]
    return _marked("<Fleet version='2'>" + "".join(parts) + "</Fleet>", dice)


def _greenbutton(rows, dice):
    place = "/RetailCustomer/1/UsagePoint/A-00000/MeterReading/1"
    power = dice.choice(("0", "-3", "3", "99", "x", ""))
    readings = "".join(
        f"<IntervalReading><timePeriod><duration>{dice.choice(('900', 'x', '', '-1'))}</duration>"
        f"<start>{dice.choice((STAMP + 900 * number, 'x', 10**17))}</start></timePeriod>"
        f"<value>{_escaped(row[3], dice)}</value></IntervalReading>"
        for number, row in enumerate(rows)
    )
    entries = (
        f"<entry><link rel='self' href='{place}'/><link rel='related' href='/ReadingType/1'/><content>"
        "<MeterReading/></content></entry>",
        f"<entry><link rel='self' href='/ReadingType/1'/><content><ReadingType><powerOfTenMultiplier>{power}"
        "</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>",
        f"<entry><link rel='up' href='{place}/IntervalBlock'/><content><IntervalBlock>{readings}</IntervalBlock>"
        "</content></entry>",
    )
    kept = [entry for entry in entries if dice.random() < 0.95]
    return _marked("<feed xmlns='http://www.w3.org/2005/Atom'>" + "".join(kept) + "</feed>", dice)


def _xlsx(rows, dice):
    """A workbook of a few hand-written parts, so that it can be as wrong as it likes."""
    cells = []
    for line, row in enumerate([["id", "subject", "at", "qty"], *rows], start=1):
        cells.append(f"<row r='{dice.choice((line, line, line, 0, 99_999_999)) if dice.random() < 0.1 else line}'>")
        for place, cell in enumerate(row):
            cells.append(_cell(f"{'ABCD'[place]}{line}", cell, dice))
        cells.append("</row>")
    extra = dice.choice(
        ("",) * 9
        + (
            "<mergeCells><mergeCell ref='A2:B3'/></mergeCells>",
            "<mergeCells><mergeCell ref='A1:ZZ9999999'/></mergeCells>",
        )
    )
    sheet = f"<worksheet {SPREADSHEET}><sheetData>{''.join(cells)}</sheetData>{extra}</worksheet>"
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"),
        "xl/workbook.xml": f"<workbook {SPREADSHEET}><sheets>{SHEET}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
    }
    if dice.random() < 0.1:
        del parts[dice.choice(tuple(parts))]
    if dice.random() < 0.05:
        parts[dice.choice(tuple(parts))] = dice.choice(("", "<a>", "<!DOCTYPE a []><a>&a;</a>", "\0", "x"))
    return _zipped({name: text.encode("utf-8", "replace") for name, text in parts.items()}, dice)


SPREADSHEET = (
    "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' "
    "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'"
)
SHEET = "<sheet name='S' sheetId='1' r:id='rId1'/>"
CONTENT_TYPES = (
    "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'>"
    "<Default Extension='xml' ContentType='application/xml'/></Types>"
)
RELATIONS = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='rId1' "
    "Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}' Target='{target}'/>"
    "</Relationships>"
)


def _cell(place, text, dice):
    if dice.random() < 0.05:
        place = dice.choice(("", "1A", "ZZZZ1", "A0", "A99999999999", "é1"))
    text = "".join(sign for sign in text if sign >= " " and not "\ud800" <= sign <= "\udfff")
    text = _escaped(text, dice) if dice.random() < 0.1 else text.replace("&", "&amp;").replace("<", "&lt;")
    if dice.random() < 0.8:
        return f"<c r='{place}' t='inlineStr'><is><t>{text}</t></is></c>"
    kind = dice.choice(("s", "n", "b", "e", "str", "d", "z", ""))
    formula = dice.choice(("", "", "<f>1+1</f>", "<f t='array' ref='A1:D9'>1</f>"))
    style = dice.choice(("", "", " s='1'", " s='-1'", " s='x'"))
    return f"<c r='{place}' t='{kind}'{style}>{formula}<v>{dice.choice((text, '7', '45000.5', '1e999', '-3'))}</v></c>"


def _zipped(parts, dice):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", dice.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return target.getvalue()


def _packed(content, form, dice):
    """(content, ending) as it is, or inside an archive; the archive may be damaged too."""
    how = dice.random()
    if how < 0.85 or form == "xlsx":
        return content, f".{form}"
    if how < 0.92:
        packed = gzip.compress(content)
        return (gzip.compress(packed) if dice.random() < 0.1 else packed), ".gz"
    parts = {dice.choice(("a.csv", "../a", "/etc/x", "a" * 300)): content}
    if dice.random() < 0.3:
        parts[dice.choice(("b.csv", "__MACOSX/x", "b/"))] = dice.choice((b"", content))
    packed = _zipped(parts, dice)
    return (_damaged(packed, dice) if dice.random() < 0.3 else packed), ".zip"


def _damaged(content, dice):
    place = dice.randrange(len(content) + 1)
    noise = bytes(dice.randrange(256) for _number in range(4))
    return dice.choice(
        (
            lambda: content[:place],
            lambda: content[place:],
            lambda: content[:place] + noise + content[place:],
            lambda: content[:place] + noise + content[place + 4 :],
            lambda: content[:place] + b"\0" * 3 + content[place + 3 :],
            lambda: b"\xff" + content,
            lambda: (
                content[:place] + dice.choice((b"[", b"{", b"<a>", b'"', b"\r", b"&#0;")) * 10_000 + content[place:]
            ),
            lambda: content[:place] + content[: dice.randrange(200)] + content[place:],
        )
    )()


def _nem12(rows, dice):
    """A meter and a day per row, one value of it odd."""
    lines = ["100,NEM12,202403061000,A,B"]
    for _id, subject, at, quantity in rows:
        values = ["1"] * dice.choice((48, 48, 48, 47))
        values[dice.randrange(len(values))] = quantity
        lines.append(f"200,{subject},E1,1,E1,N1,M,{dice.choice(('KWH', 'Wh', '?'))},{dice.choice((30, 30, 15, 1))},")
        lines.append(f"300,{at.replace('-', '')},{','.join(values)},{dice.choice(('A', 'V', ''))},,,,")
    return _encoded("\r\n".join([*lines, "900"]), dice=dice)


def _snmp(rows, dice):
    """A walk of a device per row."""
    lines = [
        f'.1.3.6.1.2.1.43.5.1.1.17.1 = STRING: "{subject}"\n.1.3.6.1.2.1.43.10.2.1.4.1.1 = Counter32: {quantity}'
        for _id, subject, _at, quantity in rows
    ]
    return _encoded("\n".join(lines), dice=dice)


WRITERS = {
    "csv": _csv,
    "xlsx": _xlsx,
    "json": _plain_json,
    "jsonl": _json_lines,
    "xml": _xml,
    "cloudevents": _cloudevents,
    "senml": _senml,
    "otlp": _otlp,
    "greenbutton": _greenbutton,
    "aemp": _aemp,
    "nem12": _nem12,
    "snmp": _snmp,
}
