"""Loads the demo city into empty registers, by COPY, in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from geo import ewkb
from grid import tables
from grid.columns import SRID
from grid.copying import Cell, copy_rows
from grid.demo.borders import DemoArea, DemoAreas, draw_areas
from grid.demo.departments import DemoOffices, appoint, short_name
from grid.demo.divisions import Divisions, read_divisions
from grid.demo.housing import DemoBuilding, DemoDwelling, place_buildings
from grid.demo.parts import STANDARD, DemoPart, place_parts, read_part_classes
from grid.demo.streets import CommunityStreets, lay_city_streets
from grid.errors import DemoError

PARTS = 200_000
DWELLINGS = 133_925
"""The size of Yongzhou's own register of houses in 2015 (domain §4.6)."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSize:
    """How many parts and dwellings to make."""

    parts: int = PARTS
    dwellings: int = DWELLINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCity:
    """The demo city in memory, but for parts and housing, which are made while they load."""

    seed: int
    divisions: Divisions
    drawn: DemoAreas
    offices: DemoOffices
    streets: tuple[CommunityStreets, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCounts:
    """How many rows of each register were loaded."""

    areas: int
    departments: int
    duties: int
    members: int
    parts: int
    buildings: int
    dwellings: int


def build(seed: int) -> DemoCity:
    """Draws the demo city; the same seed always gives the same city."""
    divisions = read_divisions()
    drawn = draw_areas(divisions, seed)
    return DemoCity(
        seed=seed,
        divisions=divisions,
        drawn=drawn,
        offices=appoint(divisions.communities),
        streets=tuple(lay_city_streets(drawn, seed)),
    )


def parts_of(city: DemoCity, count: int = PARTS) -> Iterator[DemoPart]:
    """The parts of the demo city."""
    return place_parts(city.streets, read_part_classes(), count, city.seed)


def buildings_of(city: DemoCity, dwellings: int = DWELLINGS) -> Iterator[DemoBuilding]:
    """The buildings of the demo city with exactly so many dwellings."""
    names = {
        c.code: f"{city.divisions.townships[c.township]}{short_name(c)}"
        for c in city.divisions.communities
    }
    return place_buildings(city.streets, names, dwellings, city.seed)


def is_empty(connection: Connection) -> bool:
    """Whether no area map and no department is loaded yet."""
    return not connection.execute(
        text("select exists (select from map_version) or exists (select from department)")
    ).scalar_one()


def load_demo(
    connection: Connection, seed: int, progress: Progress, size: DemoSize | None = None
) -> DemoCounts:
    """Loads the demo city in the connection's transaction, which the caller commits.

    `progress(what, done, total)` is called as rows go in. The map takes effect at once, because no
    process can have seen another. Raises DemoError when the registers are not empty.
    """
    size = size or DemoSize()
    if not is_empty(connection):
        raise DemoError("the registers are not empty; the demo city goes into a new installation")
    progress("drawing", 0, 1)
    city = build(seed)
    progress("drawing", 1, 1)
    areas = _load_areas(connection, city.drawn.areas, progress)
    _load_offices(connection, city.offices)
    parts = copy_rows(
        connection,
        tables.part,
        ("code", "standard", "part_class", "name", "owner", "community", "geom"),
        _counted("parts", size.parts, map(_part_row, parts_of(city, size.parts)), progress),
    )
    buildings, dwellings = _load_housing(connection, city, size.dwellings, progress)
    _analyse(connection)
    return DemoCounts(
        areas=areas,
        departments=len(city.offices.departments),
        duties=len(city.offices.duties),
        members=len(city.offices.members),
        parts=parts,
        buildings=buildings,
        dwellings=dwellings,
    )


def _load_areas(connection: Connection, areas: tuple[DemoArea, ...], progress: Progress) -> int:
    connection.execute(
        text(
            "insert into map_version (version, effective_at, note)"
            " values (1, clock_timestamp(), 'demo city')"
        )
    )
    columns = ("code", "since_version", "level", "parent", "name_zh", "name_en", "made", "geom")
    rows = _counted("areas", len(areas), map(_area_row, areas), progress)
    return copy_rows(connection, tables.area, columns, rows)


def _load_offices(connection: Connection, offices: DemoOffices) -> None:
    copy_rows(
        connection,
        tables.department,
        ("code", "name_zh", "name_en", "area", "kind"),
        ((d.code, d.name_zh, d.name_en, d.area, d.kind) for d in offices.departments),
    )
    copy_rows(
        connection,
        tables.duty,
        ("id", "department", "category", "area"),
        ((d.id, d.department, d.category, d.area) for d in offices.duties),
    )
    connection.execute(
        text("select setval(pg_get_serial_sequence('duty', 'id'), (select max(id) from duty))")
    )
    copy_rows(
        connection,
        tables.member,
        ("subject", "name", "area", "department"),
        ((m.subject, m.name, m.area, m.department) for m in offices.members),
    )


def _load_housing(
    connection: Connection, city: DemoCity, dwellings: int, progress: Progress
) -> tuple[int, int]:
    buildings = list(buildings_of(city, dwellings))
    built = copy_rows(
        connection,
        tables.building,
        ("code", "address", "floors", "community", "geom"),
        _counted("buildings", len(buildings), map(_building_row, buildings), progress),
    )
    homes = (_dwelling_row(b, d) for b in buildings for d in b.dwellings)
    return built, copy_rows(
        connection,
        tables.dwelling,
        ("code", "building", "unit", "floor", "room", "community", "geom"),
        _counted("dwellings", dwellings, homes, progress),
    )


def _analyse(connection: Connection) -> None:
    # The planner must know the tables at once, not when autovacuum comes by.
    for name in ("area", "part", "building", "dwelling"):
        connection.execute(text(f"analyze {name}"))


def _counted(
    what: str, total: int, rows: Iterable[tuple[Cell, ...]], progress: Progress
) -> Iterator[tuple[Cell, ...]]:
    for done, row in enumerate(rows):
        if done % 2000 == 0:
            progress(what, done, total)
        yield row
    progress(what, total, total)


def _area_row(area: DemoArea) -> tuple[Cell, ...]:
    shape = ewkb.from_wkb(area.shape, SRID)
    return (
        area.code, 1, area.level, area.parent, area.name_zh, area.name_en, area.made, shape,
    )  # fmt: skip


def _part_row(part: DemoPart) -> tuple[Cell, ...]:
    kind = part.part_class
    spot = ewkb.point(part.x, part.y, SRID)
    return (part.code, STANDARD, kind.category, kind.name_zh, kind.owner, part.community, spot)


def _building_row(building: DemoBuilding) -> tuple[Cell, ...]:
    shape = ewkb.polygon(building.corners, SRID)
    return (building.code, building.address, building.floors, building.community, shape)


def _dwelling_row(building: DemoBuilding, home: DemoDwelling) -> tuple[Cell, ...]:
    spot = ewkb.point(home.x, home.y, SRID)
    return (
        home.code, building.code, home.unit, home.floor, home.room, building.community, spot,
    )  # fmt: skip
