"""Tables into files: whole or not at all."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.given import written_wkb, written_wkt
from geo.systems import GivenSystem
from grid.errors import RegisterError
from grid.files.delimited import Encoding, write_delimited
from grid.files.opening import Form, form_of
from grid.files.table import Layer

Geometries = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A table to write. `geometries` are GeoJSON objects in the system asked for, `kind` theirs."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    geometries: Geometries | None = None
    kind: str | None = None


def write_tables(
    path: Path, tables: Sequence[Outgoing], system: GivenSystem, encoding: Encoding
) -> None:
    """Writes one or several tables as the file's name says.

    Several go into a workbook's sheets or a GeoPackage's layers; a GeoJSON or CSV file holds the
    first. Raises BadFile for an unknown ending, RegisterError for what the form cannot hold.
    """
    from grid.files.gdal import write_geopackage, write_workbook

    form = form_of(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if form is Form.GEOPACKAGE:
            write_geopackage(draft, [_layer(one) for one in tables], _gis_name(system))
        elif form is Form.XLSX:
            write_workbook(draft, [_sheet(one, system) for one in tables])
        elif form is Form.CSV:
            draft.write_bytes(write_delimited(*_flat(tables[0], system), encoding))
        else:
            draft.write_text(_collection(tables[0], system), encoding="utf-8")
        draft.replace(path)
    except UnicodeEncodeError as error:
        raise RegisterError(f"a text of the register cannot be written: {error.reason}") from error
    finally:
        draft.unlink(missing_ok=True)


def _gis_name(system: GivenSystem) -> str | None:
    """What a GIS calls the system; nothing for GCJ-02 and BD-09, which are none to it."""
    names = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490", "gcj02": None, "bd09": None}
    return names.get(system.name, system.name)


def _layer(table: Outgoing) -> Layer:
    shapes = None if table.geometries is None else [written_wkb(g) for g in table.geometries]
    return Layer(
        name=table.name, columns=table.columns, rows=table.rows, shapes=shapes, kind=table.kind
    )


def _sheet(table: Outgoing, system: GivenSystem) -> Layer:
    columns, rows = _flat(table, system)
    return Layer(name=table.name, columns=columns, rows=rows)


def _flat(
    table: Outgoing, system: GivenSystem
) -> tuple[tuple[str, ...], Sequence[tuple[Any, ...]]]:
    """With the geometry in columns: lon and lat, x and y, or wkt."""
    if table.geometries is None:
        return table.columns, table.rows
    names: tuple[str, ...]
    if table.kind == "Point":
        names = ("lon", "lat") if system.is_degrees else ("x", "y")
        cells: Sequence[tuple[Any, ...]] = [tuple(g["coordinates"]) for g in table.geometries]
    else:
        names = ("wkt",)
        cells = [(written_wkt(g),) for g in table.geometries]
    rows = [(*row, *more) for row, more in zip(table.rows, cells, strict=True)]
    return (*table.columns, *names), rows


def _collection(table: Outgoing, system: GivenSystem) -> str:
    geometries: Sequence[Any] = table.geometries or [None] * len(table.rows)
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": dict(zip(table.columns, row, strict=True)),
                "geometry": geometry,
            },
            ensure_ascii=False,
        )
        for row, geometry in zip(table.rows, geometries, strict=True)
    ]
    head = '{"type": "FeatureCollection", '
    if not system.is_plain:
        crs = {"type": "name", "properties": {"name": system.name}}
        head += f'"crs": {json.dumps(crs)}, '
    return head + '"features": [\n' + ",\n".join(lines) + "\n]}\n"
