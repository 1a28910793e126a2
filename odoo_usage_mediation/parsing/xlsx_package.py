"""The parts of an .xlsx file: a bounded zip of XML. Finds the sheet, the strings and the styles.

Own reader, on purpose: a library that builds the whole sheet in memory turns a file of 5 kB
(two cells far apart, or one long shared string used often) into gigabytes. Here memory holds
the shared strings and one chunk; formulas, errors and merged cells are seen as they stand.
"""

from __future__ import annotations

import re
import zipfile

from lxml import etree

from .containers import CHUNK, DAMAGE, Bounded, Content
from .limits import Deadline, Limits
from .reasons import FileRefused

# A workbook's XML is some ten times longer than the text in it, so it may unpack to this many
# times the byte limit; the ratio limit holds as well.
XML_FACTOR = 10
_SMALL_PART = 4 << 20


class Package:
    """An .xlsx file, opened: names, relations, and bounded streams of its parts."""

    def __init__(self, content: Content, limits: Limits, deadline: Deadline):
        content.stream.seek(0)
        self._archive = zipfile.ZipFile(content.stream)  # was opened before: cannot be damaged here
        self._names = set(self._archive.namelist())
        self._size = content.size
        self._limits = limits._replace(max_bytes=limits.max_bytes * XML_FACTOR)
        self.limits = limits
        self.deadline = deadline
        workbook = self._small("xl/workbook.xml")
        self.sheets = [
            (node.get("name", ""), _relation_id(node), node.get("state", "visible"))
            for node in workbook.iter("{*}sheet")
        ]
        properties = workbook.find("{*}workbookPr")
        self.date1904 = properties is not None and properties.get("date1904") in ("1", "true")
        relations = self._small("xl/_rels/workbook.xml.rels")
        self._targets = {
            node.get("Id"): (node.get("Type", "").rsplit("/", 1)[-1], node.get("Target", ""))
            for node in relations.iter("{*}Relationship")
        }

    def stream(self, name: str) -> Bounded:
        """Return a bounded stream of a part, from its beginning."""
        if name not in self._names:
            raise FileRefused("corrupt", why=f"the part {name} is missing")
        try:
            return Bounded(self._archive.open(name), self._size, self._limits, self.deadline)
        except RuntimeError:
            raise FileRefused("encrypted") from None
        except DAMAGE as error:
            raise FileRefused("corrupt", why=str(error)[:200]) from None

    def sheet_part(self, wanted) -> tuple[str, str]:
        """Return (name, part) of a sheet by name, number from 0, or the first visible one for ""."""
        return self.sheet_parts(wanted)[0]

    def sheet_parts(self, wanted) -> list:
        """Return [(name, part)] of a sheet by name or number from 0, or of all visible ones for ""."""
        sheets = [entry for entry in self.sheets if self._targets.get(entry[1], ("",))[0] == "worksheet"]
        if wanted == "":
            found = [entry for entry in sheets if entry[2] == "visible"] or sheets
        elif isinstance(wanted, int):
            found = sheets[wanted : wanted + 1]
        else:
            found = [entry for entry in sheets if entry[0].strip().casefold() == wanted.strip().casefold()]
        if not found:
            names = ", ".join(entry[0] for entry in sheets)[:200] or "none"
            raise FileRefused("no_sheet", sheet=wanted, found=names)
        return [(entry[0], self._part(self._targets[entry[1]][1])) for entry in found]

    def part_of_type(self, kind: str):
        """Return the part that the workbook relates to by type (``styles``, ``sharedStrings``), or None."""
        for found, target in self._targets.values():
            if found == kind and self._part(target) in self._names:
                return self._part(target)
        return None

    def root(self, name: str):
        """Parse a part of moderate size as a whole."""
        return self._small(name)

    def _part(self, target: str) -> str:
        if target.startswith("/"):
            return target[1:]
        parts = ["xl"]
        for step in target.split("/"):
            if step == "..":
                parts = parts[:-1]
            elif step not in ("", "."):
                parts.append(step)
        return "/".join(parts)

    def _small(self, name):
        stream, pieces = self.stream(name), []
        while data := stream.read(CHUNK):
            pieces.append(data)
            if stream.count > _SMALL_PART:
                raise FileRefused("corrupt", why=f"the part {name} is too large")
        return parse_fragment(b"".join(pieces), name)


def parse_fragment(data: bytes, name: str):
    """Parse XML without entities, network or document types; raise FileRefused when it is none."""
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:
        raise FileRefused("forbidden_markup")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileRefused("corrupt", why=f"{name}: {error}"[:200]) from None


def _relation_id(node):
    for key, value in node.attrib.items():
        if key.endswith("}id"):
            return value
    return ""


_ENTITY = re.compile(r"&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|lt|gt|amp|quot|apos);")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ESCAPED = re.compile(r"_x([0-9a-fA-F]{4})_")


def unescape_xml(text: str) -> str:
    """Resolve the five entities of XML, character references, and Excel's _xHHHH_ escapes."""
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    return unescape(text) if "_x" in text else text


def unescape(text: str) -> str:
    """Resolve Excel's own escapes: ``_x000D_`` is a carriage return."""
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)


def _entity(match):
    name = match.group(1)
    if name in _NAMED:
        return _NAMED[name]
    number = int(name[2:], 16) if name[1] == "x" else int(name[1:])
    return chr(number) if number < 0x110000 else "\ufffd"
