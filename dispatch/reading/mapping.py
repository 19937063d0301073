"""What the live map shows: cases in a box, gathered in clusters or one by one, and kept tiles."""

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from dispatch.cases.access import Clause, all_of
from dispatch.cases.case import database_now
from dispatch.reading.reading import Filters, clauses_of
from grid.tiles import Bounds

SINGLE_FROM = 14.0
MOST_SINGLES = 2000
MOST_GROUPS = 20_000
CLUSTER_PIXELS = 64
MOST_ACROSS = 64
# Marks whose middles are nearer than this part of a cell would lie on one another.
NEAREST = 0.6
DEGREE_M = 111_320.0
# Metres that a pixel of a 512-pixel tile shows at zoom 0 on the equator.
WIDEST_PIXEL_M = 78_271.517


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One case on the map: what its mark, its line in the list and the filters need."""

    id: str
    number: str
    state: str
    category: str
    line: str
    department: str | None
    city: str
    district: str
    community: str
    lon: float
    lat: float
    seq: int
    version: int
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Cluster:
    """Cases that lie too near each other to be shown one by one; `late` are past their moment."""

    count: int = 0
    late: int = 0
    states: Counter[str] = field(default_factory=Counter)
    lon: float = 0.0
    lat: float = 0.0
    """The middle of the cases of its own cell, in degrees."""
    bounds: Bounds = (180.0, 90.0, -180.0, -90.0)
    only: Spot | None = None

    def take(self, other: "Cluster") -> None:
        """Counts the cases of another as its own, and stays where it is."""
        self.only = None
        self.count += other.count
        self.late += other.late
        self.states += other.states
        self.bounds = _around(self.bounds, other.bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What lies in a box: cases alone, clusters of several, and the database's time of looking."""

    spots: tuple[Spot, ...]
    clusters: tuple[Cluster, ...]
    at: datetime


SPOT = (
    "id number state category line department city district community lon lat seq version "
    "opened_at closed_at due_at"
).split()

SINGLES = """
    select {spot} from "case" c where {where} limit :most
""".replace("{spot}", ", ".join(f"c.{name}" for name in SPOT))

# A group of one is the case itself: the least of each column is then its value.
GROUPS = """
    select floor(ST_X(c.geom) / :cell)::bigint as column_, floor(ST_Y(c.geom) / :cell)::bigint
            as row_, count(*) as many,
        count(*) filter (where c.closed_at is null and c.due_at < now()) as past,
        min(c.lon) as west, min(c.lat) as south, max(c.lon) as east, max(c.lat) as north,
        sum(c.lon) as lons, sum(c.lat) as lats, {spot}
    from "case" c where {where}
    group by column_, row_, c.state limit :most
""".replace(
    "{spot}",
    ", ".join(
        "c.state" if name == "state" else f"min(c.{name}{'::text' * (name == 'id')}) as {name}"
        for name in SPOT
    ),
)


def picture(
    connection: Connection, scope: Clause, filters: Filters, zoom: float, bounds: Bounds | None
) -> Picture:
    """The cases of the scope that pass the filters and lie in `bounds` (None: nowhere).

    From zoom 14 on they come one by one, unless there are too many of them for any eye.
    """
    now = database_now(connection)
    if bounds is None:
        return Picture(spots=(), clusters=(), at=now)
    where = all_of(scope, *clauses_of(replace(filters, bbox=bounds)))
    if zoom >= SINGLE_FROM:
        query = text(SINGLES.replace("{where}", where.sql))
        rows = connection.execute(query, {**where.values, "most": MOST_SINGLES + 1}).all()
        if len(rows) <= MOST_SINGLES:
            return Picture(spots=tuple(map(_spot, rows)), clusters=(), at=now)
    cell = cell_of(zoom, bounds)
    query = text(GROUPS.replace("{where}", where.sql))
    groups = connection.execute(query, {**where.values, "cell": cell, "most": MOST_GROUPS}).all()
    clusters = apart(_gather(groups), cell * NEAREST)
    return Picture(
        spots=tuple(one.only for one in clusters if one.only is not None),
        clusters=tuple(one for one in clusters if one.only is None),
        at=now,
    )


def cell_of(zoom: float, bounds: Bounds) -> float:
    """The side of a cluster's cell in metres; a power of two, so that clusters stay put.

    A box far larger than a screen shows at this zoom gets cells that suit the box.
    """
    west, south, east, north = bounds
    narrowing = math.cos(math.radians((south + north) / 2))
    pixel = WIDEST_PIXEL_M * narrowing / 2 ** math.floor(zoom)
    across = max((east - west) * narrowing, north - south) * DEGREE_M
    # The latitude moves with the map; cells must not.
    fine = round(math.log2(pixel * CLUSTER_PIXELS))
    return float(2.0 ** max(fine, math.ceil(math.log2(across / MOST_ACROSS))))


def _gather(groups: Any) -> dict[tuple[int, int], Cluster]:
    """What lies in each cell, by column and row."""
    found: dict[tuple[int, int], Cluster] = {}
    for row in groups:
        one = found.setdefault((row.column_, row.row_), Cluster())
        one.only = _spot(row[10:]) if one.count == 0 and row.many == 1 else None
        one.count += row.many
        one.late += row.past
        one.states[row.state] += row.many
        one.lon += row.lons
        one.lat += row.lats
        one.bounds = _around(one.bounds, (row.west, row.south, row.east, row.north))
    for one in found.values():
        one.lon, one.lat = one.lon / one.count, one.lat / one.count
    return found


def apart(cells: Mapping[tuple[int, int], Cluster], least_m: float) -> list[Cluster]:
    """Of marks of neighbouring cells that are nearer than `least_m`, the largest takes the others.

    `least_m` is shorter than a cell's side. No two of what is left are nearer than that.
    """
    kept: dict[tuple[int, int], Cluster] = {}
    for column, row in sorted(cells, key=lambda place: (-cells[place].count, place)):
        one = cells[column, row]
        around = [(c, r) for c in range(column - 1, column + 2) for r in range(row - 1, row + 2)]
        beside = ((distance_m(one, kept[place]), place) for place in around if place in kept)
        distance, nearest = min(beside, default=(math.inf, (column, row)))
        if distance < least_m:
            kept[nearest].take(one)
        else:
            kept[column, row] = one
    return list(kept.values())


def distance_m(one: Cluster, other: Cluster) -> float:
    """Between two marks, in metres; near enough for a screen."""
    narrowing = math.cos(math.radians((one.lat + other.lat) / 2))
    return DEGREE_M * math.hypot((one.lon - other.lon) * narrowing, one.lat - other.lat)


def _around(one: Bounds, other: Bounds) -> Bounds:
    return (
        min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]),
    )  # fmt: skip


def _spot(row: Any) -> Spot:
    values = dict(zip(SPOT, row, strict=True))
    return Spot(**{**values, "id": str(values["id"])})


class TileCache:
    """Tiles made lately, up to a number of bytes; safe to share by threads.

    A key names the map's version and the scope, so that no tile outlives its map or leaves its
    scope.
    """

    def __init__(self, most_bytes: int = 48_000_000) -> None:
        self._most = most_bytes
        self._held = 0
        self._tiles: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        """The tile, if it is kept."""
        with self._lock:
            found = self._tiles.get(key)
            if found is not None:
                self._tiles.move_to_end(key)
            return found

    def put(self, key: Hashable, tile: bytes) -> None:
        """Keeps a tile; the one that was used longest ago goes first when there is no room."""
        with self._lock:
            self._held += len(tile) - len(self._tiles.pop(key, b""))
            self._tiles[key] = tile
            while self._held > self._most and self._tiles:
                _key, gone = self._tiles.popitem(last=False)
                self._held -= len(gone)
