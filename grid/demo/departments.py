"""Departments, stations, duties and members of the demo city."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grid.demo.divisions import CITY, Community
from grid.demo.streets import URBAN_DISTRICTS
from grid.departments import Department, DepartmentKind, Duty, Member

_DATA = Path(__file__).parents[2] / "data" / "demo"
_STATION_CATEGORIES = ("E0604", "M0", "M52", "M53")
_AREAS = {"district": URBAN_DISTRICTS, "city": (CITY,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOffices:
    """Who works in the demo city."""

    departments: tuple[Department, ...]
    duties: tuple[Duty, ...]
    members: tuple[Member, ...]


def appoint(communities: Sequence[Community], data: Path = _DATA) -> DemoOffices:
    """Reads departments and duties, and adds a station for each residents' community of the urban
    districts and members (two in a residents' community, one in a village).

    A station answers for E0604, what shops owe to the pavement before their door, at first for all
    matters of social governance, and for what its counter does. Elsewhere departments do.
    """
    served = [c for c in communities if c.county in URBAN_DISTRICTS]
    stations = [_station(c) for c in served if c.is_urban]
    rows = [*_duty_rows(data / "duties.csv")]
    rows.extend((s.code, category, s.area) for s in stations for category in _STATION_CATEGORIES)
    return DemoOffices(
        departments=(*_departments(data / "departments.csv"), *stations),
        duties=tuple(
            Duty(id=i, department=department, category=category, area=area)
            for i, (department, category, area) in enumerate(rows, start=1)
        ),
        members=tuple(member for c in served for member in _members(c)),
    )


def short_name(community: Community) -> str:
    """A community's name without the word for its committee."""
    for ending in ("居民委员会", "村民委员会", "居委会", "村委会", "委员会"):
        if community.name_zh.endswith(ending):
            return community.name_zh.removesuffix(ending)
    return community.name_zh


def _departments(path: Path) -> list[Department]:
    return [
        Department(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            area=row["area"],
            kind=DepartmentKind(row["kind"]),
        )
        for row in _rows(path)
    ]


def _duty_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    for row in _rows(path):
        for area in _AREAS[row["area"]]:
            for category in row["categories"].split():
                yield f"{area}-{row['department']}", category, area


def _station(community: Community) -> Department:
    return Department(
        code=f"{community.code}-station",
        name_zh=f"{short_name(community)}网格工作站",
        name_en=f"{community.name_en} Grid Station",
        area=community.code,
        kind=DepartmentKind.STATION,
    )


def _members(community: Community) -> Iterator[Member]:
    for number in range(1, 3 if community.is_urban else 2):
        yield Member(
            subject=f"member-{community.code}-{number}",
            name=f"{short_name(community)}网格员{number}号",
            area=community.code,
        )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))
