"""Where the rows of a file lie: its geometry on the ground of the city. No database."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geo import ewkb
from geo.crs import Crs, FloatArray, snap
from geo.geojson import Fault, shown
from geo.given import inner_point, point_positions, projected_polygon
from geo.systems import GivenSystem
from grid.areas import AreaMap, Outside
from grid.columns import SRID
from grid.files.table import FileTable
from grid.importing.cells import CellError, is_blank, number
from grid.importing.register import Geometry

NEAR_M = 30.0
"""A stated community counts if the position lies in it or this near to it."""

EAST = ("lon", "x", "longitude", "经度")
NORTH = ("lat", "y", "latitude", "纬度")
BORDER = ("wkt", "geometry", "geom")


@dataclass(slots=True, kw_only=True)
class Places:
    """For each row its geometry (hexadecimal EWKB, None where it is refused), a position in it in
    metres on the grid, and the community there (None outside of all)."""

    geoms: list[str | None]
    xs: FloatArray
    ys: FloatArray
    communities: list[str | None] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def places_of(
    kind: Geometry, table: FileTable, area_map: AreaMap, system: GivenSystem
) -> Places | Fault:
    """The places of all rows; or the fault of a file that has no geometry at all."""
    found = (
        _points(table, area_map, system)
        if kind is Geometry.POINT
        else _polygons(table, area_map, system)
    )
    if isinstance(found, Fault):
        return found
    cells = area_map.cells
    known = np.isfinite(found.xs)
    # A row without a position is looked up far away, where no community is.
    at = cells.locate(np.where(known, found.xs, -1e12), np.where(known, found.ys, -1e12))
    found.communities = [cells.codes[i] if i >= 0 else None for i in at.tolist()]
    return found


def column_at(table: FileTable, names: Sequence[str]) -> int | None:
    """Where the column with one of these names is."""
    for at, name in enumerate(table.columns):
        if name.casefold() in names:
            return at
    return None


def _points(table: FileTable, area_map: AreaMap, system: GivenSystem) -> Places | Fault:
    faults: list[Fault] = []
    if table.shapes is not None:
        xs, ys, wrong = point_positions(table.shapes)
        faults = [_fault(table, i, "geometry", "", why) for i, why in wrong.items()]
    else:
        east, north = column_at(table, EAST), column_at(table, NORTH)
        if east is None or north is None:
            missing = " and ".join(
                name for name, at in (("lon", east), ("lat", north)) if at is None
            )
            reason = "the column is missing; coordinates are in lon and lat, or x (east) and y"
            return Fault(row=0, field=missing, value="", reason=reason)
        xs = _numbers(table, east, faults)
        ys = _numbers(table, north, faults)
    x, y = np.array(xs, dtype=np.float64), np.array(ys, dtype=np.float64)
    bad = {fault.row for fault in faults}
    usable = np.array([n not in bad for n in table.numbers], dtype=bool)
    lons, lats = _degrees(table, system, (x, y), usable, faults)
    px, py = area_map.projection.forward(lons, lats)
    px, py = snap(px), snap(py)
    off = usable & np.isfinite(lons) & ~(np.isfinite(px) & np.isfinite(py))
    faults += [
        _fault(table, i, "geometry", _pair(x[i], y[i]), "the position is far from the city")
        for i in np.nonzero(off)[0].tolist()
    ]
    px[~np.isfinite(px + py)] = math.nan
    geoms = [
        None if math.isnan(a) else ewkb.point(a, b, SRID)
        for a, b in zip(px.tolist(), py.tolist(), strict=True)
    ]
    return Places(geoms=geoms, xs=px, ys=py, faults=faults)


def _numbers(table: FileTable, at: int, faults: list[Fault]) -> list[float]:
    found = []
    for i, row in enumerate(table.rows):
        try:
            if is_blank(row[at]):
                raise CellError("give a coordinate")
            found.append(number(row[at]))
        except CellError as error:
            found.append(math.nan)
            faults.append(_fault(table, i, table.columns[at], row[at], str(error)))
    return found


def _degrees(
    table: FileTable,
    system: GivenSystem,
    given: tuple[FloatArray, FloatArray],
    usable: Any,
    faults: list[Fault],
) -> tuple[FloatArray, FloatArray]:
    """Longitudes and latitudes; not a number where there are none, which is a fault."""
    x, y = given
    stand_in = np.nonzero(usable)[0]
    safe_x = np.where(usable, x, x[stand_in[0]] if len(stand_in) else 0.0)
    safe_y = np.where(usable, y, y[stand_in[0]] if len(stand_in) else 0.0)
    lons, lats = system.to_degrees(safe_x, safe_y)
    wrong = ~(np.isfinite(lons) & np.isfinite(lats)) | (np.abs(lons) > 180) | (np.abs(lats) > 90)
    for i in np.nonzero(wrong & usable)[0].tolist():
        faults.append(_fault(table, i, "geometry", _pair(x[i], y[i]), _why(x[i], y[i], system)))
    refused = wrong | ~usable
    return np.where(refused, math.nan, lons), np.where(refused, math.nan, lats)


def _why(x: float, y: float, system: GivenSystem) -> str:
    if not (math.isfinite(x) and math.isfinite(y)):
        return "give finite coordinates"
    if not system.is_degrees:
        return f"the position means nothing in {system.name}; name the right system by --crs"
    if abs(y) > 90 and abs(x) <= 90:
        return "longitude comes first, then latitude; these look swapped"
    return "these are no degrees; name the file's system, such as --crs EPSG:4546"


def _polygons(table: FileTable, area_map: AreaMap, system: GivenSystem) -> Places | Fault:
    shapes: Sequence[Any]
    if table.shapes is not None:
        shapes = table.shapes
    else:
        at = column_at(table, BORDER)
        if at is None:
            reason = "the column is missing; borders are in the column wkt"
            return Fault(row=0, field="wkt", value="", reason=reason)
        shapes = [_text(row[at]) for row in table.rows]
    xs, ys = np.full(len(shapes), math.nan), np.full(len(shapes), math.nan)
    places = Places(geoms=[None] * len(shapes), xs=xs, ys=ys)
    for i, shape in enumerate(shapes):
        found = projected_polygon(shape, system, area_map.projection)
        if isinstance(found, tuple):
            name, value, reason = found
            places.faults.append(_fault(table, i, name, value, reason))
        else:
            places.geoms[i] = ewkb.from_wkb(found, SRID)
            xs[i], ys[i] = inner_point(found)
    return places


def _text(cell: object) -> str | None:
    return None if is_blank(cell) else str(cell).strip()


def outside_reason(area_map: AreaMap, x: float, y: float) -> str:
    """Why a position that lies in no community is refused."""
    projection = area_map.projection
    lon, lat = projection.inverse_one(x, y)
    nearest = area_map.place(lon, lat, Crs.WGS84)
    if not isinstance(nearest, Outside):
        return "the position lies on the very border of the city; move it inside"
    away = f"{nearest.distance_m:,.0f} m from {nearest.nearest_code} {nearest.nearest_name}"
    hint = "mend the position, or name the file's system by --crs"
    # Easting and northing swapped are metres all the same, only of another place.
    sx, sy = area_map.cells.bounds()[:2]
    if abs(y - sx) < 1e6 and abs(x - sy) < 1e6:
        hint = "east and north look swapped"
    return f"the position lies outside every community, {away}; {hint}"


def near(area_map: AreaMap, x: float, y: float, community: str) -> bool:
    """Whether a position lies in a community or within `NEAR_M` of it."""
    own, touched = area_map.cells.settle_one(x, y, NEAR_M)
    if own < 0:
        # Outside of all there is no list of what the circle touches.
        nearest = area_map.cells.nearest(x, y)
        return nearest is not None and nearest.code == community and nearest.distance_m <= NEAR_M
    return community in touched or area_map.cells.codes[own] == community


def _pair(x: float, y: float) -> str:
    return f"{x:.10g} {y:.10g}"


def _fault(table: FileTable, i: int, name: str, value: object, reason: str) -> Fault:
    text = value if isinstance(value, str) else "" if value is None else shown(value)
    return Fault(row=table.numbers[i], field=name, value=text[:120], reason=reason)
