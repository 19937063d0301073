"""What the registers need to know of shapes, given and returned as WKB in the projected system."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import FloatArray, Projection, snap
from geo.errors import GeometryError


def degree_bounds(shapes: Sequence[bytes], projection: Projection) -> FloatArray:
    """West, south, east, north in degrees of each shape's corners; one row a shape."""
    polygons = shapely.from_wkb(np.array(shapes, dtype=object))
    points, owner = shapely.get_coordinates(polygons, return_index=True)
    lons, lats = projection.inverse(points[:, 0], points[:, 1])
    bounds = np.empty((len(polygons), 4))
    for column, values, extreme, start in (
        (0, lons, np.minimum, np.inf),
        (1, lats, np.minimum, np.inf),
        (2, lons, np.maximum, -np.inf),
        (3, lats, np.maximum, -np.inf),
    ):
        bounds[:, column] = start
        extreme.at(bounds[:, column], owner, values)
    return bounds


def areas_m2(shapes: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Area of each shape in square metres of the projected system."""
    return np.asarray(shapely.area(shapely.from_wkb(np.array(shapes, dtype=object))))


def from_degrees(geometry: Mapping[str, Any], projection: Projection) -> bytes:
    """A GeoJSON Polygon or MultiPolygon in WGS-84 or CGCS2000 degrees as a projected multipolygon.

    Each vertex is projected and put on the grid of `geo.crs.GRID_M`. Raises GeometryError when the
    outcome is not a valid polygon.
    """

    def project(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if not projection.reaches(points[:, 0]):
            raise GeometryError(f"it lies outside the zone of EPSG:{projection.epsg}, the city's")
        xs, ys = projection.forward(points[:, 0], points[:, 1])
        return np.column_stack((snap(xs), snap(ys)))

    try:
        given = shapely.from_geojson(json.dumps(geometry))
        whole: Any = shapely.multipolygons(shapely.get_parts(shapely.transform(given, project)))
    except (shapely.errors.GEOSException, TypeError) as error:
        raise GeometryError(f"not a polygon: {error}") from error
    if whole.is_empty or not whole.is_valid:
        raise GeometryError(f"not a valid polygon: {shapely.is_valid_reason(whole)}")
    return bytes(shapely.to_wkb(shapely.normalize(whole), byte_order=1))


def to_degrees(shape: bytes, projection: Projection) -> dict[str, Any]:
    """A projected shape as a GeoJSON geometry in degrees with eleven decimals.

    Enough to find the same vertex on the grid again: eleven decimals are a micrometre.
    """

    def unproject(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(projection.inverse(points[:, 0], points[:, 1])).round(11)

    degrees = shapely.transform(shapely.from_wkb(shape), unproject)
    geometry: dict[str, Any] = shapely.geometry.mapping(degrees)
    return geometry
