"""What one cell of a file says: text, code, number, truth. Pure.

A parser answers the value, or raises CellError with the reason; cells come as CSV, workbook,
GeoPackage and GeoJSON give them: text, numbers, truths, dates.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from geo.geojson import shown
from grid.roster import turn_end

Value = str | int | bool | None
Parse = Callable[[object], Value]

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:@-]{0,39}", flags=re.ASCII)
_ROUNDED = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", flags=re.IGNORECASE)
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
_HOURS = re.compile(r"([0-9]{1,2}):([0-5][0-9])\s*[/~–-]\s*([0-9]{1,2}):([0-5][0-9])", re.ASCII)
_EXACT_DIGITS = 15
_TRUE = frozenset({"true", "1", "yes", "y", "是", "真"})
_FALSE = frozenset({"false", "0", "no", "n", "否", "假"})


class CellError(ValueError):
    """The cell cannot be used; the message says why and what to do."""


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def code(cell: object) -> str:
    """A code: letters and digits; a number only where no digit can have been lost."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        if abs(cell) >= 10**_EXACT_DIGITS:
            raise CellError(
                f"a number of more than {_EXACT_DIGITS} digits has been rounded by the spreadsheet "
                "program; format the column as text and enter the codes again"
            )
        cell = str(cell)
    found = _text_of(cell)
    if _ROUNDED.fullmatch(found):
        raise CellError(
            "a spreadsheet program has turned the code into a rounded number; format the column as "
            "text and enter the codes again"
        )
    if not _CODE.fullmatch(found):
        raise CellError("give a text of 1 to 40 letters and digits, such as 431102001001")
    return found


def codes(cell: object) -> str:
    """Several codes, with spaces, commas or semicolons between; no code twice."""
    found = [code(one) for one in re.split(r"[\s,;，；、]+", _text_of(cell)) if one]
    twice = [one for n, one in enumerate(found) if one in found[:n]]
    if twice:
        raise CellError(f"{twice[0]} stands twice; keep one")
    return " ".join(found)


def words(longest: int) -> Parse:
    """A text of at most so many characters."""

    def parse(cell: object) -> str:
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        found = str(cell) if _is_number(cell) else _text_of(cell)
        if len(found) > longest:
            raise CellError(f"give at most {longest} characters; these are {len(found)}")
        # PostgreSQL stores neither a null character nor half of a surrogate pair.
        if not found.isprintable():
            raise CellError("the text holds a character that cannot be printed; remove it")
        return found

    return parse


def whole(least: int, most: int) -> Parse:
    """A whole number within bounds."""

    def parse(cell: object) -> int:
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        if isinstance(cell, str) and re.fullmatch(r"\s*-?[0-9]{1,9}(?:\.0+)?\s*", cell, re.ASCII):
            cell = int(float(cell))
        if not isinstance(cell, int) or isinstance(cell, bool):
            _refuse_kind(cell)
            raise CellError(f"give a whole number from {least} to {most}")
        if not least <= cell <= most:
            raise CellError(f"give a whole number from {least} to {most}")
        return cell

    return parse


def truth(cell: object) -> bool:
    """True or false, in the ways that files write them."""
    if isinstance(cell, bool):
        return cell
    found = str(cell).strip().lower() if isinstance(cell, str | int) else ""
    if found in _TRUE or found in _FALSE:
        return found in _TRUE
    _refuse_kind(cell)
    raise CellError("give true or false")


def one_of(choices: tuple[str, ...]) -> Parse:
    """One of a few words."""

    def parse(cell: object) -> str:
        found = _text_of(cell)
        if found not in choices:
            raise CellError(f"give one of {', '.join(choices)}")
        return found

    return parse


def hours(cell: object) -> str:
    """Hours of every day, from and until: 22:00/07:00."""
    found = _HOURS.fullmatch(_text_of(cell))
    ends = found and [f"{int(found[n]):02d}:{found[n + 1]}" for n in (1, 3)]
    if not ends or ends[0] == ends[1] or max(ends) > "23:59":
        raise CellError("give two hours of the day, such as 22:00/07:00")
    return "/".join(ends)


def turn(cell: object) -> str:
    """One end of a turn of duty: a local moment, or a day and hour of every week."""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    try:
        return turn_end(_text_of(cell))
    except ValueError:
        raise CellError("give a moment such as 2026-12-01 18:00 or fri 18:00") from None


def number(cell: object) -> float:
    """A finite coordinate."""
    if isinstance(cell, str):
        try:
            cell = float(cell.strip())
        except ValueError:
            _refuse_kind(cell)
            raise CellError("give a number with a decimal point, such as 111.6075") from None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        _refuse_kind(cell)
        raise CellError("give a number, such as 111.6075")
    if not abs(cell) <= 1e9:
        raise CellError("give a finite coordinate")
    return float(cell)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _text_of(cell: object) -> str:
    if isinstance(cell, str):
        found = cell.strip()
        if found.startswith("=") or found in _ERRORS:
            _refuse_kind(found)
        return found
    _refuse_kind(cell)
    raise CellError(f"give a text, not {shown(cell)}")


def _refuse_kind(cell: object) -> None:
    """Says it plainly where a spreadsheet program made something else of the cell."""
    if isinstance(cell, datetime | date | time | timedelta):
        raise CellError("the spreadsheet program made a date of this; format the column as text")
    if isinstance(cell, str) and cell.strip() in _ERRORS:
        raise CellError("the cell shows an error; enter the value itself")
    if isinstance(cell, str) and cell.strip().startswith("="):
        raise CellError("the cell holds a formula; paste the values over it")
    if isinstance(cell, bool):
        raise CellError("the cell holds true or false; enter the value itself")
