"""Coordinate systems of files: known points, the way back, and what is refused."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import GeometryError
from geo.systems import given_system

made = cache(given_system)  # PROJ takes a while to find a way
EXACT = ("wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4326", "4490", "EPSG:4546", "EPSG:4525",
         "EPSG:3857", "EPSG:32649", "urn:ogc:def:crs:EPSG::4547")  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
@given(lon=st.floats(109.5, 113.5), lat=st.floats(24.5, 27.0))
def test_a_point_comes_back_from_every_system(name: str, lon: float, lat: float) -> None:
    system = made(name)
    back = system.to_degrees(*system.from_degrees([lon], [lat]))
    assert np.allclose(back, [[lon], [lat]], rtol=0, atol=1e-9)


def test_east_comes_first_whatever_the_authority_says() -> None:
    east, north = given_system("EPSG:4546").from_degrees([111.62], [26.22])
    assert (round(float(east[0]), 2), round(float(north[0]), 2)) == (561957.65, 2901356.41)
    assert given_system("EPSG:4258").from_degrees([111.62], [26.22])[0][0] == pytest.approx(111.62)


def test_an_old_datum_is_shifted_or_refused_and_never_taken_for_wgs84() -> None:
    lon, _ = given_system("EPSG:4214").to_degrees([111.62], [26.22])
    assert 20 < abs(float(lon[0]) - 111.62) * 99_776 < 120
    with pytest.raises(GeometryError, match="survey office"):
        given_system("EPSG:4610")


@pytest.mark.parametrize(
    "name", ["", "mars", "EPSG:99999", "EPSG:4979", "EPSG:5773", "9", "GCJ-02"]
)
def test_what_is_no_system_of_two_axes_is_refused(name: str) -> None:
    with pytest.raises(GeometryError):
        given_system(name)


@pytest.mark.parametrize("name", ["wgs84", "CGCS2000", "EPSG:4326", "OGC:CRS84", "epsg:4490"])
def test_degrees_as_they_stand_are_known_as_such(name: str) -> None:
    assert given_system(name).is_plain
