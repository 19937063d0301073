"""Exact partitions of polygons: cells that share every vertex of their borders.

Shapes are WKB in the projected system; vertices come out on the grid of `geo.crs.GRID_M`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import GRID_M, FloatArray
from geo.errors import GeometryError


def partition(
    borders: Mapping[str, bytes], seeds: Mapping[str, tuple[FloatArray, FloatArray]]
) -> dict[str, list[bytes]]:
    """Divides each polygon of `borders` among its seeds: each place goes to the nearest seed.

    `seeds` holds xs and ys for each key of `borders`. The answer holds one multipolygon a seed, in
    order. All cells of all polygons together are one exact coverage: edges of all polygons are
    noded together on the grid. Raises GeometryError when a seed gets no cell (two seeds in one
    spot, or one far outside its polygon).
    """
    keys = list(borders)
    polygons = shapely.from_wkb(np.array([borders[key] for key in keys], dtype=object))
    lines = [shapely.boundary(polygon) for polygon in polygons]
    for key, polygon in zip(keys, polygons, strict=True):
        lines.append(_inner_edges(polygon, *seeds[key]))
    noded = shapely.union_all(np.array(lines, dtype=object), grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    middles: npt.NDArray[Any] = shapely.point_on_surface(faces)
    face, owner = shapely.STRtree(polygons).query(middles, predicate="intersects")
    owner_of = np.full(len(faces), -1)
    owner_of[face] = owner
    return {
        key: _cells(key, faces[owner_of == i], middles[owner_of == i], *seeds[key])
        for i, key in enumerate(keys)
    }


def union(shapes: Sequence[bytes]) -> bytes:
    """The union of cells of one coverage, as a multipolygon; keeps every vertex."""
    cells = shapely.from_wkb(np.array(shapes, dtype=object))
    return _multi(shapely.coverage_union_all(cells))


def is_coverage(shapes: Sequence[bytes]) -> bool:
    """Whether shapes neither overlap nor miss a vertex of a neighbour on a shared border."""
    cells = shapely.from_wkb(np.array(shapes, dtype=object))
    return bool(np.all(shapely.is_valid(cells)) and shapely.coverage_is_valid(cells))


def _inner_edges(polygon: Any, xs: FloatArray, ys: FloatArray) -> Any:
    points = shapely.multipoints(np.column_stack((xs, ys)))
    edges = shapely.voronoi_polygons(points, extend_to=polygon, only_edges=True)
    return shapely.intersection(edges, polygon)


def _cells(
    key: str, faces: npt.NDArray[Any], middles: npt.NDArray[Any], xs: FloatArray, ys: FloatArray
) -> list[bytes]:
    spots: npt.NDArray[Any] = np.asarray(shapely.points(xs, ys), dtype=object)
    seed_of = shapely.STRtree(spots).nearest(middles)
    order = np.argsort(seed_of, kind="stable")
    cuts = np.searchsorted(seed_of[order], np.arange(len(xs) + 1))
    cells = []
    for seed in range(len(xs)):
        mine = faces[order[cuts[seed] : cuts[seed + 1]]]
        if len(mine) == 0:
            raise GeometryError(f"seed {seed} of {key} gets no cell; move it away from its twin")
        cells.append(_multi(shapely.coverage_union_all(mine)))
    return cells


def _multi(shape: Any) -> bytes:
    whole = shapely.normalize(shapely.multipolygons(shapely.get_parts(shape)))
    return bytes(shapely.to_wkb(whole, byte_order=1))
