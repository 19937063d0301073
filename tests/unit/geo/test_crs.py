"""Conversions between coordinate systems, against the reference points of domain §5."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import (
    GRID_M,
    Crs,
    Projection,
    from_wgs84,
    snap,
    snap_one,
    to_wgs84,
    to_wgs84_one,
)

CHINA = st.tuples(st.floats(74.0, 134.0), st.floats(4.0, 53.0))
YONGZHOU = st.tuples(st.floats(110.9, 112.5), st.floats(24.6, 26.9))


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        ((111.60, 26.46), (111.60524, 26.456396)),
        ((111.62, 26.22), (111.625239, 26.216514)),
        ((111.58, 25.18), (111.585153, 25.17697)),
        ((111.85, 26.59), (111.855322, 26.586422)),
    ],
)
def test_gcj02_meets_the_reference_points(
    wgs: tuple[float, float], gcj: tuple[float, float]
) -> None:
    lon, lat = from_wgs84([wgs[0]], [wgs[1]], Crs.GCJ02)
    assert (lon[0], lat[0]) == pytest.approx(gcj, abs=6e-7)


def test_bd09_lies_twelve_hundred_metres_away() -> None:
    projection = Projection()
    for lon, lat in ((111.60, 26.46), (111.62, 26.22), (111.58, 25.18), (111.85, 26.59)):
        bd_lon, bd_lat = from_wgs84([lon], [lat], Crs.BD09)
        x, y = projection.forward([lon, bd_lon[0]], [lat, bd_lat[0]])
        assert 1195 < math.hypot(x[1] - x[0], y[1] - y[0]) < 1225


def test_the_projection_meets_the_check_point() -> None:
    assert Projection().forward_one(111.62, 26.22) == pytest.approx(
        (561_957.65, 2_901_356.41), abs=0.006
    )


@given(CHINA, st.sampled_from(list(Crs)))
def test_every_conversion_is_undone_by_its_inverse(point: tuple[float, float], crs: Crs) -> None:
    lon, lat = to_wgs84(*from_wgs84([point[0]], [point[1]], crs), crs)
    assert (lon[0], lat[0]) == pytest.approx(point, abs=1e-9)


@given(CHINA, st.sampled_from(list(Crs)))
def test_one_point_converts_like_an_array_of_one(point: tuple[float, float], crs: Crs) -> None:
    lon, lat = to_wgs84([point[0]], [point[1]], crs)
    assert to_wgs84_one(*point, crs) == pytest.approx((lon[0], lat[0]), abs=1e-11)


@given(st.sampled_from([(0.0, 0.0), (-74.0, 40.7), (180.0, -90.0)]), st.sampled_from(list(Crs)))
def test_positions_outside_china_stay_near_where_they_are(
    point: tuple[float, float], crs: Crs
) -> None:
    assert to_wgs84_one(*point, crs) == pytest.approx(point, abs=0.02)


@pytest.mark.parametrize("crs", list(Crs))
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_numbers_that_are_no_degrees_do_not_raise(bad: float, crs: Crs) -> None:
    to_wgs84_one(bad, 26.0, crs)
    to_wgs84_one(111.0, bad, crs)
    to_wgs84([bad], [26.0], crs)


@given(YONGZHOU)
def test_the_projection_is_undone_by_its_inverse(point: tuple[float, float]) -> None:
    projection = Projection()
    assert projection.inverse_one(*projection.forward_one(*point)) == pytest.approx(
        point, abs=1e-10
    )


@given(st.floats(-1e7, 1e7))
def test_snapped_metres_are_exact_multiples_of_the_grid(metres: float) -> None:
    snapped = snap_one(metres)
    assert snapped / GRID_M == int(snapped / GRID_M)
    assert abs(snapped - metres) <= GRID_M / 2
    assert snap(np.array([metres]))[0] == snapped
