"""Registers to files, so that what goes out comes in unchanged."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from geo.crs import Projection
from geo.shapes import to_degrees
from geo.systems import GivenSystem
from grid.errors import RegisterError
from grid.files.delimited import Encoding
from grid.files.opening import Form, form_of
from grid.files.writing import Geometries, Outgoing, write_tables
from grid.importing.judging import Stored
from grid.importing.register import Geometry, Register
from grid.importing.registers import BUILDINGS, DWELLINGS
from grid.importing.storing import held_rows

_DEGREE_DIGITS = 11
_METRE_DIGITS = 6
_SEVERAL = (Form.GEOPACKAGE, Form.XLSX)


def export_register(
    connection: Connection, register: Register, path: Path, system: GivenSystem, encoding: Encoding
) -> int:
    """Writes a register as the file's name says; returns how many rows.

    A workbook or GeoPackage of buildings holds their dwellings too. Raises RegisterError when there
    is nothing to write, OSError when the file cannot be written.
    """
    wanted = [register]
    if register is BUILDINGS and form_of(path) in _SEVERAL:
        wanted.append(DWELLINGS)
    tables = [_outgoing(connection, one, system) for one in wanted]
    if not tables[0].rows:
        raise RegisterError(f"there are no {register.name} to export; import some first")
    tables = [tables[0], *(table for table in tables[1:] if table.rows)]
    write_tables(path, tables, system, encoding)
    return sum(len(table.rows) for table in tables)


def _outgoing(connection: Connection, register: Register, system: GivenSystem) -> Outgoing:
    rows = list(held_rows(connection, register).values())
    names = tuple(column.name for column in register.columns)
    if register.geometry is None:
        return Outgoing(name=register.name, columns=names, rows=rows)
    write = _points if register.geometry is Geometry.POINT else _polygons
    return Outgoing(
        name=register.name,
        columns=names,
        rows=[row[:-1] for row in rows],
        geometries=write(rows, system),
        kind=register.geometry.value,
    )


def _points(rows: Sequence[Stored], system: GivenSystem) -> Geometries:
    if not rows:
        return []
    metres = [struct.unpack("<dd", bytes.fromhex(row[-1][-32:])) for row in rows]
    xs, ys = zip(*metres, strict=True)
    east, north = system.from_degrees(*Projection().inverse(xs, ys))
    digits = _DEGREE_DIGITS if system.is_degrees else _METRE_DIGITS
    return [
        {"type": "Point", "coordinates": [x, y]}
        for x, y in zip(east.round(digits).tolist(), north.round(digits).tolist(), strict=True)
    ]


def _polygons(rows: Sequence[Stored], system: GivenSystem) -> Geometries:
    projection = Projection()
    return [polygon_out(bytes.fromhex(row[-1]), projection, system) for row in rows]


def polygon_out(shape: bytes, projection: Projection, system: GivenSystem) -> dict[str, Any]:
    """A projected polygon (WKB) as a GeoJSON geometry in the system asked for."""
    given = system.geometry_from_degrees(to_degrees(shape, projection))
    digits = _DEGREE_DIGITS if system.is_degrees else _METRE_DIGITS
    return {**given, "coordinates": _rounded(given["coordinates"], digits)}


def _rounded(nested: Any, digits: int) -> Any:
    if isinstance(nested, list | tuple):
        return [_rounded(item, digits) for item in nested]
    return round(nested, digits)
