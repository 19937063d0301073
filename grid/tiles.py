"""Vector tiles of the registers: areas with their label points, and from zoom 15 parts and housing.

A tile is what PostGIS makes of it (`ST_AsMVT`); this module says which rows it may see. Tiles are
those of the web: EPSG:3857, `y` counted from the north.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from grid.areas import Level
from grid.columns import SRID
from grid.errors import GridError

DEEPEST = 22
REGISTERS_FROM = 15
LEVELS_FROM = {
    Level.CITY: 0,
    Level.DISTRICT: 6,
    Level.STREET: 9,
    Level.COMMUNITY: 10,
    Level.CELL: 14,
}
# How far beyond its border a tile reads, as a part of its width; lines are drawn past the border.
MARGIN = 64 / 4096

Bounds = tuple[float, float, float, float]


class TileError(GridError):
    """A tile that there is not; `field` is the part of its address that is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Tile:
    """The address of a tile; raises TileError for one that there is not."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= DEEPEST:
            raise TileError("z", f"must be 0 to {DEEPEST}")
        last = 2**self.z - 1
        for name, value in (("x", self.x), ("y", self.y)):
            if not 0 <= value <= last:
                raise TileError(name, f"must be 0 to {last} at zoom {self.z}")

    def bounds(self, margin: float = 0.0) -> Bounds:
        """West, south, east, north in degrees; `margin` widens it by parts of its width."""
        tiles = 2**self.z
        west = (self.x - margin) / tiles * 360 - 180
        east = (self.x + 1 + margin) / tiles * 360 - 180
        return west, _latitude(self.y + 1 + margin, tiles), east, _latitude(self.y - margin, tiles)


def _latitude(row: float, tiles: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / tiles))))


def overlap(bounds: Bounds, other: Bounds, margin: float = 0.0) -> Bounds | None:
    """What two boxes of degrees share, the second widened by `margin`; None when it is nothing."""
    west, south = max(bounds[0], other[0] - margin), max(bounds[1], other[1] - margin)
    east, north = min(bounds[2], other[2] + margin), min(bounds[3], other[3] + margin)
    return (west, south, east, north) if west < east and south < north else None


# A parallel is bent in the projected system: without the corners between, the box of the
# transformed rectangle would miss up to 400 m at the middle of its southern edge.
WITHIN = """{geom} && ST_Expand(ST_Transform(ST_Segmentize(
    ST_MakeEnvelope(:west, :south, :east, :north, 4326), 0.1), {srid}), 5)"""

_AREAS = """
with seen as (
    select a.code, a.level, a.name_zh, a.name_en, a.parent, a.geom
    from area a
    where a.since_version <= :version
      and (a.until_version is null or a.until_version > :version)
      and a.level = any(:levels) and a.code = any(:codes) and {within}
), borders as (
    select code, level, name_zh, name_en, parent, ST_AsMVTGeom(
        ST_Transform(geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 64, true) as geom
    from seen
), labels as (
    select code, level, name_zh, name_en, ST_AsMVTGeom(
        ST_Transform(ST_PointOnSurface(geom), 3857), ST_TileEnvelope(:z, :x, :y),
        4096, 0, true) as geom
    from seen
)
select coalesce((select ST_AsMVT(b, 'areas', 4096, 'geom')
        from (select * from borders where geom is not null order by code) as b), '')
    || coalesce((select ST_AsMVT(l, 'labels', 4096, 'geom')
        from (select * from labels where geom is not null order by code) as l), '')
"""

_REGISTERS = """
with parts as (
    select code, part_class, name, ST_AsMVTGeom(
        ST_Transform(r.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 0, true) as geom
    from part r where r.community = any(:codes) and {within}
), buildings as (
    select code, floors, ST_AsMVTGeom(
        ST_Transform(r.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 64, true) as geom
    from building r where r.community = any(:codes) and {within}
), dwellings as (
    select code, building, ST_AsMVTGeom(
        ST_Transform(r.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 0, true) as geom
    from dwelling r where r.community = any(:codes) and {within}
)
select coalesce((select ST_AsMVT(p, 'parts', 4096, 'geom')
        from (select * from parts where geom is not null order by code) as p), '')
    || coalesce((select ST_AsMVT(b, 'buildings', 4096, 'geom')
        from (select * from buildings where geom is not null order by code) as b), '')
    || coalesce((select ST_AsMVT(d, 'dwellings', 4096, 'geom')
        from (select * from dwellings where geom is not null order by code) as d), '')
"""


def within_bounds(geom: str) -> str:
    """SQL that holds for a geometry near the box of degrees `:west … :north`, by its index."""
    return WITHIN.replace("{geom}", geom).replace("{srid}", str(SRID))


AREAS = text(_AREAS.replace("{within}", within_bounds("a.geom")))
REGISTERS = text(_REGISTERS.replace("{within}", within_bounds("r.geom")))


def area_tile(
    connection: Connection, tile: Tile, bounds: Bounds, version: int, codes: Iterable[str]
) -> bytes:
    """Borders and label points of those areas of a map version that `codes` allows.

    `bounds` is the part of the tile that can hold anything.
    """
    levels = [level.value for level, since in LEVELS_FROM.items() if tile.z >= since]
    values = {"version": version, "levels": levels, **_frame(tile, bounds, codes)}
    return bytes(connection.execute(AREAS, values).scalar_one())


def register_tile(
    connection: Connection, tile: Tile, bounds: Bounds, codes: Iterable[str]
) -> bytes:
    """Parts, buildings and dwellings in the communities that `codes` allows."""
    if tile.z < REGISTERS_FROM:
        raise TileError("z", f"must be {REGISTERS_FROM} or more: registers are shown from there")
    return bytes(connection.execute(REGISTERS, _frame(tile, bounds, codes)).scalar_one())


def _frame(tile: Tile, bounds: Bounds, codes: Iterable[str]) -> dict[str, object]:
    west, south, east, north = bounds
    return {
        "z": tile.z, "x": tile.x, "y": tile.y, "codes": list(codes),
        "west": west, "south": south, "east": east, "north": north,
    }  # fmt: skip
