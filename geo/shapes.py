"""What the registers need to know of shapes, given and returned as WKB in the projected system."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import FloatArray, Projection


def degree_bounds(shapes: Sequence[bytes], projection: Projection) -> FloatArray:
    """West, south, east, north in degrees of each shape's corners; one row a shape."""
    polygons = shapely.from_wkb(np.array(shapes, dtype=object))
    points, owner = shapely.get_coordinates(polygons, return_index=True)
    lons, lats = projection.inverse(points[:, 0], points[:, 1])
    bounds = np.empty((len(polygons), 4))
    for column, values, extreme, start in (
        (0, lons, np.minimum, np.inf),
        (1, lats, np.minimum, np.inf),
        (2, lons, np.maximum, -np.inf),
        (3, lats, np.maximum, -np.inf),
    ):
        bounds[:, column] = start
        extreme.at(bounds[:, column], owner, values)
    return bounds


def areas_m2(shapes: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Area of each shape in square metres of the projected system."""
    return np.asarray(shapely.area(shapely.from_wkb(np.array(shapes, dtype=object))))
