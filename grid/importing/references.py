"""What rows of a register may refer to, and what is said where a reference leads nowhere. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from grid.areas import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What rows may refer to. `categories` and `part_classes` are None where no catalogue is
    loaded, and are then not looked at."""

    areas: Mapping[str, Level]
    departments: frozenset[str] = frozenset()
    buildings: frozenset[str] = frozenset()
    categories: frozenset[str] | None = None
    part_classes: frozenset[str] | None = None
    calendars: frozenset[str] = frozenset()


_DUTY_LEVELS = (Level.CITY, Level.DISTRICT, Level.COMMUNITY)


def reference_problem(refers: str, value: str, known: Known) -> str | None:
    """Why a reference leads nowhere; None where it leads somewhere."""
    return _LOOKUPS[refers](value, known)


def _area(value: str, known: Known) -> str | None:
    return None if value in known.areas else "no area of the map in force has this code"


def _community(value: str, known: Known) -> str | None:
    level = known.areas.get(value)
    return None if level is Level.COMMUNITY else "no community of the map in force has this code"


def _duty_area(value: str, known: Known) -> str | None:
    level = known.areas.get(value)
    if level in _DUTY_LEVELS:
        return None
    return "give a city, a district or a community of the map in force"


def _department(value: str, known: Known) -> str | None:
    if value in known.departments:
        return None
    return "no department has this code; import the departments first"


def _departments(value: str, known: Known) -> str | None:
    unknown = [code for code in value.split() if code not in known.departments]
    if not unknown:
        return None
    return f"no department has the code {unknown[0]}; import the departments first"


def _in_building(value: str, known: Known) -> str | None:
    if value in known.buildings:
        return None
    return "no building has this code; import the buildings first, or with the dwellings"


def _category(value: str, known: Known) -> str | None:
    if known.categories is None or value in known.categories:
        return None
    return "no category of the catalogue begins so"


def _part_class(value: str, known: Known) -> str | None:
    if known.part_classes is None or value in known.part_classes:
        return None
    return "the catalogue has no such class of parts"


def _calendar(value: str, known: Known) -> str | None:
    if not value or value in known.calendars:
        return None
    return "no calendar has this name; `wangge calendar load` brings one"


_LOOKUPS: Mapping[str, Callable[[str, Known], str | None]] = {
    "area": _area,
    "community": _community,
    "duty_area": _duty_area,
    "department": _department,
    "departments": _departments,
    "building": _in_building,
    "category": _category,
    "part_class": _part_class,
    "calendar": _calendar,
}


def beginnings(codes: Sequence[str]) -> frozenset[str]:
    """Every beginning of the codes, for duties may name any of them."""
    return frozenset(code[:n] for code in codes for n in range(1, len(code) + 1))
