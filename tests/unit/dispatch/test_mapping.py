"""The map's own sums: cells of clusters, kept tiles."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dispatch.reading.mapping import TileCache, cell_of

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
