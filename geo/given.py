"""Geometry as files give it (WKB, WKT, GeoJSON objects), in whatever system it is given.

Each function answers a value or, as a text, why there is none.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geo.crs import Projection
from geo.errors import GeometryError
from geo.geojson import polygon_problem, shown
from geo.shapes import from_degrees
from geo.systems import GivenSystem

_POLYGONS = ("Polygon", "MultiPolygon")


def point_positions(
    shapes: Sequence[bytes | Mapping[str, Any] | None],
) -> tuple[list[float], list[float], dict[int, str]]:
    """East and north of many points; by position, why one has none (not a number stands there)."""
    xs, ys = [math.nan] * len(shapes), [math.nan] * len(shapes)
    wrong: dict[int, str] = {}
    rest: Sequence[int] = range(len(shapes))
    if shapes and all(isinstance(shape, bytes) for shape in shapes):
        points: Any = shapely.from_wkb(np.array(shapes, dtype=object), on_invalid="ignore")
        easy = (shapely.get_type_id(points) == 0) & ~shapely.is_empty(points)
        xs, ys = shapely.get_x(points).tolist(), shapely.get_y(points).tolist()
        rest = np.nonzero(~easy)[0].tolist()
    for at in rest:
        found = point_position(shapes[at])
        if isinstance(found, str):
            wrong[at] = found
        else:
            xs[at], ys[at] = found
    return xs, ys, wrong


def point_position(shape: bytes | Mapping[str, Any] | None) -> tuple[float, float] | str:
    """East and north of a point."""
    if shape is None:
        return "give a point"
    found = _from_wkb(shape) if isinstance(shape, bytes) else shape
    if isinstance(found, str):
        return found
    kind, coordinates = _taken_apart(found)
    if kind == "MultiPoint" and isinstance(coordinates, list | tuple) and len(coordinates) == 1:
        kind, coordinates = "Point", coordinates[0]
    if kind != "Point":
        return f"give a point, not {kind or 'nothing'}"
    if not isinstance(coordinates, list | tuple) or len(coordinates) not in (2, 3):
        return "a position is [east, north]"
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in coordinates):
        return "east and north are numbers"
    return finite(coordinates[0]), finite(coordinates[1])


def finite(number: float) -> float:
    """A float of any number; not a number where none can hold it."""
    try:
        return float(number)
    except OverflowError:
        return math.nan


def polygon_in_degrees(
    shape: bytes | str | Mapping[str, Any] | None, system: GivenSystem
) -> dict[str, Any] | tuple[str, str, str]:
    """A GeoJSON Polygon or MultiPolygon in degrees; or where it is wrong, the value, the reason."""
    if shape is None or shape == "":
        return "geometry", "", "give a polygon"
    if not isinstance(shape, Mapping | bytes | str):
        return "geometry", shown(shape), "give a polygon"
    found = shape if isinstance(shape, Mapping) else _parsed(shape)
    if isinstance(found, str):
        return "geometry", shown(shape) if isinstance(shape, str) else "", found
    try:
        degrees = system.geometry_to_degrees(found)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, RecursionError):
        degrees = dict(found)  # whatever is wrong with its form is told below
    problem = polygon_problem(degrees)
    if problem is None:
        return degrees
    field, value, reason = problem
    return field, shown(value), reason


def projected_polygon(
    shape: bytes | str | Mapping[str, Any] | None, system: GivenSystem, projection: Projection
) -> bytes | tuple[str, str, str]:
    """One projected polygon (WKB) with its corners on the grid; or what is wrong, as above."""
    degrees = polygon_in_degrees(shape, system)
    if isinstance(degrees, tuple):
        return degrees
    try:
        parts = shapely.get_parts(shapely.from_wkb(from_degrees(degrees, projection)))
    except GeometryError as error:
        return "geometry", "", str(error)
    if len(parts) != 1:
        return "geometry", f"{len(parts)} parts", "give one polygon; split the record"
    return bytes(shapely.to_wkb(shapely.normalize(parts[0]), byte_order=1))


def inner_point(shape: bytes) -> tuple[float, float]:
    """A point inside a polygon (WKB)."""
    point: Any = shapely.point_on_surface(shapely.from_wkb(shape))
    return float(point.x), float(point.y)


def written_wkb(geometry: Mapping[str, Any]) -> bytes:
    """A GeoJSON geometry as WKB."""
    return bytes(shapely.to_wkb(shapely.geometry.shape(dict(geometry)), byte_order=1))


def written_wkt(geometry: Mapping[str, Any]) -> str:
    """A GeoJSON geometry as WKT with every digit."""
    return str(shapely.to_wkt(shapely.geometry.shape(dict(geometry)), rounding_precision=-1))


def _parsed(shape: bytes | str) -> dict[str, Any] | str:
    found = _from_wkt(shape) if isinstance(shape, str) else _from_wkb(shape)
    if isinstance(found, str):
        return found
    if found.get("type") not in _POLYGONS:
        return f"give a polygon, not a {found.get('type')}"
    return found


def _from_wkt(text: str) -> dict[str, Any] | str:
    try:
        return _mapped(shapely.from_wkt(text))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return f"not WKT such as POLYGON ((x y, …, x y)): {reason}"


def _from_wkb(data: bytes) -> dict[str, Any] | str:
    try:
        return _mapped(shapely.from_wkb(data))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        return f"the geometry cannot be read: {str(error).splitlines()[0]}"


def _mapped(shape: Any) -> dict[str, Any] | str:
    if shape is None or shape.is_empty:
        return "the geometry is empty"
    if not np.all(np.isfinite(shapely.get_coordinates(shape))):
        return "a coordinate is no finite number"
    found: dict[str, Any] = _lists(shapely.geometry.mapping(shape))
    return found


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, tuple | list) else value


def _taken_apart(geometry: object) -> tuple[object, object]:
    if not isinstance(geometry, Mapping):
        return None, None
    return geometry.get("type"), geometry.get("coordinates")
