"""XLSX workbooks in: the only door to openpyxl."""

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from openpyxl import load_workbook

from grid.files.table import MOST_ROWS, BadFile, FileTable, Progress, header_faults

_MOST_UNPACKED = 3_000_000_000
_PACKED_TIGHT = 200_000_000
_MOST_RATIO = 100
_MOST_MEMBERS = 5_000
_PROLOGUE = 2_000


def read_workbook(data: bytes, wanted: str, progress: Progress) -> FileTable:
    """The sheet called `wanted`, or the first; raises BadFile when there is none to read."""
    try:
        _check_archive(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(data, wanted, progress)
    except BadFile:
        raise
    except Exception as error:  # zlib and openpyxl raise whatever the damage leads them to
        raise BadFile(
            type(error).__name__,
            "the workbook is damaged; open it in a spreadsheet program and save it anew",
        ) from error


def sheet_names(data: bytes) -> tuple[str, ...]:
    """The names of the sheets; none where the file is no workbook."""
    try:
        _check_archive(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            return tuple(str(sheet.title) for sheet in book.worksheets)
    except Exception:  # noqa: BLE001  whoever reads the first sheet says what is wrong
        return ()


def _check_archive(data: bytes) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        reason = "an old .xls or an encrypted workbook; save it as .xlsx without a password"
        raise BadFile("d0cf11e0", reason)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_sizes(members)
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as stream:
                        _check_prologue(member.filename, stream.read(_PROLOGUE))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        reason = f"the file is no workbook (.xlsx): {error}; save it anew, whole"
        raise BadFile("zip", reason) from error


def _check_sizes(members: Sequence[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    is_tight = unpacked > _PACKED_TIGHT and unpacked / packed > _MOST_RATIO
    if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED or is_tight:
        raise BadFile(
            f"{unpacked:,} bytes unpacked",
            "the workbook unpacks to far more than a register needs; save only the rows, as CSV",
        )
    if not any(member.filename == "[Content_Types].xml" for member in members):
        raise BadFile("zip", "the archive is no workbook (.xlsx); save the table as .xlsx or CSV")


def _check_prologue(name: str, start: bytes) -> None:
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        reason = "the workbook declares entities, which no spreadsheet program does; save it anew"
        raise BadFile(name, reason)


def _read(data: bytes, wanted: str, progress: Progress) -> FileTable:
    book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    if not book.worksheets:
        raise BadFile("", "the workbook has no sheet with cells; give one")
    sheet = next((s for s in book.worksheets if s.title == wanted), book.worksheets[0])
    total = sheet.max_row or 0
    sheet.reset_dimensions()  # what a file claims of its size may be far too much
    rows = sheet.iter_rows(values_only=True)
    header = tuple(next(rows, ()))
    columns = tuple("" if cell is None else str(cell).strip() for cell in _trimmed(header))
    if not columns:
        raise BadFile("", f"the sheet {sheet.title} is empty; give a header row and rows")
    faults = header_faults(columns)
    numbers: list[int] = []
    kept: list[Sequence[Any]] = []
    for number, row in _numbered(rows):
        if number > MOST_ROWS:
            raise BadFile(str(MOST_ROWS), "the sheet has more rows than that; split it")
        if number % 5_000 == 0:
            progress("reading", min(number, total), max(total, number))
        width = len(columns)
        cells = row[:width] if len(row) >= width else (*row, *[None] * (width - len(row)))
        if any(cell is not None for cell in cells):
            numbers.append(number)
            kept.append(cells)
    progress("reading", max(total, 1), max(total, 1))
    return FileTable(
        name=str(sheet.title), columns=columns, numbers=numbers, rows=kept, faults=tuple(faults)
    )


def _numbered(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    return enumerate(rows, 2)


def _trimmed(header: Sequence[Any]) -> list[Any]:
    cells = list(header)
    while cells and (cells[-1] is None or not str(cells[-1]).strip()):
        cells.pop()
    return cells
