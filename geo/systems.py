"""Coordinate systems that a file of a register may be given in: the Chinese datums, any EPSG code.

Axes are always east first, then north, whatever the authority says (domain §5).
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from geo.crs import Crs, FloatArray, from_wgs84, to_wgs84
from geo.errors import GeometryError

_EPSG = re.compile(r"(?:urn:ogc:def:crs:)?(?:epsg:{1,2})?([0-9]{4,6})", re.IGNORECASE)
_SAME_AS_WGS84 = (4490, 4326)
_NAMES = ", ".join(Crs)


class GivenSystem:
    """A system that coordinates are given in; converts to longitude and latitude and back."""

    def __init__(self, name: str, *, datum: Crs | None = None, crs: CRS | None = None) -> None:
        self.name = name
        self.is_degrees = crs is None or crs.is_geographic
        self._datum = datum
        self._to = self._back = None
        if crs is not None:
            self._to, self._back = _shifts(crs)

    @property
    def is_plain(self) -> bool:
        """Whether its coordinates are WGS-84 (or CGCS2000) degrees as they stand."""
        return self._to is None and self._datum in (Crs.WGS84, Crs.CGCS2000)

    def to_degrees(self, xs: npt.ArrayLike, ys: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Longitudes and latitudes; not finite where the system is not defined."""
        x, y = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
        if self._datum is not None:
            return to_wgs84(x, y, self._datum)
        assert self._to is not None  # noqa: S101  one of the two is always set
        lons, lats = self._to.transform(x, y)
        return np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)

    def from_degrees(
        self, lons: npt.ArrayLike, lats: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Coordinates in this system of points in longitude and latitude."""
        lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        if self._datum is not None:
            return from_wgs84(lon, lat, self._datum)
        assert self._back is not None  # noqa: S101  one of the two is always set
        xs, ys = self._back.transform(lon, lat)
        return np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)

    def geometry_to_degrees(self, geometry: Mapping[str, Any]) -> dict[str, Any]:
        """A GeoJSON geometry whose positions were checked to be numbers, in degrees."""
        if self.is_plain:
            return dict(geometry)
        return {**geometry, "coordinates": self._moved(geometry["coordinates"], inverse=False)}

    def geometry_from_degrees(self, geometry: Mapping[str, Any]) -> dict[str, Any]:
        """A GeoJSON geometry in degrees, in this system."""
        if self.is_plain:
            return dict(geometry)
        return {**geometry, "coordinates": self._moved(geometry["coordinates"], inverse=True)}

    def _moved(self, nested: Any, *, inverse: bool) -> Any:
        if nested and not isinstance(nested[0][0], int | float):
            return [self._moved(item, inverse=inverse) for item in nested]
        points = np.array([position[:2] for position in nested], dtype=np.float64)
        change = self.from_degrees if inverse else self.to_degrees
        xs, ys = change(points[:, 0], points[:, 1])
        return [list(pair) for pair in zip(xs.tolist(), ys.tolist(), strict=True)]


def _shifts(crs: CRS) -> tuple[Transformer, Transformer]:
    # PROJ would take an unknown datum for WGS-84, some hundred metres off, without a word.
    for degrees in _SAME_AS_WGS84:
        try:
            return (
                Transformer.from_crs(crs, degrees, always_xy=True, allow_ballpark=False),
                Transformer.from_crs(degrees, crs, always_xy=True, allow_ballpark=False),
            )
        except ProjError:
            continue
    raise GeometryError(
        f"no exact way from {crs.name} to CGCS2000 is known; convert the file with the parameters "
        "of your survey office first"
    )


WGS84 = GivenSystem(Crs.WGS84, datum=Crs.WGS84)


def given_system(text: str) -> GivenSystem:
    """The system that a person or a file names: wgs84, gcj02, bd09, cgcs2000, EPSG:n, or WKT.

    Raises GeometryError when there is no such system or it has no two horizontal axes.
    """
    name = text.strip()
    if name.lower() in list(Crs):
        return GivenSystem(name.lower(), datum=Crs(name.lower()))
    if name.upper() in ("OGC:CRS84", "URN:OGC:DEF:CRS:OGC:1.3:CRS84"):
        return GivenSystem("EPSG:4326", datum=Crs.WGS84)
    found = _EPSG.fullmatch(name)
    try:
        crs = CRS.from_epsg(int(found[1])) if found else CRS.from_wkt(name)
        epsg = int(found[1]) if found else crs.to_epsg(min_confidence=70)
    except (CRSError, ValueError) as error:
        raise GeometryError(
            f"there is no coordinate system {name[:60]!r}; give {_NAMES} or an EPSG code such as "
            "EPSG:4546"
        ) from error
    if epsg in _SAME_AS_WGS84:
        return GivenSystem(f"EPSG:{epsg}", datum=Crs.WGS84)
    if not (crs.is_geographic or crs.is_projected) or len(crs.axis_info) != 2:
        raise GeometryError(
            f"{name[:60]} is no system of two horizontal axes; give a geographic or a projected one"
        )
    return GivenSystem(f"EPSG:{epsg}" if epsg else crs.name, crs=crs)
