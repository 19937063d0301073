"""The in-memory cell index agrees with PostGIS for every point, borders included (invariant 8)."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from geo.cells import CellIndex
from geo.crs import GRID_M, Projection, snap
from grid.areas import Level
from grid.columns import SRID
from grid.demo.borders import DemoArea, draw_areas
from grid.demo.divisions import read_divisions

ORACLE = """
select (select code from cell where {predicate}(cell.geom, spot) order by code collate "C" limit 1)
from unnest(cast(:xs as float8[]), cast(:ys as float8[])) with ordinality as given (x, y, number),
     lateral (select ST_SetSRID(ST_MakePoint(x, y), :srid) as spot) as made
order by number
"""
PREDICATES = ("ST_Intersects", "ST_Covers")


@cache
def communities() -> tuple[DemoArea, ...]:
    """The cells of two counties that share a border."""
    drawn = draw_areas(read_divisions(), 11, ["431102", "431103"])
    return tuple(area for area in drawn.areas if area.level is Level.COMMUNITY)


@cache
def index() -> CellIndex:
    return CellIndex([a.code for a in communities()], [a.shape for a in communities()])


@cache
def corners() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    import shapely

    return np.asarray(shapely.get_coordinates(shapely.from_wkb([a.shape for a in communities()])))


def fill(connection: Connection) -> None:
    connection.execute(
        text(f"create temporary table cell (code text, geom geometry(MultiPolygon, {SRID}))")
    )
    connection.execute(
        text("insert into cell values (:code, ST_GeomFromWKB(:shape, :srid))"),
        [{"code": a.code, "shape": a.shape, "srid": SRID} for a in communities()],
    )
    connection.execute(text("create index on cell using gist (geom)"))
    connection.execute(text("analyze cell"))


def by_postgis(
    connection: Connection, xs: Sequence[float], ys: Sequence[float], predicate: str
) -> list[str | None]:
    statement = text(ORACLE.replace("{predicate}", predicate))
    bound = {"xs": list(xs), "ys": list(ys), "srid": SRID}
    return list(connection.execute(statement, bound).scalars())


def by_index(xs: Sequence[float], ys: Sequence[float]) -> list[str | None]:
    found = index().locate(np.array(xs), np.array(ys)).tolist()
    return [index().codes[i] if i >= 0 else None for i in found]


def test_every_corner_of_every_cell_belongs_where_postgis_says(connection: Connection) -> None:
    fill(connection)
    xs, ys = corners()[:, 0].tolist(), corners()[:, 1].tolist()
    for predicate in PREDICATES:
        assert by_index(xs, ys) == by_postgis(connection, xs, ys, predicate)


def test_points_on_and_beside_every_edge_belong_where_postgis_says(connection: Connection) -> None:
    fill(connection)
    start, end = corners()[:-1], corners()[1:]
    middles = snap((start + end) / 2)
    on_line = np.vstack([middles + np.array(step) * GRID_M for step in ((0, 0), (1, 0), (0, -1))])
    xs, ys = on_line[:, 0].tolist(), on_line[:, 1].tolist()
    for predicate in PREDICATES:
        assert by_index(xs, ys) == by_postgis(connection, xs, ys, predicate)


def test_points_all_over_belong_where_postgis_says(connection: Connection) -> None:
    fill(connection)
    chance = np.random.default_rng(5)
    west, south, east, north = index().bounds()
    xs = snap(chance.uniform(west - 500, east + 500, 20_000)).tolist()
    ys = snap(chance.uniform(south - 500, north + 500, 20_000)).tolist()
    found = by_index(xs, ys)
    assert found == by_postgis(connection, xs, ys, "ST_Intersects")
    assert None in found


@given(st.data())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_points_near_any_corner_belong_where_postgis_says(
    connection: Connection, data: st.DataObject
) -> None:
    if connection.execute(text("select to_regclass('pg_temp.cell')")).scalar_one() is None:
        fill(connection)
    step = st.integers(-3000, 3000) | st.integers(-2, 2)
    drawn = data.draw(
        st.lists(st.tuples(st.integers(0, len(corners()) - 1), step, step), min_size=1, max_size=60)
    )
    xs = [float(corners()[i, 0] + dx * GRID_M) for i, dx, _ in drawn]
    ys = [float(corners()[i, 1] + dy * GRID_M) for i, _, dy in drawn]
    assert by_index(xs, ys) == by_postgis(connection, xs, ys, "ST_Intersects")


def test_the_projection_is_that_of_postgis(connection: Connection) -> None:
    chance = np.random.default_rng(6)
    lons, lats = chance.uniform(111, 112.4, 500), chance.uniform(24.6, 26.8, 500)
    xs, ys = Projection().forward(lons, lats)
    rows = connection.execute(
        text(
            "select ST_X(spot), ST_Y(spot)"
            " from unnest(cast(:lons as float8[]), cast(:lats as float8[]))"
            " with ordinality as given (lon, lat, number), lateral (select"
            " ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), :srid) as spot) as made"
            " order by number"
        ),
        {"lons": lons.tolist(), "lats": lats.tolist(), "srid": SRID},
    ).all()
    assert np.abs(np.array(rows) - np.column_stack((xs, ys))).max() < 1e-4
