"""Made streets: a grid of straight streets inside a polygon."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """Straight street segments between two crossings, one row each (projected metres).

    (x, y) is a segment's start, (dx, dy) the unit vector along it, length in metres.
    """

    x: FloatArray
    y: FloatArray
    dx: FloatArray
    dy: FloatArray
    length: FloatArray

    def __len__(self) -> int:
        return len(self.x)

    def at(
        self, segment: npt.NDArray[np.int64], along: FloatArray, aside: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Positions `along` metres from a segment's start and `aside` metres to its left."""
        dx, dy = self.dx[segment], self.dy[segment]
        return (
            self.x[segment] + along * dx - aside * dy,
            self.y[segment] + along * dy + aside * dx,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetPlan:
    """How streets are laid: the turn of the grid in radians, block sides in metres, the distance
    kept from the border, and the reach from the middle."""

    turn: float
    block_m: tuple[float, float]
    margin_m: float
    reach_m: float


def lay_streets(shape: bytes, middle: tuple[float, float], plan: StreetPlan) -> Streets:
    """Streets inside a polygon (WKB), within `reach_m` of a middle; may be none in a narrow one.

    Whatever is placed within `margin_m` of a street lies inside the polygon.
    """
    reach = shapely.Point(middle).buffer(plan.reach_m)
    ground = shapely.from_wkb(shape).buffer(-plan.margin_m).intersection(reach)
    shapely.prepare(ground)
    steps = [math.ceil(plan.reach_m / block) for block in plan.block_m]
    starts, ends = [], []
    for along, across in ((0, 1), (1, 0)):
        a = np.arange(-steps[along], steps[along])
        b = np.arange(-steps[across], steps[across] + 1)
        grid_a, grid_b = (axis.ravel() for axis in np.meshgrid(a, b, indexing="ij"))
        starts.append(_turned(_pair(grid_a, grid_b, along), middle, plan))
        ends.append(_turned(_pair(grid_a + 1, grid_b, along), middle, plan))
    start, end = np.vstack(starts), np.vstack(ends)
    lines = shapely.linestrings(np.stack((start, end), axis=1))
    inside = np.asarray(shapely.covers(ground, lines), dtype=bool)
    return _streets(start[inside], end[inside])


def _pair(
    along: npt.NDArray[np.int64], across: npt.NDArray[np.int64], axis: int
) -> npt.NDArray[np.int64]:
    return np.column_stack((along, across) if axis == 0 else (across, along))


def _turned(
    steps: npt.NDArray[np.int64], middle: tuple[float, float], plan: StreetPlan
) -> FloatArray:
    u, v = steps[:, 0] * plan.block_m[0], steps[:, 1] * plan.block_m[1]
    cos, sin = math.cos(plan.turn), math.sin(plan.turn)
    return np.column_stack((middle[0] + u * cos - v * sin, middle[1] + u * sin + v * cos))


def _streets(start: FloatArray, end: FloatArray) -> Streets:
    vector = end - start
    length = np.hypot(vector[:, 0], vector[:, 1])
    return Streets(
        x=start[:, 0],
        y=start[:, 1],
        dx=vector[:, 0] / length,
        dy=vector[:, 1] / length,
        length=length,
    )
