"""Coordinate systems that positions arrive in, and the projected system the city works in.

Arrays are one-dimensional float64; longitudes and latitudes are degrees, x is the easting and y the
northing in metres. GCJ-02 and BD-09 follow the public polynomial (domain §5), which is itself
within one or two metres of the official one.
"""

import math
from enum import StrEnum
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

FloatArray: TypeAlias = npt.NDArray[np.float64]
Number = TypeVar("Number", float, FloatArray)

CITY_EPSG = 4546
"""CGCS2000 / 3-degree Gauss-Kruger, central meridian 111°E: the zone that holds all of Yongzhou."""

GRID_M = 1 / 1024
"""Positions and borders lie on multiples of this, about a millimetre.

A power of two: every coordinate is then exact in double precision, and so is the cross product that
tells the side of a border of up to 65 km. In-memory lookup and PostGIS cannot disagree.
"""

_CHINA = (72.004, 137.8347, 0.8293, 55.8271)
_GCJ_A = 6378245.0
_GCJ_EE = 0.00669342162296594323
_BD_K = math.pi * 3000.0 / 180.0
_CONVERGED_DEG = 1e-12
_MAX_ROUNDS = 20


class Crs(StrEnum):
    """Coordinate systems that a report's position may be given in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"
    CGCS2000 = "cgcs2000"


class Projection:
    """Longitude and latitude (WGS-84 or CGCS2000) to metres in one projected system and back.

    Both datums project alike: their ellipsoids differ by less than a millimetre on the ground, and
    the 0.8 m of plate motion between the frames is far below what a phone knows (domain §5).
    """

    def __init__(self, epsg: int = CITY_EPSG) -> None:
        self.epsg = epsg
        self._forward = Transformer.from_crs(4490, epsg, always_xy=True)
        self._inverse = Transformer.from_crs(epsg, 4490, always_xy=True)
        use = CRS.from_epsg(epsg).area_of_use
        self._meridians = (use.west, use.east) if use is not None else (-180.0, 180.0)

    def forward(self, lons: npt.ArrayLike, lats: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Metres of many points; infinite where the projection is not defined."""
        xs, ys = self._forward.transform(_floats(lons), _floats(lats))
        return _floats(xs), _floats(ys)

    def inverse(self, xs: npt.ArrayLike, ys: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Degrees of many points given in metres."""
        lons, lats = self._inverse.transform(_floats(xs), _floats(ys))
        return _floats(lons), _floats(lats)

    def reaches(self, lons: npt.ArrayLike) -> bool:
        """Whether all longitudes lie within three degrees of the system's area of use; further
        away its metres mean little."""
        west, east = self._meridians
        values = _floats(lons)
        return bool(np.all((values >= west - 3.0) & (values <= east + 3.0)))

    def forward_one(self, lon: float, lat: float) -> tuple[float, float]:
        """Metres of one point, for the path that every report takes."""
        x, y = self._forward.transform(lon, lat)
        return float(x), float(y)

    def inverse_one(self, x: float, y: float) -> tuple[float, float]:
        """Degrees of one point."""
        lon, lat = self._inverse.transform(x, y)
        return float(lon), float(lat)


def snap(metres: FloatArray) -> FloatArray:
    """Rounds projected coordinates to the grid of `GRID_M`."""
    snapped: FloatArray = np.round(metres * 1024.0) / 1024.0
    return snapped


def snap_one(metres: float) -> float:
    """Rounds one projected coordinate to the grid of `GRID_M`; infinity stays infinity."""
    return round(metres * 1024.0) / 1024.0 if math.isfinite(metres) else metres


def to_wgs84(lons: npt.ArrayLike, lats: npt.ArrayLike, crs: Crs) -> tuple[FloatArray, FloatArray]:
    """WGS-84 degrees of points given in `crs`.

    GCJ-02 and BD-09 are inverted by fixed-point iteration to below 1e-9 degrees. CGCS2000 is taken
    as WGS-84 (see `Projection`). GCJ-02 is the identity outside China's bounding box, as in every
    public implementation.
    """
    lon, lat = _floats(lons), _floats(lats)
    if crs is Crs.BD09:
        lon, lat = _invert(lon, lat, Crs.BD09)
    if crs in (Crs.BD09, Crs.GCJ02):
        lon, lat = _invert(lon, lat, Crs.GCJ02)
    return lon, lat


def from_wgs84(lons: npt.ArrayLike, lats: npt.ArrayLike, crs: Crs) -> tuple[FloatArray, FloatArray]:
    """Degrees in `crs` of points given in WGS-84."""
    lon, lat = _floats(lons), _floats(lats)
    if crs in (Crs.BD09, Crs.GCJ02):
        lon, lat = _step(lon, lat, Crs.GCJ02)
    if crs is Crs.BD09:
        lon, lat = _step(lon, lat, Crs.BD09)
    return lon, lat


def to_wgs84_one(lon: float, lat: float, crs: Crs) -> tuple[float, float]:
    """As `to_wgs84` for one point, many times faster than an array of one."""
    if crs is Crs.BD09:
        lon, lat = _invert_one(lon, lat, Crs.BD09)
    if crs in (Crs.BD09, Crs.GCJ02):
        lon, lat = _invert_one(lon, lat, Crs.GCJ02)
    return lon, lat


def _invert(lon: FloatArray, lat: FloatArray, system: Crs) -> tuple[FloatArray, FloatArray]:
    inside, goal_lon, goal_lat = _inside_china(lon, lat)
    guess_lon, guess_lat = goal_lon, goal_lat
    for _ in range(_MAX_ROUNDS):
        seen_lon, seen_lat = _FORWARD[system](guess_lon, guess_lat, np)
        miss_lon, miss_lat = goal_lon - seen_lon, goal_lat - seen_lat
        guess_lon, guess_lat = guess_lon + miss_lon, guess_lat + miss_lat
        if not np.any((np.abs(miss_lon) > _CONVERGED_DEG) | (np.abs(miss_lat) > _CONVERGED_DEG)):
            break
    return np.where(inside, guess_lon, lon), np.where(inside, guess_lat, lat)


def _step(lon: FloatArray, lat: FloatArray, system: Crs) -> tuple[FloatArray, FloatArray]:
    inside, from_lon, from_lat = _inside_china(lon, lat)
    to_lon, to_lat = _FORWARD[system](from_lon, from_lat, np)
    return np.where(inside, to_lon, lon), np.where(inside, to_lat, lat)


def _inside_china(
    lon: FloatArray, lat: FloatArray
) -> tuple[npt.NDArray[np.bool_], FloatArray, FloatArray]:
    """Which points the formula is made for; a harmless point stands in for each of the others."""
    west, east, south, north = _CHINA
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside, np.where(inside, lon, 111.0), np.where(inside, lat, 26.0)


def _invert_one(lon: float, lat: float, system: Crs) -> tuple[float, float]:
    west, east, south, north = _CHINA
    if not (west <= lon <= east and south <= lat <= north):
        return lon, lat
    guess_lon, guess_lat = lon, lat
    for _ in range(_MAX_ROUNDS):
        seen_lon, seen_lat = _FORWARD[system](guess_lon, guess_lat, math)
        miss_lon, miss_lat = lon - seen_lon, lat - seen_lat
        guess_lon, guess_lat = guess_lon + miss_lon, guess_lat + miss_lat
        if abs(miss_lon) <= _CONVERGED_DEG and abs(miss_lat) <= _CONVERGED_DEG:
            break
    return guess_lon, guess_lat


def _wgs_to_gcj(lon: Number, lat: Number, maths: ModuleType) -> tuple[Number, Number]:
    x, y = lon - 105.0, lat - 35.0
    pi, sin = math.pi, maths.sin
    root = maths.sqrt(abs(x))
    waves = 20.0 * sin(6.0 * pi * x) + 20.0 * sin(2.0 * pi * x)
    north = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
        + (waves + 20.0 * sin(pi * y) + 40.0 * sin(pi * y / 3.0)
           + 160.0 * sin(pi * y / 12.0) + 320.0 * sin(pi * y / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    east = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
        + (waves + 20.0 * sin(pi * x) + 40.0 * sin(pi * x / 3.0)
           + 150.0 * sin(pi * x / 12.0) + 300.0 * sin(pi * x / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    phi = lat * (pi / 180.0)
    m = 1.0 - _GCJ_EE * sin(phi) ** 2
    meridian = _GCJ_A * (1.0 - _GCJ_EE) / (m * maths.sqrt(m)) * pi / 180.0
    parallel = _GCJ_A / maths.sqrt(m) * maths.cos(phi) * pi / 180.0
    return lon + east / parallel, lat + north / meridian


def _gcj_to_bd(lon: Number, lat: Number, maths: ModuleType) -> tuple[Number, Number]:
    arctan2 = maths.atan2 if maths is math else np.arctan2
    z = maths.sqrt(lon * lon + lat * lat) + 0.00002 * maths.sin(lat * _BD_K)
    theta = arctan2(lat, lon) + 0.000003 * maths.cos(lon * _BD_K)
    return z * maths.cos(theta) + 0.0065, z * maths.sin(theta) + 0.006


_FORWARD: dict[Crs, Any] = {Crs.GCJ02: _wgs_to_gcj, Crs.BD09: _gcj_to_bd}


def _floats(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
