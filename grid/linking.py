"""Links positions to the parts, buildings and dwellings near them, by set-based SQL.

The rule: everything within the request's radius, at most `NEAREST` of a kind, nearest first, equals
in the order of their codes. A position inside a footprint is at distance 0. The caller gives the
radius: max(30 m, min(accuracy, 100 m)) by design invariant 9. Connect with jit=off: the
planner thinks a batch far more work than it is, and compiling takes a third of its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from grid.arrays import numbers, words
from grid.columns import SRID

NEAREST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """A position in projected metres, the radius around it, and the class of part that its category
    names (P0137), or None when parts of every class count."""

    x: float
    y: float
    radius_m: float
    part_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLink:
    """A part near a position."""

    code: str
    part_class: str
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HousingLink:
    """A building or dwelling near a position."""

    code: str
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What lies near one position, nearest first."""

    parts: tuple[PartLink, ...] = ()
    buildings: tuple[HousingLink, ...] = ()
    dwellings: tuple[HousingLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPlace:
    """Class, position (projected metres) and owner of a part; owner "" where nobody knows."""

    part_class: str
    x: float
    y: float
    owner: str = ""


_LINK_PARTS = """
with request as (
    select number - 1 as number, part_class, radius,
        ST_SetSRID(ST_MakePoint(x, y), %(srid)s) as spot
    from unnest(%(x)s::float8[], %(y)s::float8[], %(radius)s::float8[], %(part_class)s::text[])
        with ordinality as given (x, y, radius, part_class, number)
)
select number, near.code, near.part_class, near.distance
from request
cross join lateral (
    select part.code, part.part_class, part.geom <-> request.spot as distance
    from part
    where ST_DWithin(part.geom, request.spot, request.radius)
      and (request.part_class is null or part.part_class = request.part_class)
    order by distance, part.code collate "C"
    limit %(nearest)s
) as near
order by number, near.distance, near.code collate "C"
"""

_LINK_HOUSING = """
with request as (
    select number - 1 as number, radius, ST_SetSRID(ST_MakePoint(x, y), %(srid)s) as spot
    from unnest(%(x)s::float8[], %(y)s::float8[], %(radius)s::float8[])
        with ordinality as given (x, y, radius, number)
)
select number, near.code, near.distance
from request
cross join lateral (
    select home.code, home.geom <-> request.spot as distance
    from {table} as home
    where ST_DWithin(home.geom, request.spot, request.radius)
    order by distance, home.code collate "C"
    limit %(nearest)s
) as near
order by number, near.distance, near.code collate "C"
"""
_LINK_BUILDINGS = _LINK_HOUSING.replace("{table}", "building")
_LINK_DWELLINGS = _LINK_HOUSING.replace("{table}", "dwelling")

_PART_PLACES = """
select code, part_class, ST_X(geom), ST_Y(geom), owner from part where code = any(%(codes)s)
"""


def link_batch(connection: Connection, requests: Sequence[LinkRequest]) -> list[Links]:
    """What lies near each position, in the order of the requests; three statements a batch."""
    if not requests:
        return []
    bound: dict[str, Any] = {
        "x": numbers(r.x for r in requests),
        "y": numbers(r.y for r in requests),
        "radius": numbers(r.radius_m for r in requests),
        "part_class": words(r.part_class for r in requests),
        "srid": SRID,
        "nearest": NEAREST,
    }
    parts: list[list[PartLink]] = [[] for _ in requests]
    for i, code, part_class, distance in connection.exec_driver_sql(_LINK_PARTS, bound):
        parts[i].append(PartLink(code=code, part_class=part_class, distance_m=distance))
    buildings = _housing(connection, _LINK_BUILDINGS, bound, len(requests))
    dwellings = _housing(connection, _LINK_DWELLINGS, bound, len(requests))
    return [
        Links(parts=tuple(p), buildings=tuple(b), dwellings=tuple(d))
        for p, b, d in zip(parts, buildings, dwellings, strict=True)
    ]


def part_place(connection: Connection, codes: Sequence[str]) -> Mapping[str, PartPlace]:
    """Class, position and owner of the parts among `codes` that the register has."""
    rows = connection.exec_driver_sql(_PART_PLACES, {"codes": list(codes)})
    return {
        code: PartPlace(part_class=kind, x=x, y=y, owner=owner) for code, kind, x, y, owner in rows
    }


def part_owners(connection: Connection) -> list[str]:
    """Every owner that the register of parts names."""
    rows = connection.exec_driver_sql("select distinct owner from part where owner <> ''")
    return sorted(owner for (owner,) in rows)


def _housing(
    connection: Connection, statement: str, bound: Mapping[str, Any], count: int
) -> list[list[HousingLink]]:
    found: list[list[HousingLink]] = [[] for _ in range(count)]
    for i, code, distance in connection.exec_driver_sql(statement, dict(bound)):
        found[i].append(HousingLink(code=code, distance_m=distance))
    return found
