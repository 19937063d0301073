"""The in-memory cell index: the border rule, and what an exhaustive search would find."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import CellIndex
from geo.errors import GeometryError, SnapshotError


def square(x: float, y: float, side: float = 10.0) -> bytes:
    return bytes(shapely.to_wkb(shapely.box(x, y, x + side, y + side)))


def chessboard(side: int = 4) -> CellIndex:
    """Cells of ten metres; codes run against the order they are given in."""
    spots = [(i, j) for i in range(side) for j in range(side)]
    return CellIndex(
        [f"c{99 - n:02d}" for n in range(len(spots))],
        [square(10.0 * i, 10.0 * j) for i, j in spots],
    )


COORDINATE = st.one_of(
    st.integers(-1, 9).map(lambda n: n * 5.0),
    st.floats(-5.0, 45.0).map(lambda v: round(v * 1024) / 1024),
)


def exhaustive(index: CellIndex, x: float, y: float) -> int:
    shapes = [shapely.from_wkb(shape) for shape in index._shapes]
    holding = [i for i, s in enumerate(shapes) if s.intersects(shapely.Point(x, y))]
    return min(holding, key=lambda i: index.codes[i], default=-1)


@given(st.lists(st.tuples(COORDINATE, COORDINATE), max_size=40))
def test_locate_finds_what_an_exhaustive_search_finds(points: list[tuple[float, float]]) -> None:
    index = chessboard()
    xs = np.array([x for x, _ in points])
    ys = np.array([y for _, y in points])
    found = index.locate(xs, ys).tolist()
    assert found == [exhaustive(index, x, y) for x, y in points]
    assert found == [index.locate_one(x, y) for x, y in points]


def test_a_point_on_a_border_belongs_to_the_lowest_code() -> None:
    index = CellIndex(
        ["b", "a", "d", "c"], [square(0, 0), square(10, 0), square(0, 10), square(10, 10)]
    )
    assert index.codes[index.locate_one(10.0, 5.0)] == "a"
    assert index.codes[index.locate_one(5.0, 10.0)] == "b"
    assert index.codes[index.locate_one(10.0, 10.0)] == "a"
    assert index.locate_one(20.001, 10.0) == -1


CIRCLE = st.tuples(
    COORDINATE, COORDINATE, st.one_of(st.sampled_from([0.0, 5.0, 10.0]), st.floats(0.001, 30.0))
)


@given(st.lists(CIRCLE, max_size=20))
def test_settling_names_the_cell_and_every_cell_within_the_radius_where_there_are_several(
    circles: list[tuple[float, float, float]],
) -> None:
    index = chessboard()
    xs, ys, radii = (np.array([c[n] for c in circles], dtype=np.float64) for n in range(3))
    found, touched = index.settle(xs, ys, radii)
    for n, (x, y, radius) in enumerate(circles):
        own, near = exhaustive(index, x, y), within_radius(index, x, y, radius)
        expected = near if radius > 0 and len(near) > 1 else ()
        assert (found[n], touched.get(n, ())) == (own, expected)
        assert index.settle_one(x, y, radius) == (own, expected if own >= 0 else ())


def within_radius(index: CellIndex, x: float, y: float, radius: float) -> tuple[str, ...]:
    shapes = [shapely.from_wkb(shape) for shape in index._shapes]
    spot = shapely.Point(x, y)
    return tuple(sorted(index.codes[i] for i, s in enumerate(shapes) if s.distance(spot) <= radius))


def test_the_nearest_cell_is_named_with_its_distance_and_ties_go_to_the_lowest_code() -> None:
    index = CellIndex(["b", "a"], [square(0, 0), square(0, 10)])
    nearest = index.nearest(13.0, 10.0)
    assert nearest is not None
    assert (nearest.code, nearest.distance_m) == ("a", 3.0)
    assert CellIndex([], []).nearest(0.0, 0.0) is None


def test_an_empty_index_holds_no_point() -> None:
    index = CellIndex([], [])
    assert index.locate(np.array([1.0]), np.array([1.0])).tolist() == [-1]
    assert index.locate_one(1.0, 1.0) == -1
    assert index.settle_one(1.0, 1.0, 5.0) == (-1, ())


def test_a_snapshot_answers_as_the_index_it_was_made_from() -> None:
    index = chessboard()
    again = CellIndex.from_bytes(index.to_bytes())
    assert again.codes == index.codes
    assert again.to_bytes() == index.to_bytes()
    assert again.locate_one(10.0, 10.0) == index.locate_one(10.0, 10.0)


@pytest.mark.parametrize("cut", [0, 5, 9, 13, 60, -1])
def test_a_damaged_snapshot_is_refused(cut: int) -> None:
    with pytest.raises(SnapshotError):
        CellIndex.from_bytes(chessboard().to_bytes()[:cut])


@pytest.mark.parametrize(
    ("codes", "shapes", "reason"),
    [
        (["a", "a"], [square(0, 0), square(10, 0)], "given twice"),
        (["a"], [], "one for each"),
        (["a"], [b"nonsense"], "not WKB"),
        (["a"], [bytes(shapely.to_wkb(shapely.Point(1, 1)))], "give a polygon"),
        (["a"], [bytes(shapely.to_wkb(shapely.Polygon()))], "give a polygon"),
        (
            ["a"],
            [bytes(shapely.to_wkb(shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])))],
            "mend its border",
        ),
    ],
)
def test_cells_that_cannot_be_used_are_refused(
    codes: list[str], shapes: list[bytes], reason: str
) -> None:
    with pytest.raises(GeometryError, match=reason):
        CellIndex(codes, shapes)
