"""What became of hostile text in a page, a workbook, a PDF: counts of what would run."""

import io
import re
import zipfile

from lxml import html

# In a workbook: a formula, a link, a part of another workbook.
LIVE_CELL = re.compile(rb"<f[ >]|<hyperlink[ >/]|<externalLink|<ddeLink|<oleLink")
RUNS = ("script", "iframe", "object", "embed", "base", "meta", "link", "form", "svg")


def live_markup(content, address):
    """How many elements or attributes of a page would call the address, or run it."""
    root = html.fromstring(content)
    count = 0
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        own = (node.text or "") if node.tag in RUNS else ""
        for name, value in node.attrib.items():
            is_place = name in ("src", "srcset", "data", "action", "formaction", "background", "style", "poster")
            is_call = name.startswith("on") or value.strip().lower().startswith(("javascript:", "data:text/html"))
            is_link = name == "href" and value.strip().startswith(address)
            count += address in value and (is_place or is_call or is_link)
        count += address in own
    return count


def live_cells(content):
    """How many cells or parts of a workbook are more than content."""
    count = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            count += "externalLink" in name or name.endswith((".bin", ".vml"))
            if name.startswith("xl/worksheets/"):
                count += len(LIVE_CELL.findall(archive.read(name)))
    return count


def texts_kept(content, label):
    """Whether a workbook holds the hostile text as it came: nothing was left out to look safe."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(label in archive.read(name) for name in archive.namelist())


def live_parts(content, address):
    """How many actions of a PDF call the address or run something."""
    from pypdf import PdfReader

    count = 0
    for page in PdfReader(io.BytesIO(content)).pages:
        for note in page.get("/Annots") or ():
            action = note.get_object().get("/A") or {}
            count += action.get("/S") in ("/JavaScript", "/Launch") or address in str(action.get("/URI", ""))
    return count + len(re.findall(rb"/JavaScript|/Launch|/EmbeddedFile", content))
