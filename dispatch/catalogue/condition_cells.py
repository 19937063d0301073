"""What one cell of a sheet of filing conditions says. Pure; as `grid.importing.cells`."""

import re

from grid.importing.cells import CellError, code, words
from workflows.errors import LimitError, SeasonError
from workflows.limits import UNITS, ClockType, Limit, parse_limit
from workflows.seasons import day_minute, month_day

_PROFILE = re.compile(r"([0-9A-Za-z][0-9A-Za-z_.-]{0,19})\s*[=＝:：]\s*(.+)", flags=re.ASCII)
_BETWEEN = re.compile(r"[;；,，]")


def row_name(cell: object) -> str:
    """What tells a row from the others of its category: 1, 2, 3a."""
    found = code(cell)
    if "-" in found:
        raise CellError("give a number or letters without a hyphen, such as 1")
    return found


def limit(cell: object) -> str:
    """A limit as the table writes it: 4 工作时."""
    return _limit(_words(60, cell)).text


def clock(cell: object) -> str:
    """A clock type, by its name or by its Chinese unit."""
    found = _words(40, cell)
    if found in UNITS:
        return UNITS[found].value
    if found not in list(ClockType):
        raise CellError(f"give one of {', '.join([*ClockType, *UNITS])}")
    return found


def day(cell: object) -> str:
    """Month and day: 03-01."""
    found = _words(10, cell)
    try:
        month_day(found)
    except SeasonError as error:
        raise CellError(str(error)) from error
    return found


def hour(cell: object) -> str:
    """Hour and minute: 08:00."""
    found = _words(10, cell)
    try:
        day_minute(found)
    except SeasonError as error:
        raise CellError(str(error)) from error
    return found


def profiles(cell: object) -> str:
    """Limits by profile, in the order of their names: A=2 工作时; B=4 工作时."""
    found: dict[str, str] = {}
    for one in _BETWEEN.split(_words(400, cell)):
        if not one.strip():
            continue
        parts = _PROFILE.fullmatch(one.strip())
        if parts is None:
            raise CellError("give profiles with their limits, such as A=2 工作时; B=4 工作时")
        if parts[1] in found:
            raise CellError(f"the profile {parts[1]} stands twice; keep one")
        found[parts[1]] = _limit(parts[2].strip()).text
    return "; ".join(f"{name}={found[name]}" for name in sorted(found))


def read_profiles(text: str) -> tuple[tuple[str, Limit], ...]:
    """The profiles that `profiles` wrote."""
    pairs = (one.partition("=") for one in text.split("; ") if one)
    return tuple((name, parse_limit(given)) for name, _, given in pairs)


def _words(longest: int, cell: object) -> str:
    return str(words(longest)(cell))


def _limit(text: str) -> Limit:
    try:
        return parse_limit(text)
    except LimitError as error:
        raise CellError(str(error)) from error
