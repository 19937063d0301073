"""What a workbook's sheet holds that the reader of its cells does not tell.

The reader gives the last result of a formula in the place of the formula, and nothing for an
error. It makes room for every cell of the square that holds them all, and without that room it
ends the process.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

_CHUNK = 8_000_000
_PREFIX = rb"(?:[^\s<>/:]+:)?"  # of a namespace: whatever the program calls it
# A row of nothing but values in the columns A to Z, as nearly all are: it is stepped over whole.
_PLAIN_ROW = (
    rb'<row r="([0-9]+)"[^<>]*>\s*'
    rb'(?:<c r="[A-Z]\1"(?: s="[0-9]+")?(?: t="(?:s|str|n|b|inlineStr)")?'
    rb"(?:/>|>\s*(?:<v>[^<]*</v>|<is>\s*<t[^<>]*>[^<]*</t>\s*</is>)?\s*</c>)\s*)*+</row>"
)
_PLAIN_COLUMNS = 26
_TAG = re.compile(
    _PLAIN_ROW + rb"|<" + _PREFIX + rb"(row|c|f|v(?=[^<>]*>\#))(?=[\s/>])"
    rb"""(?:\s+r="([A-Za-z]*)([0-9]+)")?((?:[^<>"']|"[^"]*"|'[^']*')*)>([^<]*)"""
    rb"|</" + _PREFIX + rb"(sheetData)"
)
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")


class Survey:
    """How far a sheet reaches, and what stands in it for values. Rows and columns are from 1.

    `rows` is its last row. No filled cell is below `bottom` or to the right of `right`.
    `marks` are formulas, which begin with `=`, and errors, which begin with `#`.
    """

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        """Looks through the sheet called `name`; raises LookupError and others if damaged."""
        self.rows = self.bottom = self.right = 0
        self.marks: dict[tuple[int, int], str] = {}
        self._at = (0, 0)
        self._is_error = False
        self._columns: dict[bytes, int] = {}
        for plain, kind, letters, digits, rest, text in _tags(archive, _member(archive, name)):
            if plain:
                self._pass_row(int(plain))
            elif kind == b"f":
                self.marks[self._at] = "=" + _text(text)
            elif kind == b"v":
                if self._is_error:
                    self.marks.setdefault(self._at, _text(text))
            elif kind == b"row":
                self._enter_row(digits)
            else:
                self._enter_cell(letters, digits, rest)

    def _pass_row(self, row: int) -> None:
        self._at = (row, _PLAIN_COLUMNS)
        self.rows, self.bottom = max(self.rows, row), max(self.bottom, row)
        self.right = max(self.right, _PLAIN_COLUMNS)

    def _enter_row(self, digits: bytes | None) -> None:
        row = self._at[0] + 1 if digits is None else int(digits)
        self._at = (row, 0)
        self.rows = max(self.rows, row)

    def _enter_cell(self, letters: bytes | None, digits: bytes | None, rest: bytes) -> None:
        row, column = self._at
        if letters is None or digits is None:
            column += 1
        else:
            row, column = int(digits), self._column(letters)
        self._at = (row, column)
        self.rows = max(self.rows, row)
        self._is_error = b"e" in rest and _ERROR.search(rest) is not None
        if not rest.endswith(b"/"):
            self.bottom, self.right = max(self.bottom, row), max(self.right, column)

    def _column(self, letters: bytes) -> int:
        if letters not in self._columns:
            number = 0
            for letter in letters.upper():
                number = number * 26 + letter - ord("A") + 1
            self._columns[letters] = number
        return self._columns[letters]


def _tags(archive: zipfile.ZipFile, member: str) -> Iterator[tuple[Any, ...]]:
    """The rows of plain cells; of others the tags of row, cells, formulas and errors in turn."""
    with archive.open(member) as stream:
        held = b""
        while chunk := stream.read(_CHUNK):
            held += chunk
            if len(held) > 10 * _CHUNK:
                raise ValueError("a tag without an end")
            end = held.rfind(b"<")  # before it, every tag and its text are whole
            for found in _TAG.finditer(held, 0, max(end, 0)):
                plain, kind, letters, digits, rest, text, is_end = found.groups()
                if is_end:
                    return
                if kind and digits is None and (place := _PLACE.search(rest)):
                    letters, digits = place.groups()
                yield plain, kind, letters, digits, rest, text
            held = held[max(end, 0) :]


def _member(archive: zipfile.ZipFile, name: str) -> str:
    """Where in the archive the sheet is."""
    book, relations = (
        ElementTree.fromstring(archive.read(part))  # noqa: S314  declares no entities: looked at
        for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet") and sheet.get("name") == name:
            target = next(targets[value] for key, value in sheet.items() if key.endswith("}id"))
            part = target.removeprefix("/")
            return part if part.startswith("xl/") else f"xl/{part}"
    raise LookupError(name)


def _text(found: bytes) -> str:
    return unescape(found.decode("utf-8", "replace"))
