"""Which cell holds a point, answered in memory (design decision 17).

All coordinates are metres in the city's projected system, on the grid of `geo.crs.GRID_M`. A border
belongs to both neighbours; a point on it belongs to the neighbour with the lowest code.
"""

import itertools
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import GRID_M, FloatArray
from geo.errors import GeometryError, SnapshotError

_MAGIC = b"WGCELLS1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestCell:
    """The cell closest to a point, and how far away its border is."""

    code: str
    distance_m: float


class CellIndex:
    """A fixed set of cells (polygons) with codes, searchable by point. Safe to share by threads."""

    def __init__(self, codes: Sequence[str], shapes: Sequence[bytes]) -> None:
        """Indexes `shapes` (WKB, projected), one for each code.

        Raises GeometryError when lengths differ, a code comes twice, or a shape is not a valid
        polygon.
        """
        _refuse_duplicates(codes, shapes)
        order = sorted(range(len(codes)), key=lambda i: codes[i])
        self.codes: tuple[str, ...] = tuple(codes[i] for i in order)
        self._shapes: tuple[bytes, ...] = tuple(shapes[i] for i in order)
        self._polygons: npt.NDArray[Any] = _polygons(self.codes, self._shapes)
        shapely.prepare(self._polygons)
        self._tree = shapely.STRtree(self._polygons)
        self._warm()

    def __len__(self) -> int:
        return len(self.codes)

    def locate(self, xs: FloatArray, ys: FloatArray) -> npt.NDArray[np.int64]:
        """Index into `codes` of the cell that holds each point, -1 where none does."""
        found = np.full(len(xs), len(self.codes), dtype=np.int64)
        point, cell = self._tree.query(shapely.points(xs, ys))
        inside = shapely.intersects_xy(self._polygons[cell], xs[point], ys[point])
        np.minimum.at(found, point[inside], cell[inside])
        found[found == len(self.codes)] = -1
        return found

    def locate_one(self, x: float, y: float) -> int:
        """As `locate` for one point."""
        found = -1
        for cell in self._tree.query(shapely.Point(x, y)).tolist():
            if (found < 0 or cell < found) and shapely.intersects_xy(self._polygons[cell], x, y):
                found = cell
        return found

    def settle(
        self, xs: FloatArray, ys: FloatArray, radii_m: FloatArray
    ) -> tuple[npt.NDArray[np.int64], dict[int, tuple[str, ...]]]:
        """`locate`, and for the points whose circle meets several cells their codes in order."""
        found = np.full(len(xs), len(self.codes), dtype=np.int64)
        reach = radii_m + GRID_M
        point, cell = self._tree.query(shapely.box(xs - reach, ys - reach, xs + reach, ys + reach))
        near = shapely.intersects_xy(self._polygons[cell], xs[point], ys[point])
        np.minimum.at(found, point[near], cell[near])
        found[found == len(self.codes)] = -1
        open_ = ~near & (radii_m > 0)[point]
        at = point[open_]
        near[open_] = shapely.dwithin(
            self._polygons[cell[open_]], shapely.points(xs[at], ys[at]), radii_m[at]
        )
        return found, self._named(point[near], cell[near], radii_m)

    def _named(
        self, point: npt.NDArray[np.int64], cell: npt.NDArray[np.int64], radii_m: FloatArray
    ) -> dict[int, tuple[str, ...]]:
        several = (np.bincount(point, minlength=len(radii_m)) > 1) & (radii_m > 0)
        chosen = several[point]
        named: dict[int, list[int]] = {}
        for at, index in zip(point[chosen].tolist(), cell[chosen].tolist(), strict=True):
            named.setdefault(at, []).append(index)
        return {at: self._codes_of(cells) for at, cells in named.items()}

    def settle_one(self, x: float, y: float, radius_m: float) -> tuple[int, tuple[str, ...]]:
        """As `settle` for one point: its cell, and the codes where there are several."""
        reach = radius_m + GRID_M
        box = shapely.box(x - reach, y - reach, x + reach, y + reach)
        _, cells = self._tree.query([box])  # a list of one costs half of one alone
        polygons = self._polygons[cells]
        inside = shapely.intersects_xy(polygons, x, y)
        own = cells[inside]
        if not len(own):
            return -1, ()
        if radius_m <= 0 or len(cells) < 2:
            return int(own.min()), ()
        near = inside | shapely.dwithin(polygons, shapely.Point(x, y), radius_m)
        touched = self._codes_of(cells[near].tolist())
        return int(own.min()), touched if len(touched) > 1 else ()

    def _codes_of(self, cells: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.codes[cell] for cell in sorted(cells))

    def nearest(self, x: float, y: float) -> NearestCell | None:
        """The closest cell (the lowest code among equals), or None in an empty index."""
        if not self.codes:
            return None
        cells, distances = self._tree.query_nearest(
            shapely.Point(x, y), return_distance=True, all_matches=True
        )
        return NearestCell(code=self.codes[int(cells.min())], distance_m=float(distances[0]))

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all cells in metres; not a number in an empty index."""
        west, south, east, north = shapely.total_bounds(self._polygons).tolist()
        return west, south, east, north

    def to_bytes(self) -> bytes:
        """The index as bytes for a snapshot file: a JSON header and the WKB of each cell."""
        header = json.dumps({"codes": self.codes, "sizes": [len(s) for s in self._shapes]}).encode()
        return b"".join((_MAGIC, struct.pack(">I", len(header)), header, *self._shapes))

    @classmethod
    def from_bytes(cls, data: bytes) -> "CellIndex":
        """Reads what `to_bytes` wrote; raises SnapshotError on anything else."""
        try:
            codes, shapes = _unpack(data)
            return cls(codes, shapes)
        except (ValueError, KeyError, TypeError, struct.error, GeometryError) as error:
            raise SnapshotError(
                "the cell snapshot is damaged or of another version; delete the snapshot file "
                "and start again while PostgreSQL is up"
            ) from error

    def _warm(self) -> None:
        # GEOS builds the tree and each prepared locator at first use, which is not thread-safe.
        if not self.codes:
            return
        west, south, east, north = shapely.bounds(self._polygons).T
        shapely.intersects_xy(self._polygons, (west + east) / 2, (south + north) / 2)
        shapely.dwithin(self._polygons, shapely.Point(west[0], south[0]), 1.0)
        self._tree.query(shapely.Point(west[0], south[0]))


def _unpack(data: bytes) -> tuple[list[str], list[bytes]]:
    start = len(_MAGIC) + 4
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not a cell snapshot")
    (length,) = struct.unpack(">I", data[len(_MAGIC) : start])
    header = json.loads(data[start : start + length])
    ends = np.cumsum([start + length, *header["sizes"]]).tolist()
    if ends[-1] != len(data):
        raise ValueError("the cell snapshot is cut short")
    shapes = [data[a:b] for a, b in itertools.pairwise(ends)]
    return list(header["codes"]), shapes


def _refuse_duplicates(codes: Sequence[str], shapes: Sequence[bytes]) -> None:
    if len(codes) != len(shapes):
        raise GeometryError(f"{len(codes)} codes for {len(shapes)} shapes; give one for each")
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise GeometryError(f"area {code} is given twice; a code names one area")
        seen.add(code)


def _polygons(codes: Sequence[str], shapes: Sequence[bytes]) -> npt.NDArray[Any]:
    try:
        polygons: npt.NDArray[Any] = shapely.from_wkb(np.array(shapes, dtype=object))
    except shapely.errors.GEOSException as error:
        raise GeometryError(f"a shape among {len(codes)} areas is not WKB: {error}") from error
    for code, polygon in zip(codes, polygons, strict=True):
        if polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
            raise GeometryError(f"area {code} is a {polygon.geom_type}; give a polygon")
        if not polygon.is_valid:
            raise GeometryError(f"area {code}: {shapely.is_valid_reason(polygon)}; mend its border")
    return polygons
