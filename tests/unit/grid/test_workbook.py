"""What a workbook's cells are read as, and what in a workbook is refused before it is read."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from grid.files import surveying
from grid.files.table import BadFile, FileTable
from grid.files.workbook import read_workbook, sheet_names

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def saved(book: Workbook) -> bytes:
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def book_of(*rows: Sequence[Any]) -> Workbook:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    return book


def with_sheet(xml: str) -> bytes:
    """A workbook whose only sheet is this."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(Workbook()))) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, xml if name.endswith("sheet1.xml") else old.read(name))
    return made.getvalue()


def read(data: bytes, wanted: str = "parts") -> FileTable:
    return read_workbook(data, wanted, lambda _what, _done, _total: None)


def cell_of(value: object) -> object:
    """What one cell below the header is read as."""
    ((cell, _),) = read(saved(book_of(["a", "b"], [value, "x"]))).rows
    return cell


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (431103001, 431103001),
        (4311020137000001, 4311020137000001),
        (111.6075, 111.6075),
        (6.0, 6),
        (True, True),
        ("0431", "0431"),
        (" 路灯 ", " 路灯 "),
        ("", ""),
        (None, ""),
        ("=B1&B2", "=B1&B2"),
        ("#N/A", "#N/A"),
        (date(2026, 1, 2), date(2026, 1, 2)),
    ],
    ids=repr,
)
def test_a_cell_is_read_as_what_was_entered(given: object, found: object) -> None:
    cell = cell_of(given)
    assert (type(cell), cell) == (type(found), found)


def test_rows_keep_their_numbers_and_empty_ones_are_left_out() -> None:
    book = Workbook()
    book.active["B1"], book.active["C1"] = "code", "name"
    book.active["B4"], book.active["C7"], book.active["D9"] = "1", "=1+1", "beside the table"
    table = read(saved(book))
    assert table.columns == ("", "code", "name")
    assert table.numbers == [4, 7]
    assert table.rows == [("", "1", ""), ("", "", "=1+1")]


@pytest.mark.parametrize("chunk", [8_000_000, 61])
def test_a_formula_counts_whatever_its_last_result_was(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(surveying, "_CHUNK", chunk)
    table = read(
        with_sheet(
            f"<worksheet {SPACE}><sheetData>"
            '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>'
            "<row><c><f>1+1</f><v>2</v></c><c t='e'><v>#REF!</v></c></row>"
            '<row r="4"><c s="0" r="A4" t="e"><f>1/0</f><v>#DIV/0!</v></c><c><v>5</v></c></row>'
            "</sheetData><extLst><x:f>A1</x:f></extLst></worksheet>"
        )
    )
    assert table.numbers == [2, 4]
    assert table.rows == [("=1+1", "#REF!"), ("=1/0", 5)]


def test_a_prefix_of_the_namespace_hides_no_formula() -> None:
    xml = (
        f"<x:worksheet {SPACE.replace('=', ':x=', 1)}><x:sheetData>"
        '<x:row r="1"><x:c r="A1" t="str"><x:v>a</x:v></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"><x:f>B1</x:f><x:v>1</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    assert read(with_sheet(xml)).rows == [("=B1",)]


def test_the_sheet_of_the_name_is_read_else_the_first_and_never_a_chart() -> None:
    book = book_of(["first"])
    book.create_chartsheet("chart", 0)
    book.create_sheet("parts").append(["=A9", "meant"])
    data = saved(book)
    assert sheet_names(data) == ("Sheet", "parts")
    assert read(data).columns == ("=A9", "meant")
    assert read(data, "members").columns == ("first",)


@pytest.mark.parametrize("place", ["XFD1048576", "ZZ200000"])
def test_a_cell_far_from_the_table_is_refused_before_room_is_made_for_it(place: str) -> None:
    book = book_of(["a"], ["1"])
    book.active[place] = "stray"
    with pytest.raises(BadFile, match="much further than a register"):
        read(saved(book))


def test_more_rows_than_a_register_has_are_refused() -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="3000001"/>'
    with pytest.raises(BadFile, match="more rows than that"):
        read(with_sheet(f"<worksheet {SPACE}><sheetData>{rows}</sheetData></worksheet>"))


def test_a_part_longer_than_the_archive_says_is_refused() -> None:
    data = bytearray(with_sheet(f"<worksheet {SPACE}><sheetData/></worksheet>" + " " * 100_000))
    entry = data.rfind(b"xl/worksheets/sheet1.xml") - 46  # in the archive's table of contents
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 24 : entry + 28] = (90).to_bytes(4, "little")
    with pytest.raises(BadFile, match="not as long as it says"):
        read(bytes(data))
