"""What a map moves: the parts and housing whose community it draws elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, text

from grid.areas import AreaMap, above, load_map, map_versions
from grid.arrays import words
from grid.columns import SRID

Areas = tuple[str, str, str]
"""City, district, community."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A row of a register whose community changes; `new` None: no community holds it."""

    register: str
    code: str
    old: str
    new: str | None


_ROWS: Mapping[str, str] = {
    "parts": "select code, community, ST_X(geom), ST_Y(geom) from part order by code",
    "buildings": """
        select code, community, ST_X(spot), ST_Y(spot)
        from building, ST_PointOnSurface(geom) as spot order by code
    """,
    "dwellings": "select code, community, ST_X(geom), ST_Y(geom) from dwelling order by code",
}
_MOVE: Mapping[str, str] = {
    name: statement + " from unnest(cast(:codes as text[]), cast(:communities as text[]))"
    " as given (code, community) where " + table + ".code = given.code"
    for name, table, statement in (
        ("parts", "part", "update part set community = given.community"),
        ("buildings", "building", "update building set community = given.community"),
        ("dwellings", "dwelling", "update dwelling set community = given.community"),
    )
}


def areas_at(area_map: AreaMap, xs: Sequence[float], ys: Sequence[float]) -> list[Areas | None]:
    """City, district and community of positions in projected metres; None outside of all."""
    if not xs:
        return []
    cells = area_map.cells
    known: dict[int, Areas] = {}
    found: list[Areas | None] = []
    for cell in cells.locate(np.array(xs), np.array(ys)).tolist():
        if cell >= 0 and cell not in known:
            code = cells.codes[cell]
            known[cell] = (*above(area_map.areas, code), code)
        found.append(known.get(cell))
    return found


def register_moves(connection: Connection, area_map: AreaMap) -> list[Moved]:
    """The parts, buildings and dwellings that a map puts into another community.

    One whose register names a neighbour's community stays, if every earlier map said of its
    position what this one says: the register knew better then, and nothing has changed since.
    """
    found = [
        candidate
        for register, query in _ROWS.items()
        for candidate in _candidates(connection, register, query, area_map)
    ]
    drawn = [one.moved.old not in area_map.areas for one in found]
    if not all(drawn):
        xs, ys = [one.x for one in found], [one.y for one in found]
        for earlier in _earlier(connection, area_map.version):
            for i, then in enumerate(areas_at(earlier, xs, ys)):
                drawn[i] = drawn[i] or (None if then is None else then[2]) != found[i].moved.new
    return [one.moved for one, is_drawn in zip(found, drawn, strict=True) if is_drawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    moved: Moved
    x: float
    y: float


def _candidates(
    connection: Connection, register: str, query: str, area_map: AreaMap
) -> Iterator[_Candidate]:
    """The rows whose register says another community than the map."""
    rows = connection.execute(text(query)).all()
    now = areas_at(area_map, [row[2] for row in rows], [row[3] for row in rows])
    for (code, stated, x, y), areas in zip(rows, now, strict=True):
        community = None if areas is None else areas[2]
        if community != stated:
            moved = Moved(register=register, code=code, old=stated, new=community)
            yield _Candidate(moved=moved, x=x, y=y)


def _earlier(connection: Connection, version: int) -> Iterator[AreaMap]:
    for one in map_versions(connection):
        if one.version < version:
            yield load_map(connection, one.effective_at)


def move_rows(connection: Connection, moves: Sequence[Moved]) -> int:
    """Writes the new communities; what lies outside of all keeps its own. Answers how many."""
    count = 0
    for register, statement in _MOVE.items():
        chosen = [(m.code, m.new) for m in moves if m.register == register and m.new is not None]
        if chosen:
            codes, communities = zip(*chosen, strict=True)
            values = {"codes": words(codes), "communities": words(communities)}
            count += connection.execute(text(statement), values).rowcount
    return count


def nearest_community(
    connection: Connection, version: int, district: str, x: float, y: float
) -> str | None:
    """The community of a district that lies nearest to a point (metres, EPSG:4546), by the map of
    that version; of two as near, the first code. None when it has none."""
    return connection.execute(
        text("""
            with recursive below (code) as (
                select cast(:district as text)
                union all
                select a.code from area a join below on a.parent = below.code
                where a.since_version <= :version
                    and (a.until_version is null or a.until_version > :version)
            )
            select a.code from area a join below using (code)
            where a.level = 'community' and a.since_version <= :version
                and (a.until_version is null or a.until_version > :version)
            order by ST_Distance(a.geom, ST_SetSRID(ST_MakePoint(:x, :y), :srid)), a.code limit 1
        """),
        {"version": version, "district": district, "x": x, "y": y, "srid": SRID},
    ).scalar_one_or_none()
