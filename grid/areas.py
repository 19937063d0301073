"""Areas and the map that places a report in them.

A map is one dated version of all areas. It is held in memory, so that intake needs no database
(design §1), and goes into a snapshot file that a restarted process starts from.
"""

import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from sqlalchemy import Connection, text

from geo.cells import CellIndex
from geo.crs import Crs, FloatArray, Projection, snap, snap_one, to_wgs84_one
from geo.errors import SnapshotError
from geo.shapes import degree_bounds
from grid.errors import NoMapError, RegisterError

_MAGIC = b"WGMAP001"
_FAR_DEG = 10.0
_EARTH_M = 6_371_000.0
_BENT = frozenset({Crs.GCJ02, Crs.BD09})


class Level(StrEnum):
    """Levels of areas, from above; street and cell are optional (design §3)."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    CELL = "cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One area of a map. `bbox` is west, south, east, north in WGS-84 degrees; `made` marks a
    border that nobody publishes and that was drawn for the demo city."""

    code: str
    level: Level
    parent: str | None
    name_zh: str
    name_en: str
    made: bool
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a position lies. x, y are projected metres on the grid of `geo.crs.GRID_M`, lon and lat
    WGS-84. `candidates` are the communities that the accuracy circle touches, in the order of their
    codes, with its own among them; empty when the position leaves no doubt."""

    x: float
    y: float
    lon: float
    lat: float
    city: str
    district: str
    community: str
    candidates: tuple[str, ...]
    map_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A position in no community; the nearest area and the metres to its border.

    Far from the city (beyond about ten degrees, where the projection means nothing) it is the city
    and the great-circle distance to the middle of its bounding box.
    """

    nearest_code: str
    nearest_name: str
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MapVersion:
    """A version of the area map and the moment from which it counts."""

    version: int
    effective_at: datetime
    created_at: datetime
    note: str


class AreaMap:
    """One version of all areas, searchable by position. Immutable; safe to share by threads."""

    def __init__(
        self,
        version: int,
        effective_at: datetime,
        areas: Mapping[str, Area],
        cells: CellIndex,
        projection: Projection | None = None,
    ) -> None:
        """`cells` indexes the communities among `areas`.

        Raises RegisterError when a community's district or city is not among the areas.
        """
        self.version = version
        self.effective_at = effective_at
        self.areas = areas
        self.cells = cells
        self.projection = projection or Projection()
        self._above = tuple(above(areas, code) for code in cells.codes)
        self.city = _only_city(areas)

    def place(
        self, lon: float, lat: float, crs: Crs, accuracy_m: float | None = None
    ) -> Place | Outside:
        """Places one position given in `crs` degrees with an accuracy radius in metres."""
        lon, lat = to_wgs84_one(lon, lat, crs)
        if self._is_far(lon, lat):
            return self._far(lon, lat)
        x, y = self.projection.forward_one(lon, lat)
        x, y = snap_one(x), snap_one(y)
        cell, touched = self.cells.settle_one(x, y, accuracy_m or 0.0)
        return self._answer((x, y, lon, lat), cell, touched)

    def place_many(
        self,
        lons: Sequence[float],
        lats: Sequence[float],
        systems: Sequence[Crs],
        accuracies: Sequence[float | None],
    ) -> list[Place | Outside]:
        """As `place` for many positions at once, one answer each, in order."""
        wgs_lons, wgs_lats = _to_wgs84_mixed(lons, lats, systems)
        near = ~self._far_mask(wgs_lons, wgs_lats)
        # The middle of the city stands in for what cannot be projected; its answer is dropped.
        west, south, east, north = self.city.bbox
        xs, ys = self.projection.forward(
            np.where(near, wgs_lons, (west + east) / 2),
            np.where(near, wgs_lats, (south + north) / 2),
        )
        xs, ys = snap(xs), snap(ys)
        radii = np.array([accuracy or 0.0 for accuracy in accuracies], dtype=np.float64)
        cells, touched = self.cells.settle(xs, ys, radii)
        rows = zip(
            near.tolist(), xs.tolist(), ys.tolist(), wgs_lons.tolist(), wgs_lats.tolist(),
            cells.tolist(), strict=True,
        )  # fmt: skip
        return [
            self._answer((x, y, lon, lat), cell, touched.get(at, ()))
            if is_near
            else self._far(lon, lat)
            for at, (is_near, x, y, lon, lat, cell) in enumerate(rows)
        ]

    def _answer(
        self, position: tuple[float, float, float, float], cell: int, touched: tuple[str, ...]
    ) -> Place | Outside:
        x, y, lon, lat = position
        if cell < 0:
            nearest = self.cells.nearest(x, y)
            if nearest is None:
                return self._far(lon, lat)
            return Outside(
                nearest_code=nearest.code,
                nearest_name=self.areas[nearest.code].name_zh,
                distance_m=nearest.distance_m,
            )
        city, district = self._above[cell]
        return Place(
            x=x,
            y=y,
            lon=lon,
            lat=lat,
            city=city,
            district=district,
            community=self.cells.codes[cell],
            candidates=touched,
            map_version=self.version,
        )

    def _is_far(self, lon: float, lat: float) -> bool:
        west, south, east, north = self.city.bbox
        return not (
            west - _FAR_DEG <= lon <= east + _FAR_DEG
            and south - _FAR_DEG <= lat <= north + _FAR_DEG
        )

    def _far_mask(
        self, lons: FloatArray, lats: FloatArray
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        west, south, east, north = self.city.bbox
        return ~(
            (lons >= west - _FAR_DEG) & (lons <= east + _FAR_DEG)
            & (lats >= south - _FAR_DEG) & (lats <= north + _FAR_DEG)
        )  # fmt: skip

    def _far(self, lon: float, lat: float) -> Outside:
        west, south, east, north = self.city.bbox
        return Outside(
            nearest_code=self.city.code,
            nearest_name=self.city.name_zh,
            distance_m=_great_circle_m(lon, lat, (west + east) / 2, (south + north) / 2),
        )

    def to_bytes(self) -> bytes:
        """The map as bytes for the snapshot file: a JSON header, then the cell index."""
        header = json.dumps(
            {
                "version": self.version,
                "effective_at": self.effective_at.isoformat(),
                "epsg": self.projection.epsg,
                "areas": [asdict(area) for area in self.areas.values()],
            },
            ensure_ascii=False,
        ).encode()
        return b"".join((_MAGIC, struct.pack(">I", len(header)), header, self.cells.to_bytes()))

    @classmethod
    def from_bytes(cls, data: bytes) -> "AreaMap":
        """Reads what `to_bytes` wrote; raises SnapshotError on anything else."""
        start = len(_MAGIC) + 4
        try:
            if data[: len(_MAGIC)] != _MAGIC:
                raise ValueError("not a map snapshot")
            (length,) = struct.unpack(">I", data[len(_MAGIC) : start])
            header = json.loads(data[start : start + length])
            areas = [_area_from_json(row) for row in header["areas"]]
            return cls(
                int(header["version"]),
                datetime.fromisoformat(header["effective_at"]),
                {area.code: area for area in areas},
                CellIndex.from_bytes(data[start + length :]),
                Projection(int(header["epsg"])),
            )
        except (ValueError, KeyError, TypeError, struct.error, RegisterError) as error:
            raise SnapshotError(
                "the map snapshot is damaged or of another version; delete the snapshot file "
                "and start again while PostgreSQL is up"
            ) from error


def within(areas: Mapping[str, Area], scope: str) -> frozenset[str]:
    """Codes of an area and of all areas below it; empty when the map has no such area."""
    children: dict[str, list[str]] = {}
    for area in areas.values():
        if area.parent is not None:
            children.setdefault(area.parent, []).append(area.code)
    found: set[str] = set()
    waiting = [scope] if scope in areas else []
    while waiting:
        code = waiting.pop()
        found.add(code)
        waiting.extend(children.get(code, ()))
    return frozenset(found)


def lies_in(areas: Mapping[str, Area], code: str, outer: str) -> bool:
    """Whether the area `code` is `outer` or lies below it."""
    at: str | None = code
    while at is not None:
        if at == outer:
            return True
        area = areas.get(at)
        at = None if area is None else area.parent
    return False


def map_versions(connection: Connection) -> list[MapVersion]:
    """All versions of the map, oldest first; the last may still lie in the future."""
    rows = connection.execute(
        text("select version, effective_at, created_at, note from map_version order by version")
    )
    return [
        MapVersion(
            version=r.version, effective_at=r.effective_at, created_at=r.created_at, note=r.note
        )
        for r in rows
    ]


def load_map(connection: Connection, at: datetime | None = None) -> AreaMap:
    """The map in force at a moment (by default now, by the database's clock).

    Raises NoMapError when none is in force then.
    """
    found = connection.execute(
        text(
            "select version, effective_at from map_version"
            " where effective_at <= coalesce(cast(:at as timestamptz), clock_timestamp())"
            " order by version desc limit 1"
        ),
        {"at": at},
    ).one_or_none()
    if found is None:
        raise NoMapError(
            f"no area map is in force at {at or 'this moment'}; load one with "
            "`wangge register import areas FILE`"
        )
    return _load(connection, found.version, found.effective_at)


def _load(connection: Connection, version: int, effective_at: datetime) -> AreaMap:
    rows = connection.execute(
        text(
            "select code, level, parent, name_zh, name_en, made, ST_AsBinary(geom) as shape"
            " from area where since_version <= :version"
            " and (until_version is null or until_version > :version) order by code"
        ),
        {"version": version},
    ).all()
    projection = Projection()
    shapes = [bytes(row.shape) for row in rows]
    bounds = degree_bounds(shapes, projection).round(7).tolist() if rows else []
    areas = {
        row.code: Area(
            code=row.code,
            level=Level(row.level),
            parent=row.parent,
            name_zh=row.name_zh,
            name_en=row.name_en,
            made=row.made,
            bbox=(box[0], box[1], box[2], box[3]),
        )
        for row, box in zip(rows, bounds, strict=True)
    }
    lowest = [i for i, row in enumerate(rows) if row.level == Level.COMMUNITY]
    cells = CellIndex([rows[i].code for i in lowest], [shapes[i] for i in lowest])
    return AreaMap(version, effective_at, areas, cells, projection)


def above(areas: Mapping[str, Area], code: str) -> tuple[str, str]:
    """City and district of a community, by its chain of parents."""
    found: dict[Level, str] = {}
    for area in _chain(areas, code):
        found[area.level] = area.code
    if Level.CITY not in found or Level.DISTRICT not in found:
        raise RegisterError(
            f"area {code} has no district and city above it; import its parents with it"
        )
    return found[Level.CITY], found[Level.DISTRICT]


def _chain(areas: Mapping[str, Area], code: str) -> Iterable[Area]:
    step: str | None = code
    for _ in Level:
        if step is None or step not in areas:
            return
        yield areas[step]
        step = areas[step].parent


def _only_city(areas: Mapping[str, Area]) -> Area:
    cities = [area for area in areas.values() if area.level is Level.CITY]
    if len(cities) != 1:
        raise RegisterError(f"the map has {len(cities)} areas of level city; it needs exactly one")
    return cities[0]


def _area_from_json(row: Mapping[str, object]) -> Area:
    west, south, east, north = row["bbox"]  # type: ignore[misc]
    return Area(
        code=str(row["code"]),
        level=Level(str(row["level"])),
        parent=None if row["parent"] is None else str(row["parent"]),
        name_zh=str(row["name_zh"]),
        name_en=str(row["name_en"]),
        made=bool(row["made"]),
        bbox=(west, south, east, north),  # type: ignore[has-type]
    )


def _to_wgs84_mixed(
    lons: Sequence[float], lats: Sequence[float], systems: Sequence[Crs]
) -> tuple[FloatArray, FloatArray]:
    lon, lat = np.array(lons, dtype=np.float64), np.array(lats, dtype=np.float64)
    for at, system in enumerate(systems):
        # Not as an array: its sines may differ in the last bit from those of a single position.
        if system in _BENT:
            lon[at], lat[at] = to_wgs84_one(lons[at], lats[at], system)
    return lon, lat


def _great_circle_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(max(0.0, half))))
