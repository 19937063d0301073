"""Where the communities' middles lie: made places that look like a city with its countryside.

Townships come first (streets around the county seat, the rest spread over the county), communities
lie around the middle of their township: residents' committees close together, villages apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from geo.cells import CellIndex
from geo.crs import FloatArray, Projection
from grid.demo.divisions import Community
from grid.errors import DemoError

# Known middles of the two urban districts (degrees); elsewhere the seat is the county's middle.
_SEATS = {"431102": (111.62, 26.22), "431103": (111.607, 26.43)}
_URBAN_STEP_M = 800.0
_TOWN_STEP_M = 600.0
_POOL_PER_COMMUNITY = 60
_SEAT_POOL = 6000
_ROUNDS = 8
_GOLDEN = math.pi * (3.0 - math.sqrt(5.0))

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Middles of a county's communities in the given order, in projected metres."""

    xs: FloatArray
    ys: FloatArray


def place_communities(
    county: str, border: bytes, communities: Sequence[Community], seed: int
) -> Seeds:
    """Places the middles of a county's communities (sorted by code) inside its border (WKB).

    The same arguments always give the same places.
    """
    chance = np.random.default_rng([seed, int(county)])
    ground = _Ground(CellIndex([county], [border]), chance)
    townships = [(code, list(group)) for code, group in groupby(communities, lambda c: c.township)]
    seat = _seat(county, ground, len(communities))
    pool = np.vstack(
        (ground.sample(len(communities) * _POOL_PER_COMMUNITY), ground.around(seat, _SEAT_POOL))
    )
    middles = _township_middles(townships, seat, ground, pool)
    nearest = _nearest(pool, middles)
    placed = [
        _place_township(group, middles[i], ground, pool[nearest == i])
        for i, (_, group) in enumerate(townships)
    ]
    spots = np.vstack(placed)
    return Seeds(xs=spots[:, 0], ys=spots[:, 1])


class _Ground:
    """The inside of one county, to draw places from."""

    def __init__(self, inside: CellIndex, chance: np.random.Generator) -> None:
        self._inside = inside
        self._chance = chance
        self._box = inside.bounds()

    def holds(self, points: Points) -> npt.NDArray[np.bool_]:
        return self._inside.locate(points[:, 0], points[:, 1]) >= 0

    def sample(self, count: int) -> Points:
        """At least `count` places spread evenly over the county."""
        west, south, east, north = self._box
        found: list[Points] = []
        while sum(len(part) for part in found) < count:
            tried = np.column_stack(
                (self._chance.uniform(west, east, count), self._chance.uniform(south, north, count))
            )
            found.append(tried[self.holds(tried)])
        return np.vstack(found)

    def around(self, middle: Points, count: int, radius_m: float = 7000.0) -> Points:
        """Places in a disc around a spot, denser towards it, as far as they are in the county."""
        angle = self._chance.uniform(0.0, 2.0 * math.pi, count)
        reach = radius_m * self._chance.uniform(0.0, 1.0, count) ** 0.75
        tried = middle + np.column_stack((np.cos(angle), np.sin(angle))) * reach[:, None]
        return tried[self.holds(tried)]

    def spiral(self, middle: Points, count: int, step_m: float) -> Points:
        """`count` places in a sunflower around a spot, about `step_m` apart."""
        turns = np.arange(count * 8 + 8, dtype=np.float64)
        reach = step_m * np.sqrt((turns + 0.3) / math.pi)
        tried = (
            middle
            + np.column_stack((np.cos(turns * _GOLDEN), np.sin(turns * _GOLDEN))) * (reach[:, None])
        )
        inside = tried[self.holds(tried)]
        if len(inside) < count:
            raise DemoError("a township lies too close to its county's border; choose another seed")
        return inside[:count]


def _seat(county: str, ground: _Ground, count: int) -> Points:
    if county in _SEATS:
        return np.array(Projection().forward_one(*_SEATS[county]))
    pool = ground.sample(max(count, 500))
    middle: Points = pool[_closest(pool, pool.mean(axis=0))]
    return middle


def _township_middles(
    townships: Sequence[tuple[str, Sequence[Community]]],
    seat: Points,
    ground: _Ground,
    pool: Points,
) -> Points:
    streets = [i for i, (_, group) in enumerate(townships) if group[0].is_in_street]
    rural = [i for i in range(len(townships)) if i not in streets]
    middles = np.empty((len(townships), 2))
    reach = 2500.0
    if streets:
        load = sum(1 + (not c.is_urban) for i in streets for c in townships[i][1]) / len(streets)
        step = _URBAN_STEP_M * math.sqrt(load)
        middles[streets] = ground.spiral(seat, len(streets), step)
        reach = step * math.sqrt(len(streets) / math.pi)
    outer = pool[np.hypot(*(pool - seat).T) > reach]
    middles[rural] = _spread(outer, len(rural))
    return middles


def _place_township(
    group: Sequence[Community], middle: Points, ground: _Ground, pool: Points
) -> Points:
    step = _URBAN_STEP_M if group[0].is_in_street else _TOWN_STEP_M
    urban = [i for i, community in enumerate(group) if community.is_urban]
    villages = [i for i, community in enumerate(group) if not community.is_urban]
    spots = np.empty((len(group), 2))
    spots[urban] = ground.spiral(middle, len(urban), step)
    reach = step * math.sqrt(len(urban) / math.pi) + step / 4
    outer = pool[np.hypot(*(pool - middle).T) > reach]
    if len(outer) < 3 * len(villages):
        outer = np.vstack((pool, ground.around(middle, 60 * len(villages) + 60, 2 * reach)))
    spots[villages] = _spread(outer, len(villages))
    return spots


def _spread(pool: Points, count: int) -> Points:
    """`count` places of the pool, each in the middle of its share of it (k-means, then medoids)."""
    if count == 0:
        return np.empty((0, 2))
    middles = pool[np.linspace(0, len(pool) - 1, count).astype(np.int64)]
    for _ in range(_ROUNDS):
        nearest = _nearest(pool, middles)
        sizes = np.maximum(np.bincount(nearest, minlength=count), 1)
        means = [np.bincount(nearest, pool[:, axis], count) / sizes for axis in (0, 1)]
        middles = np.column_stack(means)
    nearest = _nearest(pool, middles)
    return np.array(
        [
            share[_closest(share, middle)] if len(share) else pool[i]
            for i, middle in enumerate(middles)
            for share in (pool[nearest == i],)
        ]
    )


def _nearest(points: Points, middles: Points) -> npt.NDArray[np.int64]:
    best = np.zeros(len(points), dtype=np.int64)
    least = np.full(len(points), np.inf)
    for i, (x, y) in enumerate(middles):
        squared = (points[:, 0] - x) ** 2 + (points[:, 1] - y) ** 2
        closer = squared < least
        best[closer], least[closer] = i, squared[closer]
    return best


def _closest(points: Points, middle: Points) -> int:
    return int(np.argmin((points[:, 0] - middle[0]) ** 2 + (points[:, 1] - middle[1]) ** 2))
