"""Placing positions on a small map: two districts of four communities each."""

from datetime import UTC, datetime

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import CellIndex
from geo.crs import Crs, Projection, from_wgs84
from geo.errors import SnapshotError
from grid.areas import Area, AreaMap, Level, Outside, Place, within
from grid.errors import RegisterError

# The south-western corner, on the grid, of eight squares of a kilometre in two rows.
X0, Y0, SIDE = 561_000.0, 2_901_000.0, 1000.0
PROJECTION = Projection()


def area(code: str, level: Level, parent: str | None) -> Area:
    west, south = PROJECTION.inverse_one(X0, Y0)
    east, north = PROJECTION.inverse_one(X0 + 4 * SIDE, Y0 + 2 * SIDE)
    return Area(
        code=code,
        level=level,
        parent=parent,
        name_zh=f"名{code}",
        name_en=f"Name {code}",
        made=True,
        bbox=(west, south, east, north),
    )


def small_map() -> AreaMap:
    areas = [area("431100", Level.CITY, None)]
    codes, shapes = [], []
    for column in range(4):
        district = "431102" if column < 2 else "431103"
        for row in range(2):
            code = f"{district}0010{column}{row}"
            areas.append(area(code, Level.COMMUNITY, district))
            codes.append(code)
            west, south = X0 + column * SIDE, Y0 + row * SIDE
            box = shapely.box(west, south, west + SIDE, south + SIDE)
            shapes.append(bytes(shapely.to_wkb(box)))
    areas += [area(code, Level.DISTRICT, "431100") for code in ("431102", "431103")]
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    return AreaMap(3, moment, {a.code: a for a in areas}, CellIndex(codes, shapes), PROJECTION)


MAP = small_map()


def at(x: float, y: float) -> tuple[float, float]:
    return PROJECTION.inverse_one(x, y)


def test_a_position_gets_its_city_district_and_community() -> None:
    place = MAP.place(*at(X0 + 2500, Y0 + 500), Crs.WGS84, None)
    assert isinstance(place, Place)
    assert (place.city, place.district, place.community) == ("431100", "431103", "431103001020")
    assert place.map_version == 3
    assert (place.x, place.y) == (X0 + 2500, Y0 + 500)
    assert place.candidates == ()


@pytest.mark.parametrize("crs", list(Crs))
def test_a_position_is_found_in_whatever_system_it_is_given(crs: Crs) -> None:
    lon, lat = at(X0 + 100, Y0 + 1500)
    given_lon, given_lat = from_wgs84([lon], [lat], crs)
    place = MAP.place(given_lon[0], given_lat[0], crs, 10.0)
    assert isinstance(place, Place)
    assert place.community == "431102001001"
    assert (place.lon, place.lat) == pytest.approx((lon, lat), abs=1e-9)


def test_candidates_are_named_only_when_the_circle_crosses_a_border() -> None:
    near = MAP.place(*at(X0 + 1010, Y0 + 500), Crs.WGS84, 15.0)
    clear = MAP.place(*at(X0 + 1010, Y0 + 500), Crs.WGS84, 9.0)
    assert isinstance(near, Place)
    assert isinstance(clear, Place)
    assert near.candidates == ("431102001000", "431102001010")
    assert near.community in near.candidates
    assert clear.candidates == ()


def test_a_position_outside_is_told_the_nearest_community_and_the_distance() -> None:
    answer = MAP.place(*at(X0 - 250, Y0 + 500), Crs.WGS84, 5.0)
    assert isinstance(answer, Outside)
    assert (answer.nearest_code, answer.nearest_name) == ("431102001000", "名431102001000")
    assert answer.distance_m == pytest.approx(250, abs=0.002)


@pytest.mark.parametrize("lonlat", [(0.0, 0.0), (26.22, 111.62), (-68.0, -26.0), (180.0, 90.0)])
def test_a_position_at_the_other_end_of_the_world_has_a_finite_distance(
    lonlat: tuple[float, float],
) -> None:
    answer = MAP.place(*lonlat, Crs.WGS84, None)
    assert isinstance(answer, Outside)
    assert answer.nearest_code == "431100"
    assert 1e6 < answer.distance_m < 2.1e7


def on_borders() -> st.SearchStrategy[tuple[float, float]]:
    """Positions on borders and corners, and a few millimetres beside them."""
    steps = st.integers(-2, 2).map(lambda n: n / 1024)
    along = st.one_of(st.integers(0, 8).map(lambda n: n / 2), st.floats(0, 4))
    return st.tuples(along, st.integers(0, 2), steps, steps).map(
        lambda p: at(X0 + p[0] * SIDE + p[2], Y0 + p[1] * SIDE + p[3])
    )


@given(st.lists(on_borders(), min_size=2, max_size=10), st.sampled_from([0.0, 0.001, 8.0, 2500.0]))
def test_a_batch_on_the_borders_is_placed_as_its_positions_one_by_one(
    spots: list[tuple[float, float]], accuracy: float
) -> None:
    lons, lats = [spot[0] for spot in spots], [spot[1] for spot in spots]
    count = len(spots)
    many = MAP.place_many(lons, lats, [Crs.WGS84] * count, [accuracy] * count)
    assert many == [MAP.place(*spot, Crs.WGS84, accuracy) for spot in spots]


POSITION = st.tuples(
    st.one_of(st.floats(111.59, 111.68), st.floats(-180, 180)),
    st.one_of(st.floats(26.20, 26.26), st.floats(-90, 90)),
    st.sampled_from(list(Crs)),
    st.one_of(st.none(), st.floats(0.0, 500.0)),
)


@given(st.lists(POSITION, max_size=15))
def test_a_batch_is_placed_as_its_positions_one_by_one(
    positions: list[tuple[float, float, Crs, float | None]],
) -> None:
    many = MAP.place_many(
        [p[0] for p in positions],
        [p[1] for p in positions],
        [p[2] for p in positions],
        [p[3] for p in positions],
    )
    assert many == [MAP.place(*position) for position in positions]


def test_a_snapshot_of_a_map_places_as_the_map() -> None:
    again = AreaMap.from_bytes(MAP.to_bytes())
    assert (again.version, again.effective_at, again.areas) == (
        MAP.version,
        MAP.effective_at,
        MAP.areas,
    )
    spot = at(X0 + 1000, Y0 + 1000)
    assert again.place(*spot, Crs.WGS84, 20.0) == MAP.place(*spot, Crs.WGS84, 20.0)


@pytest.mark.parametrize("cut", [0, 7, 11, 40, -1])
def test_a_damaged_map_snapshot_is_refused(cut: int) -> None:
    with pytest.raises(SnapshotError, match="delete the snapshot"):
        AreaMap.from_bytes(MAP.to_bytes()[:cut])


def test_within_names_an_area_and_all_below_it() -> None:
    assert within(MAP.areas, "431103001020") == {"431103001020"}
    assert len(within(MAP.areas, "431102")) == 5
    assert within(MAP.areas, "431100") == frozenset(MAP.areas)
    assert within(MAP.areas, "999999") == frozenset()


def test_a_community_without_a_district_makes_no_map() -> None:
    box = bytes(shapely.to_wkb(shapely.box(0, 0, 1, 1)))
    orphan = {a.code: a for a in (area("1", Level.CITY, None), area("2", Level.COMMUNITY, "1"))}
    with pytest.raises(RegisterError, match="no district"):
        AreaMap(1, datetime(2026, 1, 1, tzinfo=UTC), orphan, CellIndex(["2"], [box]))


def test_a_map_has_exactly_one_city() -> None:
    with pytest.raises(RegisterError, match="exactly one"):
        AreaMap(1, datetime(2026, 1, 1, tzinfo=UTC), {}, CellIndex([], []))
