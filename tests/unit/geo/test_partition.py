"""Partitions, coverages and streets."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import outside_m2, overlaps, uncovered_m2
from geo.crs import GRID_M
from geo.errors import GeometryError
from geo.layout import StreetPlan, lay_streets
from geo.partition import is_coverage, partition, union


def wkb(shape: shapely.Geometry) -> bytes:
    return bytes(shapely.to_wkb(shape))


WEST = shapely.Polygon([(0, 0), (1000, 0), (1000, 400), (700, 700), (1000, 1000), (0, 1000)])
EAST = shapely.Polygon([(1000, 0), (2000, 0), (2000, 1000), (1000, 1000), (700, 700), (1000, 400)])
SPOT = st.tuples(st.integers(1, 69), st.integers(1, 99)).map(lambda p: (p[0] * 10.0, p[1] * 10.0))


@given(
    st.lists(SPOT, min_size=2, max_size=12, unique=True),
    st.lists(SPOT, min_size=2, max_size=12, unique=True),
)
@settings(max_examples=40)
def test_cells_of_neighbours_are_one_exact_coverage(
    west: list[tuple[float, float]], east: list[tuple[float, float]]
) -> None:
    seeds = {
        "west": (np.array([x for x, _ in west]), np.array([y for _, y in west])),
        "east": (np.array([x + 1250.0 for x, _ in east]), np.array([y for _, y in east])),
    }
    cells = partition({"west": wkb(WEST), "east": wkb(EAST)}, seeds)
    together = [cell for key in ("west", "east") for cell in cells[key]]
    assert is_coverage(together)
    assert shapely.from_wkb(union(together)).area == pytest.approx(2_000_000, abs=1)
    corners = shapely.get_coordinates(shapely.from_wkb(together)) / GRID_M
    assert np.array_equal(corners, np.round(corners))
    for key in ("west", "east"):
        for i, cell in enumerate(cells[key]):
            assert shapely.from_wkb(cell).covers(shapely.Point(seeds[key][0][i], seeds[key][1][i]))


def test_two_seeds_in_one_spot_are_refused() -> None:
    seeds = (np.array([100.0, 100.0, 500.0]), np.array([100.0, 100.0, 500.0]))
    with pytest.raises(GeometryError, match="gets no cell"):
        partition({"west": wkb(WEST)}, {"west": seeds})


def test_a_missing_vertex_on_a_shared_border_is_no_coverage() -> None:
    left = shapely.box(0, 0, 10, 10)
    right = shapely.Polygon([(10, 0), (20, 0), (20, 10), (10, 10), (10, 5)])
    assert not is_coverage([wkb(left), wkb(right)])


def test_overlaps_are_found_and_slivers_are_not() -> None:
    shapes = [
        shapely.box(0, 0, 100, 100),
        shapely.box(99.9995, 0, 200, 100),
        shapely.box(150, 50, 250, 99),
    ]
    (found,) = overlaps([wkb(shape) for shape in shapes])
    assert (found.first, found.second) == (1, 2)
    assert found.square_metres == pytest.approx(50 * 49)
    assert list(overlaps([])) == []


def test_ground_outside_the_parent_and_ground_left_uncovered_are_measured() -> None:
    parent, child = wkb(shapely.box(0, 0, 100, 100)), wkb(shapely.box(50, 0, 110, 100))
    assert outside_m2(child, parent) == pytest.approx(1000)
    assert outside_m2(wkb(shapely.box(0, 0, 100.0005, 100)), parent) == 0.0
    assert uncovered_m2({"p": parent}, {"p": [child]}) == {"p": pytest.approx(5000)}
    assert uncovered_m2({"p": parent}, {"p": [parent]}) == {}
    assert uncovered_m2({"p": parent}, {}) == {}


@given(st.floats(0.0, 1.57), st.floats(200.0, 500.0))
def test_streets_and_their_margins_stay_inside_the_area(turn: float, reach: float) -> None:
    plan = StreetPlan(turn=turn, block_m=(110.0, 150.0), margin_m=30.0, reach_m=reach)
    streets = lay_streets(wkb(WEST), (400.0, 500.0), plan)
    assert len(streets) > 0
    corners = [
        streets.at(np.arange(len(streets)), along, np.full(len(streets), aside))
        for along in (np.zeros(len(streets)), streets.length)
        for aside in (-29.0, 29.0)
    ]
    for xs, ys in corners:
        assert shapely.covers(WEST, shapely.points(xs, ys)).all()
