"""Neighbours share corners after noding, and nothing else changes."""

import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import Projection
from geo.noding import ON_EDGE_DEG, node
from geo.partition import is_coverage
from geo.shapes import from_degrees, from_degrees_together, to_degrees


def corners(shape: shapely.Geometry) -> set[tuple[float, float]]:
    return {(x, y) for x, y in shapely.get_coordinates(shape).tolist()}


def test_an_edge_gets_the_corners_of_its_neighbours_in_order() -> None:
    long = shapely.box(0.0, 0.0, 1.0, 1.0)
    small = [shapely.box(1.0, south, 2.0, south + 0.25) for south in (0.0, 0.25, 0.5, 0.75)]
    richer, *others = node([long, *small])
    assert richer is not None
    assert corners(richer) - corners(long) == {(1.0, 0.25), (1.0, 0.5), (1.0, 0.75)}
    assert richer.equals(long)
    assert others == [None] * 4


def test_shapes_that_share_their_corners_already_stay_as_they_are() -> None:
    assert node([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]) == [None, None]
    assert node([]) == []


def test_a_corner_beside_an_edge_is_taken_in_only_when_it_is_on_it() -> None:
    plain = shapely.box(0.0, 0.0, 1.0, 1.0)
    on = shapely.Polygon([(1.0 + ON_EDGE_DEG / 2, 0.5), (2.0, 0.0), (2.0, 1.0)])
    beside = shapely.Polygon([(1.0 + ON_EDGE_DEG * 3, 0.5), (2.0, 0.0), (2.0, 1.0)])
    assert node([plain, on])[0] is not None
    assert node([plain, beside]) == [None, None]


def test_holes_and_parts_keep_their_places() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [shapely.box(3, 3, 6, 6).exterior])
    island = shapely.box(20, 0, 21, 1)
    whole = shapely.MultiPolygon([ring, island])
    inner = [shapely.box(3, 3, 4.5, 6), shapely.box(4.5, 3, 6, 6)]
    richer = node([whole, *inner])[0]
    assert richer is not None
    assert richer.equals(whole)
    assert corners(richer) - corners(whole) == {(4.5, 3.0), (4.5, 6.0)}
    assert [len(part.interiors) for part in richer.geoms] == [1, 0]


CUTS = st.lists(st.integers(1, 99), min_size=1, max_size=6, unique=True).map(sorted)


@given(CUTS, CUTS)
def test_what_parts_the_ground_in_degrees_parts_it_in_metres(
    lower: list[int], upper: list[int]
) -> None:
    geometries = []
    for (south, north), cuts in (((26.0, 26.4), lower), ((26.4, 27.0), upper)):
        sides = [111.0 + cut / 100 for cut in (0, *cuts, 100)]
        geometries += [
            shapely.geometry.mapping(shapely.box(sides[i], south, sides[i + 1], north))
            for i in range(len(sides) - 1)
        ]
    projection = Projection()
    together = from_degrees_together(geometries, [], projection)
    shapes = [shape for shape in together.shapes if isinstance(shape, bytes)]
    assert len(shapes) == len(geometries)
    assert is_coverage(shapes)


@given(st.floats(110.0, 112.4), st.floats(24.6, 26.8), st.floats(0.001, 0.05))
def test_a_shape_comes_back_from_degrees_to_the_same_corners(
    west: float, south: float, side: float
) -> None:
    projection = Projection()
    shape = from_degrees(
        shapely.geometry.mapping(shapely.box(west, south, west + side, south + side)), projection
    )
    assert from_degrees(to_degrees(shape, projection), projection) == shape
