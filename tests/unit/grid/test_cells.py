"""Cells of files: what each says, and what a spreadsheet program has made of it."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.importing import cells
from grid.importing.cells import CellError


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("431102001001", "431102001001"),
        (" d-1 ", "d-1"),
        (431102, "431102"),
        (431102.0, "431102"),
        (999_999_999_999_999, "999999999999999"),
        ("1E0110", "1E0110"),
    ],
)
def test_a_code_is_taken_from_text_and_from_numbers_that_lost_no_digit(
    cell: object, told: str
) -> None:
    if cell == "1E0110":
        with pytest.raises(CellError, match="rounded"):
            cells.code(cell)
    else:
        assert cells.code(cell) == told


@pytest.mark.parametrize(
    "cell",
    [4311020137000001, 4.3110201370001e15, "4.31E+15", 1.5, "４３", "a b", "", "x" * 41, True,
     date(2026, 1, 2), datetime(2026, 1, 2), "=A1", "#REF!", None, [1]],  # noqa: DTZ001
)  # fmt: skip
def test_what_is_no_code_is_refused(cell: object) -> None:
    with pytest.raises(CellError):
        cells.code(cell)


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_is_the_same_in_every_form(number: int) -> None:
    parse = cells.whole(-(10**9), 10**9)
    forms = [number, float(number), str(number)]
    if abs(number) < 10**9:
        assert {parse(form) for form in forms} == {number}


@pytest.mark.parametrize("cell", ["1.5", 2.5, "", "1,000", "一", True, 1e30, "1e400", None])
def test_what_is_no_whole_number_is_refused(cell: object) -> None:
    with pytest.raises(CellError):
        cells.whole(0, 10)(cell)


@given(st.floats(-1e9, 1e9))
def test_a_coordinate_comes_through_text_to_the_last_digit(number: float) -> None:
    assert cells.number(repr(number)) == number


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1e10", "", "1,5", True, None, [1], "0x1"])
def test_what_is_no_coordinate_is_refused(cell: object) -> None:
    with pytest.raises(CellError):
        cells.number(cell)


@pytest.mark.parametrize(
    ("cell", "told"), [(True, True), ("是", True), ("FALSE", False), (0, False), ("1", True)]
)
def test_truth_is_read_in_the_ways_that_files_write_it(cell: object, told: bool) -> None:
    assert cells.truth(cell) is told


@pytest.mark.parametrize("cell", ["maybe", 2, None, 0.5])
def test_what_is_neither_true_nor_false_is_refused(cell: object) -> None:
    with pytest.raises(CellError):
        cells.truth(cell)
