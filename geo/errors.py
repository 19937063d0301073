"""Errors of the spatial rooms."""


class GeoError(Exception):
    """Base of every error raised in `geo`; the message says what is wrong and what to do."""


class CodeError(GeoError):
    """A code does not follow the standard it is read under."""


class GeometryError(GeoError):
    """A shape cannot be used as the border of an area."""


class SnapshotError(GeoError):
    """The bytes of a snapshot are not what this version writes."""
