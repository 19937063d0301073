"""CSV: its encoding, its delimiter, its rows."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from geo.geojson import Fault
from grid.files.table import MOST_ROWS, BadFile, FileTable, Progress, header_faults

_DELIMITERS = ",;\t"
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_MAGIC = {
    b"PK\x03\x04": "a zip archive; if it is a workbook, name it .xlsx",
    b"SQLite format 3": "a SQLite database; if it is a GeoPackage, name it .gpkg",
    b"\xd0\xcf\x11\xe0": "an old .xls workbook; save it as .xlsx or CSV",
}
_DAMAGED_SHARE = 0.2
csv.field_size_limit(20_000_000)


class Encoding(StrEnum):
    """How the text of a CSV file is written; auto tells the two apart."""

    AUTO = "auto"
    UTF8 = "utf-8"
    GB18030 = "gb18030"


def read_delimited(data: bytes, encoding: Encoding, progress: Progress) -> FileTable:
    """Reads CSV text with a header row; raises BadFile when it is none."""
    text = decode(data, encoding)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=_delimiter(text), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > MOST_ROWS:
                raise BadFile(str(MOST_ROWS), "the file has more rows than that; split it")
            if len(rows) % 20_000 == 0:
                progress("reading", lines.tell(), len(text))
    except csv.Error as error:
        where = f"line {reader.line_num}"
        reason = f"not CSV there: {error}; look for a quotation mark that is not closed"
        raise BadFile(where, reason, row=len(rows) + 1) from error
    progress("reading", len(text), len(text))
    if not any(any(cell.strip() for cell in row) for row in rows):
        raise BadFile("", "the file is empty; give a header row and rows")
    return _table(rows)


def _table(rows: Sequence[list[str]]) -> FileTable:
    start = next(at for at, row in enumerate(rows) if any(row))
    columns = tuple(name.strip() for name in rows[start])
    faults = header_faults(columns, start + 1)
    numbers, kept = [], []
    for number, row in enumerate(rows[start + 1 :], start + 2):
        if len(row) == len(columns):
            if any(row):
                numbers.append(number)
                kept.append(row)
        elif any(row):
            faults.append(_width_fault(number, row, len(columns)))
    return FileTable(name="", columns=columns, numbers=numbers, rows=kept, faults=tuple(faults))


def _width_fault(number: int, row: Sequence[str], expected: int) -> Fault:
    reason = f"the row has {len(row)} cells and the header {expected}; look for a missing comma"
    return Fault(row=number, field="row", value=row[0][:60], reason=reason)


def decode(data: bytes, encoding: Encoding) -> str:
    """The text of the bytes; raises BadFile naming the first byte that does not fit."""
    for magic, told in {**_MAGIC, **dict.fromkeys(_BOMS, "UTF-16 text; save it as UTF-8")}.items():
        if data.startswith(magic):
            raise BadFile(magic[:2].hex(), f"this is no CSV in UTF-8 or GB18030 but {told}")
    if not data.strip():
        raise BadFile("", "the file is empty; give a header row and rows")
    if encoding is Encoding.GB18030 or (encoding is Encoding.AUTO and _is_gb18030(data)):
        return _strictly(data, "gb18030")
    return _strictly(data, "utf-8-sig")


def _is_gb18030(data: bytes) -> bool:
    """Whether the bytes are GB18030 rather than UTF-8 with a few damaged places."""
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        shown = data.decode("utf-8", "replace")
        wrong = shown.count("\ufffd")
        foreign = len(re.findall(r"[^\x00-\x7f]", shown))
        return wrong > _DAMAGED_SHARE * foreign
    return False


def _strictly(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        name = "UTF-8" if codec.startswith("utf") else "GB18030"
        raise BadFile(
            f"line {line}",
            f"the text is not {name} there; save the file as UTF-8, or give --encoding",
            row=line,
        ) from error


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def write_delimited(
    columns: Sequence[str], rows: Iterable[Sequence[object]], encoding: Encoding
) -> bytes:
    """CSV of the rows; UTF-8 begins with the mark by which spreadsheet programs know it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    codec = "gb18030" if encoding is Encoding.GB18030 else "utf-8-sig"
    return out.getvalue().encode(codec)
