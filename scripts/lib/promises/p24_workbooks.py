"""Hostile workbooks for promise 24: each (name, changes of the profile, content)."""

import io
import random
import zipfile

XLSX = {"format": "xlsx"}
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET_OPEN = f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>'
HEAD_ROW = '<row r="1">' + "".join(
    f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>'
    for letter, name in zip("ABCD", ("id", "subject", "at", "qty"), strict=True)
)
HEAD_ROW += "</row>"
SHEET_CLOSE = "</sheetData></worksheet>"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 20}">' for n in range(10))

STRINGS = {"relations": f'<Relationship Id="s" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'}


def noise(size):
    """Text that does not pack well: a ratio limit does not stop it."""
    return random.Random(24).randbytes(size // 2).hex()


def workbook(sheet=None, members=(), relations=""):
    """An .xlsx of a sheet's XML and other parts."""
    target = io.BytesIO()
    relations = f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    base = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}{relations}</Relationships>",
        "xl/worksheets/sheet1.xml": sheet or SHEET_OPEN + HEAD_ROW + SHEET_CLOSE,
        **dict(members),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in base.items():
            archive.writestr(name, content)
    return target.getvalue()


def one_cell(text):
    """A sheet whose second row is one text."""
    row = f'<row r="2"><c r="A2" t="inlineStr"><is><t>{text}</t></is></c></row>'
    return SHEET_OPEN + HEAD_ROW + row + SHEET_CLOSE


def links_and_entities(bait):
    """Workbooks that lead elsewhere, or run something, if they are believed."""
    path, address, made = bait
    entity = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{path}">{LAUGHS}]>'
    body = one_cell("&x;").split("?>", 1)[1]
    yield "workbook: entity in the sheet", XLSX, workbook(entity + body)
    yield "workbook: laughs in the sheet", XLSX, workbook(entity + body.replace("&x;", "&l9;"))
    yield (
        "workbook: entity in UTF-16",
        XLSX,
        workbook((entity.replace('"1.0"', '"1.0" encoding="UTF-16"') + body).encode("utf-16")),
    )
    told = f'{entity}<sst xmlns="{MAIN}"><si><t>&x;</t></si></sst>'
    yield "workbook: entity in the strings", XLSX, workbook(members=[("xl/sharedStrings.xml", told)], **STRINGS)
    yield (
        "workbook: entity in the workbook",
        XLSX,
        workbook(members=[("xl/workbook.xml", entity + "<workbook>&x;</workbook>")]),
    )
    yield (
        "workbook: links to elsewhere",
        XLSX,
        workbook(
            relations=f'<Relationship Id="e" Type="{OFFICE}/externalLink" TargetMode="External" Target="{address}"/>'
            f'<Relationship Id="f" Type="{OFFICE}/worksheet" TargetMode="External" Target="file://{path}"/>'
        ),
    )
    yield (
        "workbook: sheet outside the archive",
        XLSX,
        workbook(
            members=[
                (
                    "xl/_rels/workbook.xml.rels",
                    f'<Relationships><Relationship Id="r1" Type="{OFFICE}/worksheet" '
                    f'Target="../../../../../../../..{path}"/></Relationships>',
                )
            ]
        ),
    )
    formula = f"WEBSERVICE(&quot;{address}&quot;)", f"cmd|'/C touch {made}'!A0"
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="str"><f>{text}</f><v>1</v></c></row>' for n, text in enumerate(formula, 2)
    )
    yield "workbook: formulas", XLSX, workbook(SHEET_OPEN + HEAD_ROW + cells + SHEET_CLOSE)
    far = '<row r="2"><c r="XFD2"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    yield "workbook: cells far apart", XLSX, workbook(SHEET_OPEN + HEAD_ROW + far + SHEET_CLOSE)
    out = '<row r="99999999999"><c r="ZZZZZZZZ99999999999"><v>1</v></c></row>'
    yield "workbook: cells outside any sheet", XLSX, workbook(SHEET_OPEN + HEAD_ROW + out + SHEET_CLOSE)


def without_end(scale):
    """Workbooks that unpack to more than they look like."""
    far = '<row r="2"><c r="XFD2"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    merges = "".join(f'<mergeCell ref="A{n}:XFD1048576"/>' for n in range(2, int(2 + 300_000 * scale)))
    yield (
        "workbook: merged without end",
        XLSX,
        workbook(SHEET_OPEN + HEAD_ROW + far + f"</sheetData><mergeCells>{merges}</mergeCells></worksheet>"),
    )
    row = '<row r="{0}"><c r="A{0}"><v>1</v></c><c r="B{0}" t="inlineStr"><is><t>A-00000</t></is></c></row>'
    many = "".join(row.format(n) for n in range(2, int(2 + 500_000 * scale)))
    yield "workbook: a sheet bomb", XLSX, workbook(SHEET_OPEN + HEAD_ROW + many + SHEET_CLOSE)
    digits = noise(int(8_000_000 * scale))
    cells = "".join(f"<c><v>{digits[n : n + 8]}</v></c>" for n in range(0, len(digits), 8))
    yield (
        "workbook: one row without end",
        XLSX,
        workbook(SHEET_OPEN + HEAD_ROW + '<row r="2">' + cells + "</row>" + SHEET_CLOSE),
    )
    long = noise(int(40_000_000 * scale))
    yield "workbook: one text without end", XLSX, workbook(one_cell(long))
    yield "workbook: a tag without end", XLSX, workbook(SHEET_OPEN + HEAD_ROW + "<row " + long)
    shared = f'<sst xmlns="{MAIN}">' + "<si><t>" + noise(30_000) + "</t></si>"
    repeated = "".join(
        f'<row r="{n}" spans="{digits[n % 9999 : n % 9999 + 7]}">' + '<c t="s"><v>0</v></c>' * 4 + "</row>"
        for n in range(2, int(2 + 50_000 * scale))
    )
    yield (
        "workbook: one long string used often",
        XLSX,
        workbook(
            SHEET_OPEN + HEAD_ROW + repeated + SHEET_CLOSE,
            members=[("xl/sharedStrings.xml", shared + "</sst>")],
            **STRINGS,
        ),
    )
    distinct = "".join(
        f"<si><t>{digits[n % 999]}{n * 7919 % 10**9:09d}</t></si>" for n in range(int(4_000_000 * scale))
    )
    yield (
        "workbook: strings without end",
        XLSX,
        workbook(members=[("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{distinct}</sst>')], **STRINGS),
    )
    runs = "".join(f"<r><t>{digits[n % 9999 : n % 9999 + 7]}</t></r>" for n in range(int(700_000 * scale)))
    yield (
        "workbook: strings of many runs",
        XLSX,
        workbook(members=[("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}"><si>{runs}</si></sst>')], **STRINGS),
    )
