"""Gives neighbouring borders the same corners before they are projected.

A line that is straight in degrees is not straight in metres: the middle of an edge of 10 km lies
half a metre aside. Where a corner of one area lies inside an edge of another, the two borders would
part there, so that edge gets the corner too.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

ON_EDGE_DEG = 1e-7
"""A corner this close to an edge lies on it: about a centimetre, the rounding of many files."""


def node(shapes: Sequence[Any]) -> list[Any | None]:
    """For each polygon (shapely, degrees) the same with its neighbours' corners put into its edges;
    None where nothing was put in."""
    polygons = np.array(shapes, dtype=object)
    if not len(polygons):
        return []
    rings, owner = _rings(polygons)
    starts, ends, ring_of = _edges(rings)
    corners = np.unique(shapely.get_coordinates(rings), axis=0)
    edge, spots = _corners_on_edges(starts, ends, corners)
    new: dict[int, list[npt.NDArray[np.float64]]] = {}
    for i in np.unique(edge).tolist():
        inside = spots[edge == i]
        order = np.argsort((inside - starts[i]) @ (ends[i] - starts[i]))
        new[i] = list(inside[order])
    answer: list[Any | None] = [None] * len(polygons)
    first_edge = np.searchsorted(ring_of, np.arange(len(rings)))
    for which in {int(owner[ring_of[i]]) for i in new}:
        mine = np.flatnonzero(owner == which).tolist()
        longer = [_longer(rings[ring], int(first_edge[ring]), new) for ring in mine]
        answer[which] = _rebuilt(polygons[which], longer)
    return answer


def _rings(polygons: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    return rings, part_owner[ring_part]


def _edges(
    rings: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    return points[:-1][same], points[1:][same], ring[:-1][same]


def _corners_on_edges(
    starts: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], corners: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    lines: npt.NDArray[Any] = np.asarray(
        shapely.linestrings(np.stack((starts, ends), axis=1)), dtype=object
    )
    corner, edge = shapely.STRtree(lines).query(
        shapely.points(corners), predicate="dwithin", distance=ON_EDGE_DEG
    )
    spots = corners[corner]
    apart = 2 * ON_EDGE_DEG
    inner = (np.hypot(*(spots - starts[edge]).T) > apart) & (
        np.hypot(*(spots - ends[edge]).T) > apart
    )
    return edge[inner], spots[inner]


def _longer(
    ring: Any, first_edge: int, new: Mapping[int, Sequence[npt.NDArray[np.float64]]]
) -> list[npt.NDArray[np.float64]]:
    points = shapely.get_coordinates(ring)
    line = [points[0]]
    for i, point in enumerate(points[1:]):
        line.extend(new.get(first_edge + i, ()))
        line.append(point)
    return line


def _rebuilt(polygon: Any, rings: Sequence[Sequence[npt.NDArray[np.float64]]]) -> Any:
    """A polygon of the same parts and holes with other rings, given in the order of its own."""
    waiting = iter(rings)
    parts = []
    for part in shapely.get_parts(polygon):
        shell, *holes = islice(waiting, 1 + shapely.get_num_interior_rings(part))
        parts.append(shapely.Polygon(shell, holes))
    return shapely.MultiPolygon(parts)
