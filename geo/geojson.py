"""Reading a GeoJSON file (RFC 7946) strictly: whatever is wrong is named with where it is.

Only the form is judged here: text, structure, coordinate system, rings and numbers. What the
properties mean is the reader's caller's matter.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

_WGS84_NAMES = frozenset(
    {"urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326", "OGC:CRS84"}
)
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a file: feature number (1 is the first; 0 the file itself), the field,
    the value as text (shortened), and the reason."""

    row: int
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A feature whose form is right. `geometry` is None where the file says null."""

    row: int
    properties: Mapping[str, Any]
    geometry: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file holds: the features that are right and the faults of the others."""

    features: tuple[Feature, ...]
    faults: tuple[Fault, ...]
    crs: str | None = None


class _BadNumber(ValueError):
    """A number that JSON does not know."""


def read_features(data: bytes) -> Reading:
    """Reads a FeatureCollection of polygons in WGS-84 degrees; never raises for what is in it."""
    collection = _parse(data)
    if isinstance(collection, Fault):
        return Reading(features=(), faults=(collection,))
    features, faults = [], []
    for row, raw in enumerate(collection["features"], start=1):
        found = list(_feature_faults(row, raw))
        faults.extend(found)
        if not found:
            features.append(
                Feature(row=row, properties=raw["properties"], geometry=raw["geometry"])
            )
    return Reading(features=tuple(features), faults=tuple(faults))


def read_rows(data: bytes) -> Reading:
    """Reads a FeatureCollection of whatever geometry in whatever system, which it names."""
    collection = _parse(data, any_crs=True)
    if isinstance(collection, Fault):
        return Reading(features=(), faults=(collection,))
    features, faults = [], []
    for row, raw in enumerate(collection["features"], start=1):
        if not isinstance(raw, dict) or raw.get("type") != "Feature":
            reason = "this is no Feature"
            faults.append(Fault(row=row, field="type", value=shown(raw), reason=reason))
        elif not isinstance(raw.get("properties"), dict):
            value, reason = shown(raw.get("properties")), "give an object with the row's fields"
            faults.append(Fault(row=row, field="properties", value=value, reason=reason))
        else:
            geometry = raw.get("geometry")
            features.append(Feature(row=row, properties=raw["properties"], geometry=geometry))
    crs = _crs_name(collection.get("crs"))
    return Reading(
        features=tuple(features), faults=tuple(faults), crs=crs if isinstance(crs, str) else None
    )


def shown(value: object) -> str:
    """A value as text for a message, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= _LONGEST_VALUE else clean[:_LONGEST_VALUE] + "…"


def _parse(data: bytes, *, any_crs: bool = False) -> Mapping[str, Any] | Fault:
    if not data.strip():
        return _file_fault("file", "", "the file is empty; give a GeoJSON FeatureCollection")
    try:
        parsed = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        byte = f"byte {error.start}"
        return _file_fault("file", byte, "the file is not UTF-8 from there; save it as UTF-8")
    except _BadNumber as error:
        return _file_fault("file", str(error), "JSON knows no such number; give a finite one")
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        return _file_fault("file", where, f"the file is not JSON there: {error.msg}")
    except (RecursionError, ValueError) as error:
        return _file_fault("file", shown(str(error)), "the file is not JSON that can be read")
    return _collection_fault(parsed, any_crs=any_crs) or parsed


def _collection_fault(parsed: object, *, any_crs: bool) -> Fault | None:
    if not isinstance(parsed, dict):
        return _file_fault("file", shown(parsed), "give a GeoJSON FeatureCollection, an object")
    if parsed.get("type") != "FeatureCollection":
        return _file_fault("type", shown(parsed.get("type")), "give a FeatureCollection")
    crs = parsed.get("crs")
    if crs is not None and not any_crs and _crs_name(crs) not in _WGS84_NAMES:
        return _file_fault(
            "crs", shown(crs), "areas are read in WGS-84 degrees (EPSG:4326); convert the file"
        )
    features = parsed.get("features")
    if not isinstance(features, list):
        return _file_fault("features", shown(features), "give a list of features")
    if not features:
        return _file_fault("features", "[]", "the file has no features; give at least one")
    return None


def _crs_name(crs: object) -> object:
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) else None


def _feature_faults(row: int, raw: object) -> Iterator[Fault]:
    if not isinstance(raw, dict) or raw.get("type") != "Feature":
        yield Fault(row=row, field="type", value=shown(raw), reason="this is no Feature")
        return
    if not isinstance(raw.get("properties"), dict):
        yield Fault(
            row=row,
            field="properties",
            value=shown(raw.get("properties")),
            reason="give an object with the area's code, level, parent and names",
        )
    if "geometry" not in raw:
        yield Fault(row=row, field="geometry", value="", reason="the member is missing")
        return
    problem = None if raw["geometry"] is None else polygon_problem(raw["geometry"])
    if problem is not None:
        field, value, reason = problem
        yield Fault(row=row, field=field, value=shown(value), reason=reason)


def polygon_problem(geometry: object) -> tuple[str, object, str] | None:
    """What is wrong with the form of a polygon in degrees: where, the value there, the reason."""
    if not isinstance(geometry, dict):
        return "geometry", geometry, "give a Polygon or MultiPolygon object"
    kind = geometry.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        return "geometry.type", kind, "an area is a Polygon or a MultiPolygon"
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or not coordinates:
        return "geometry.coordinates", coordinates, "give a list of rings"
    if kind == "Polygon":
        return _polygon_problem("geometry.coordinates", coordinates)
    for i, polygon in enumerate(coordinates):
        problem = _polygon_problem(f"geometry.coordinates[{i}]", polygon)
        if problem is not None:
            return problem
    return None


def _polygon_problem(field: str, rings: object) -> tuple[str, object, str] | None:
    if not isinstance(rings, list) or not rings:
        return field, rings, "give a list of rings"
    for i, ring in enumerate(rings):
        problem = _ring_problem(f"{field}[{i}]", ring)
        if problem is not None:
            return problem
    return None


def _ring_problem(field: str, ring: object) -> tuple[str, object, str] | None:
    if not isinstance(ring, list) or len(ring) < 4:
        return field, ring, "a ring has at least four positions, the last equal to the first"
    for i, position in enumerate(ring):
        reason = _position_problem(position)
        if reason is not None:
            return f"{field}[{i}]", position, reason
    if ring[0][:2] != ring[-1][:2]:
        return field, [ring[0], ring[-1]], "the ring is not closed; repeat its first position last"
    return None


def _position_problem(position: object) -> str | None:
    if not isinstance(position, list) or len(position) not in (2, 3):
        return "a position is [longitude, latitude]"
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in position):
        return "longitude and latitude are numbers"
    # An integer of thousands of digits is JSON too, but no float.
    if any(abs(n) > 1e9 or not math.isfinite(n) for n in position):
        return "longitude and latitude are finite numbers of degrees"
    lon, lat = position[:2]
    if abs(lat) > 90 and abs(lon) <= 90:
        return "longitude comes first, then latitude; these look swapped"
    if abs(lon) > 180 or abs(lat) > 90:
        return "not degrees (longitude within 180, latitude within 90); convert to EPSG:4326"
    return None


def _file_fault(field: str, value: str, reason: str) -> Fault:
    return Fault(row=0, field=field, value=value, reason=reason)


def _refuse_constant(name: str) -> NoReturn:
    raise _BadNumber(name)
