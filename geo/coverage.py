"""Whether areas of one level lie beside each other and inside what is above them.

Shapes are WKB in the projected system. Borders that were rounded apart leave slivers; what is on
average thinner than `SLIVER_M` is no overlap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

SLIVER_M = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two areas (positions in the given sequence, first lower) that share ground."""

    first: int
    second: int
    square_metres: float


def overlaps(shapes: Sequence[bytes]) -> Iterator[Overlap]:
    """Every pair of shapes that overlap by more than a sliver, in order."""
    polygons = _read(shapes)
    if not len(polygons):
        return
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    keep = first < second
    first, second = first[keep], second[keep]
    shared: npt.NDArray[Any] = np.asarray(
        shapely.intersection(polygons[first], polygons[second]), dtype=object
    )
    order = np.lexsort((second, first))
    for i in order[_is_thick(shared)[order]].tolist():
        area = float(shapely.area(shared[i]))
        yield Overlap(first=int(first[i]), second=int(second[i]), square_metres=area)


def outside_m2(shape: bytes, parent: bytes) -> float:
    """Square metres of a shape outside its parent; 0 when it is no more than a sliver."""
    rest = shapely.difference(shapely.from_wkb(shape), shapely.from_wkb(parent))
    return float(shapely.area(rest)) if bool(_is_thick(np.array([rest], dtype=object))[0]) else 0.0


def uncovered_m2(
    parents: Mapping[str, bytes], children: Mapping[str, Sequence[bytes]]
) -> dict[str, float]:
    """Square metres of each parent that none of its children covers, where that is a real gap."""
    gaps = {}
    for code, shape in parents.items():
        if not children.get(code):
            continue
        rest = shapely.difference(shapely.from_wkb(shape), shapely.union_all(_read(children[code])))
        if bool(_is_thick(np.array([rest], dtype=object))[0]):
            gaps[code] = float(shapely.area(rest))
    return gaps


def _is_thick(shapes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    # The mean width of a long thin shape is twice its area over its circumference.
    thick = 2.0 * shapely.area(shapes) > SLIVER_M * shapely.length(shapes)
    return np.asarray(thick & (shapely.area(shapes) > 0.0), dtype=bool)


def _read(shapes: Sequence[bytes]) -> npt.NDArray[Any]:
    return np.asarray(shapely.from_wkb(np.array(shapes, dtype=object)), dtype=object)
