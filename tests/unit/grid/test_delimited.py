"""CSV text: its two encodings are told apart, and rows keep their number in the sheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.files.delimited import Encoding, decode, read_delimited, write_delimited
from grid.files.table import BadFile

# Common characters of Chinese text: what a register's file is written in.
HANZI = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
LINES = st.lists(st.text(HANZI, min_size=1, max_size=8), min_size=4, max_size=30)


def quiet(_what: str, _done: int, _total: int) -> None:
    """A progress that nobody watches."""


@given(LINES, st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
def test_chinese_text_is_read_in_either_encoding_without_being_told(
    lines: list[str], codec: str
) -> None:
    told = "\n".join(["编码,名称", *(f"4311{n:04d},{line}社区" for n, line in enumerate(lines))])
    assert decode(told.encode(codec), Encoding.AUTO) == told


@pytest.mark.parametrize("at", [0.3, 0.6, 1.0])
def test_utf_8_with_a_damaged_byte_is_not_taken_for_gb18030(at: float) -> None:
    data = bytearray("\n".join(["编码,名称", *["431102,东岳宫社区"] * 40]).encode())
    places = [i for i, byte in enumerate(data) if byte >= 0x80]
    data[places[int((len(places) - 1) * at)]] = 0xFF
    with pytest.raises(BadFile, match="not UTF-8"):
        decode(bytes(data), Encoding.AUTO)


def test_a_row_has_the_number_that_a_spreadsheet_program_shows() -> None:
    data = b'a,b\n\n1,"two\nlines"\n\n3,4\n'
    table = read_delimited(data, Encoding.AUTO, quiet)
    assert (table.columns, list(table.numbers)) == (("a", "b"), [3, 5])
    assert table.rows == [["1", "two\nlines"], ["3", "4"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_in_the_header(delimiter: str) -> None:
    data = f"code{delimiter}name\n1{delimiter}x\n".encode()
    assert read_delimited(data, Encoding.AUTO, quiet).columns == ("code", "name")


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(CELLS, st.just("x")), min_size=1), st.sampled_from(list(Encoding)))
def test_what_is_written_is_read(rows: list[tuple[str, str]], encoding: Encoding) -> None:
    data = write_delimited(("a", "b"), rows, encoding)
    table = read_delimited(
        data, Encoding.GB18030 if encoding is Encoding.GB18030 else Encoding.UTF8, quiet
    )
    assert [tuple(row) for row in table.rows] == rows
