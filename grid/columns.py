"""Geometry column types, in the city's projected system (design decision 1)."""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy.types import TypeEngine

from geo.crs import CITY_EPSG

SRID = CITY_EPSG


def point() -> TypeEngine[Any]:
    """A point column; its index is made by the migration."""
    return Geometry("POINT", srid=SRID, spatial_index=False)


def polygon() -> TypeEngine[Any]:
    """A polygon column."""
    return Geometry("POLYGON", srid=SRID, spatial_index=False)


def multipolygon() -> TypeEngine[Any]:
    """A multipolygon column."""
    return Geometry("MULTIPOLYGON", srid=SRID, spatial_index=False)
