"""Addresses of tiles and their boxes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.tiles import Tile, TileError, overlap


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ((-1, 0, 0), "z"),
        ((23, 0, 0), "z"),
        ((3, 8, 0), "x"),
        ((3, -1, 0), "x"),
        ((3, 0, 8), "y"),
        ((0, 0, 1), "y"),
        ((5, 10**30, 0), "x"),
    ],
)
def test_a_tile_that_there_is_not_is_refused_by_its_field(
    address: tuple[int, int, int], field: str
) -> None:
    with pytest.raises(TileError) as refused:
        Tile(*address)
    assert refused.value.field == field


def test_the_whole_world_is_one_tile() -> None:
    west, south, east, north = Tile(0, 0, 0).bounds()
    assert (west, east) == (-180, 180)
    assert round(north, 6) == 85.051129
    assert round(south, 6) == -85.051129


@given(z=st.integers(0, 21), x=st.integers(0, 2**21), y=st.integers(0, 2**21))
def test_four_tiles_make_the_one_above(z: int, x: int, y: int) -> None:
    x, y = x % 2**z, y % 2**z
    west, south, east, north = Tile(z, x, y).bounds()
    first = Tile(z + 1, 2 * x, 2 * y).bounds()
    last = Tile(z + 1, 2 * x + 1, 2 * y + 1).bounds()
    assert (first[0], last[1], last[2], first[3]) == pytest.approx((west, south, east, north))


def test_boxes_that_only_touch_share_nothing() -> None:
    assert overlap((0, 0, 1, 1), (1, 0, 2, 1)) is None
    assert overlap((0, 0, 1, 1), (0.5, -3, 9, 0.25)) == (0.5, 0, 1, 0.25)
    assert overlap((0, 0, 1, 1), (1.5, 0, 2, 1), 0.75) == (0.75, 0, 1, 1)
