"""What the registers need to know of shapes, given and returned as WKB in the projected system."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import FloatArray, Projection, snap
from geo.errors import GeometryError
from geo.noding import node


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
    return _projected(_parsed(geometry), projection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Shapes projected together: `shapes` of the given ones, each a multipolygon (WKB) or why there
    is none; `beside`, by position, those of the others that gained a corner."""

    shapes: tuple[bytes | GeometryError, ...]
    beside: Mapping[int, bytes]


def from_degrees_together(
    geometries: Sequence[Mapping[str, Any]], beside: Sequence[bytes], projection: Projection
) -> Together:
    """As `from_degrees` for many areas that border each other and the projected shapes `beside`.

    Where a corner of one lies inside an edge of another, that edge gets the corner too, so that
    what is a partition in degrees is one in metres (see `geo.noding`).
    """
    parsed = [_attempt(_parsed, geometry) for geometry in geometries]
    good = [i for i, shape in enumerate(parsed) if not isinstance(shape, GeometryError)]
    others = [_unprojected(shape, projection) for shape in beside]
    noded = node([*(parsed[i] for i in good), *others])
    answers = list(parsed)
    for i, richer in zip(good, noded, strict=False):
        answers[i] = _attempt(_projected, parsed[i] if richer is None else richer, projection)
    gained = {
        i: _attempt(_projected, richer, projection)
        for i, richer in enumerate(noded[len(good) :])
        if richer is not None
    }
    return Together(
        shapes=tuple(answers),
        beside={i: shape for i, shape in gained.items() if isinstance(shape, bytes)},
    )


def normal(shapes: Sequence[str]) -> list[str]:
    """Polygons (hexadecimal EWKB) with their rings in one order, so that equal ones are equal."""
    if not shapes:
        return []
    polygons: Any = shapely.normalize(shapely.from_wkb(np.array(shapes, dtype=object)))
    found: list[str] = shapely.to_wkb(
        polygons, hex=True, byte_order=1, include_srid=True, output_dimension=2
    ).tolist()
    return [text.lower() for text in found]


def to_degrees(shape: bytes, projection: Projection) -> dict[str, Any]:
    """A projected shape as a GeoJSON geometry in degrees with eleven decimals.

    Enough to find the same vertex on the grid again: eleven decimals are a micrometre.
    """
    geometry: dict[str, Any] = shapely.geometry.mapping(_unprojected(shape, projection))
    return geometry


def _attempt(make: Callable[..., Any], *given: Any) -> Any:
    try:
        return make(*given)
    except GeometryError as error:
        return error


def _parsed(geometry: Mapping[str, Any]) -> Any:
    try:
        return shapely.multipolygons(shapely.get_parts(shapely.from_geojson(json.dumps(geometry))))
    except (shapely.errors.GEOSException, TypeError) as error:
        raise GeometryError(f"not a polygon: {error}") from error


def _projected(degrees: Any, projection: Projection) -> bytes:
    if not projection.reaches(shapely.get_coordinates(degrees)[:, 0]):
        raise GeometryError(f"it lies outside the zone of EPSG:{projection.epsg}, the city's")

    def project(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        xs, ys = projection.forward(points[:, 0], points[:, 1])
        return np.column_stack((snap(xs), snap(ys)))

    whole: Any = shapely.transform(degrees, project)
    if whole.is_empty or not whole.is_valid:
        raise GeometryError(f"not a valid polygon: {shapely.is_valid_reason(whole)}")
    return bytes(shapely.to_wkb(shapely.normalize(whole), byte_order=1))


def _unprojected(shape: bytes, projection: Projection) -> Any:
    def unproject(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(projection.inverse(points[:, 0], points[:, 1])).round(11)

    return shapely.transform(shapely.from_wkb(shape), unproject)
