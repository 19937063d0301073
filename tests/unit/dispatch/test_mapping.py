"""The map's own sums: cells of clusters, kept tiles."""

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from dispatch.reading.mapping import Cluster, TileCache, apart, cell_of, distance_m

BOX = (111.0, 26.0, 111.001, 26.001)


@given(zoom=st.floats(0, 24), latitude=st.floats(24.0, 27.0))
def test_cells_stay_put_while_the_map_moves_and_zooms_within_a_level(
    zoom: float, latitude: float
) -> None:
    here = (111.0, latitude, 111.001, latitude + 0.001)
    assert cell_of(zoom, here) == cell_of(float(int(zoom)), BOX)


def test_the_cell_halves_with_each_level() -> None:
    sizes = [cell_of(zoom, BOX) for zoom in range(6, 15)]
    assert [a / b for a, b in pairwise(sizes)] == [2.0] * 8


def test_a_box_that_is_too_large_for_its_zoom_gets_larger_cells() -> None:
    west, south, east, north = 110.5, 24.5, 112.5, 27.0
    cell = cell_of(18, (west, south, east, north))
    across = (east - west) * 111_320 / cell, (north - south) * 111_320 / cell
    assert max(across) <= 64


SIDE_M, LEAST_M = 1000.0, 600.0
Cells = Mapping[tuple[int, int], Cluster]


@st.composite
def gathered(draw: st.DrawFn) -> Cells:
    """Cells of a kilometre by the equator, each with its cases' middle anywhere in it."""
    places = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
    inside = st.tuples(st.floats(0, 0.999), st.floats(0, 0.999))
    found = {}
    for (column, row), (x, y) in draw(st.dictionaries(places, inside, max_size=30)).items():
        late = draw(st.integers(0, 3))
        count = late + draw(st.integers(1, 3))
        lon, lat = ((column + x) * SIDE_M / 111_320, (row + y) * SIDE_M / 111_320)
        found[column, row] = Cluster(
            count=count, late=late, states=Counter({"filed": count}),
            lon=lon, lat=lat, bounds=(lon, lat, lon, lat),
        )  # fmt: skip
    return found


@given(gathered())
def test_no_two_marks_lie_on_one_another_and_no_case_is_lost(cells: Cells) -> None:
    before = deepcopy(cells)
    left = apart(cells, LEAST_M)
    for one, other in combinations(left, 2):
        assert distance_m(one, other) >= LEAST_M
    for told in ("count", "late"):
        assert sum(getattr(one, told) for one in left) == sum(
            getattr(one, told) for one in before.values()
        )
    assert all(one.states.total() == one.count for one in left)
    # Each mark is where one of its cells had it, and no larger one stood beside it.
    stood = {(one.lon, one.lat): one for one in before.values()}
    for mark in left:
        own = stood.pop((mark.lon, mark.lat))
        assert mark.count >= own.count
    for gone in stood.values():
        assert any(distance_m(mark, gone) < LEAST_M and holds(mark, gone) for mark in left)


def holds(mark: Cluster, gone: Cluster) -> bool:
    west, south, east, north = mark.bounds
    return west <= gone.lon <= east and south <= gone.lat <= north


def test_the_tile_used_longest_ago_goes_first() -> None:
    cache = TileCache(most_bytes=10)
    for name in "abc":
        cache.put(name, b"1234")
        cache.get("a")
    assert [cache.get(name) for name in "abc"] == [b"1234", None, b"1234"]


def test_a_tile_that_no_cache_can_hold_is_not_kept_and_takes_no_room() -> None:
    cache = TileCache(most_bytes=10)
    cache.put("huge", b"x" * 11)
    assert cache.get("huge") is None
    cache.put("a", b"1234567890")
    cache.put("a", b"1234567890")
    assert cache.get("a") == b"1234567890"
