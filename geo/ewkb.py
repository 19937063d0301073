"""Extended WKB as PostGIS reads it in COPY: hexadecimal text with the system's number in it."""

import struct
from collections.abc import Sequence

_LITTLE = 1
_WITH_SRID = 0x20000000
_POINT, _POLYGON = 1, 3


def point(x: float, y: float, srid: int) -> str:
    """A point."""
    return struct.pack("<BIIdd", _LITTLE, _POINT | _WITH_SRID, srid, x, y).hex()


def polygon(corners: Sequence[tuple[float, float]], srid: int) -> str:
    """A polygon without holes; the ring is closed here, so give each corner once."""
    ring = (*corners, corners[0])
    head = struct.pack("<BIIII", _LITTLE, _POLYGON | _WITH_SRID, srid, 1, len(ring))
    return (head + b"".join(struct.pack("<dd", x, y) for x, y in ring)).hex()


def from_wkb(shape: bytes, srid: int) -> str:
    """Little-endian WKB with the system's number put in."""
    (kind,) = struct.unpack_from("<I", shape, 1)
    return (struct.pack("<BII", _LITTLE, kind | _WITH_SRID, srid) + shape[5:]).hex()
