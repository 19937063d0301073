"""XLSX workbooks in: the only door to python-calamine."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum

from grid.files.surveying import Survey
from grid.files.table import MOST_ROWS, BadFile, FileTable, Progress, header_faults

_MOST_UNPACKED = 3_000_000_000
_PACKED_TIGHT = 200_000_000
_MOST_RATIO = 100
_MOST_MEMBERS = 5_000
_MOST_CELLS = 26 * MOST_ROWS  # 2.5 GB, as long as the reader holds them
_EXACT = 2**53
_PROLOGUE = 2_000
_PIECE = 1_000_000


def read_workbook(data: bytes, wanted: str, progress: Progress) -> FileTable:
    """The sheet called `wanted`, or the first; raises BadFile when there is none to read."""
    try:
        _check_archive(data)
        return _read(data, wanted, progress)
    except BadFile:
        raise
    except BaseException as error:  # zlib and the reader raise whatever the damage leads them to
        # What stops the reader in the midst of its work comes as no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BadFile(
            type(error).__name__,
            "the workbook is damaged; open it in a spreadsheet program and save it anew",
        ) from error


def sheet_names(data: bytes) -> tuple[str, ...]:
    """The names of the sheets; none where the file is no workbook."""
    try:
        _check_archive(data)
        return _sheets(CalamineWorkbook.from_filelike(io.BytesIO(data)))
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
                    _check_member(archive, member)
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


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    said, member.file_size = member.file_size, _MOST_UNPACKED  # so that all of it is read
    with archive.open(member) as stream:
        start = stream.read(_PROLOGUE)
        if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
            reason = "the workbook declares entities, which no spreadsheet program does"
            raise BadFile(member.filename, f"{reason}; save it anew")
        size = len(start)
        while size <= said and (piece := stream.read(_PIECE)):
            size += len(piece)
    if size != said:
        reason = "a part of the workbook is not as long as it says; save it anew"
        raise BadFile(member.filename, reason)


def _sheets(book: CalamineWorkbook) -> tuple[str, ...]:
    return tuple(one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet)


def _read(data: bytes, wanted: str, progress: Progress) -> FileTable:
    progress("reading", 0, 1)
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    names = _sheets(book)
    if not names:
        raise BadFile("", "the workbook has no sheet with cells; give one")
    name = wanted if wanted in names else names[0]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        survey = Survey(archive, name)
    _check_reach(survey)
    rows = _rows(book.get_sheet_by_name(name), survey)
    columns = tuple(str(cell).strip() for cell in _trimmed(next(rows, [])))
    if not columns:
        raise BadFile("", f"the sheet {name} is empty; give a header row and rows")
    numbers: list[int] = []
    kept: list[Sequence[Any]] = []
    width = len(columns)
    for number, row in enumerate(rows, 2):
        if number % 5_000 == 0:
            progress("reading", number, max(survey.rows, number))
        cells = (*row[:width], *[""] * (width - len(row)))
        if any(cell != "" for cell in cells):
            numbers.append(number)
            kept.append(cells)
    progress("reading", 1, 1)
    return FileTable(
        name=name, columns=columns, numbers=numbers, rows=kept, faults=tuple(header_faults(columns))
    )


def _check_reach(survey: Survey) -> None:
    if survey.rows > MOST_ROWS:
        raise BadFile(str(MOST_ROWS), "the sheet has more rows than that; split it")
    if survey.bottom * survey.right > _MOST_CELLS:
        raise BadFile(
            f"{survey.bottom:,} rows by {survey.right:,} columns",
            "the sheet reaches much further than a register does; clear the cells apart from the "
            "table, or save only its rows, as CSV",
        )


def _rows(sheet: CalamineSheet, survey: Survey) -> Iterator[list[Any]]:
    """The rows from the first on: numbers without a fraction are whole, and marks are in place."""
    marked: dict[int, list[tuple[int, str]]] = {}
    for (row, column), mark in survey.marks.items():
        marked.setdefault(row, []).append((column, mark))
    filled = iter(()) if sheet.start is None else sheet.iter_rows()
    left = [""] * (0 if sheet.start is None else sheet.start[1])
    # To the reader, a last row of formulas alone is none.
    for number in range(1, max(sheet.total_height + 1, *marked, 1) + 1):
        cells: list[Any] = left + [_whole(cell) for cell in next(filled, ())]
        for column, mark in marked.get(number, ()):
            cells += [""] * (column - len(cells))
            cells[column - 1] = mark
        yield cells


def _whole(cell: Any) -> Any:
    is_whole = isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT
    return int(cell) if is_whole else cell


def _trimmed(header: Sequence[Any]) -> list[Any]:
    cells = list(header)
    while cells and not str(cells[-1]).strip():
        cells.pop()
    return cells
