"""GeoPackages in and out, workbooks out: the only door to pyogrio.

Workbooks are read by `workbook`, which tells formulas and errors from values; GDAL does not.
"""

import math
import re
import sqlite3
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import read, write

from grid.errors import RegisterError
from grid.files.table import BadFile, FileTable, Layer, Progress, header_faults

_MAGIC = b"SQLite format 3\0"
_LONGEST_CELL = 32_767
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_AGAIN = "copy it anew, or export it again from your GIS"


def read_geopackage(path: Path, wanted: str, progress: Progress) -> FileTable:
    """The layer called `wanted`, or the only one; raises BadFile when it cannot be read whole."""
    progress("reading", 0, 1)
    layers = layer_names(path)
    if wanted not in layers and len(layers) != 1:
        named = ", ".join(layers) or "none"
        reason = f"the file has no layer {wanted}, and not just one: {named}; rename the layer"
        raise BadFile(named[:120], reason, field="layer")
    layer = wanted if wanted in layers else layers[0]
    expected = _checked_count(path, layer)
    try:
        meta, fids, shapes, fields = read(path, layer=layer, return_fids=True)
    except (DataSourceError, DataLayerError, UnicodeDecodeError, ValueError, OSError) as error:
        raise BadFile(layer, f"the layer cannot be read; {_AGAIN}") from error
    if len(fids) != expected:
        reason = f"only {len(fids)} of {expected} rows can be read; {_AGAIN}"
        raise BadFile(layer, reason)
    columns = tuple(str(name) for name in meta["fields"])
    lists = [[_plain(cell) for cell in values.tolist()] for values in fields]
    progress("reading", 1, 1)
    return FileTable(
        name=layer,
        columns=columns,
        numbers=fids.tolist(),
        rows=list(zip(*lists, strict=True)) if lists else [()] * len(fids),
        shapes=None if shapes is None else shapes.tolist(),
        crs=meta["crs"],
        faults=tuple(header_faults(columns, 0)),
    )


def layer_names(path: Path) -> tuple[str, ...]:
    """The layers (features and attributes) of a GeoPackage; raises BadFile if it is none."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise BadFile("file", "the file is no GeoPackage; export it again as .gpkg")
    try:
        with closing(_opened(path)) as database:
            found = database.execute(
                "select table_name from gpkg_contents join sqlite_master on name = table_name"
                " where data_type in ('features', 'attributes') and type = 'table' order by 1"
            )
            return tuple(str(row[0]) for row in found)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        reason = f"the file is no GeoPackage or a damaged one ({error}); {_AGAIN}"
        raise BadFile("sqlite", reason) from error


def _checked_count(path: Path, layer: str) -> int:
    """Rows of the layer by SQLite's own count; GDAL would stop at damage without a word."""
    try:
        with closing(_opened(path)) as database:
            (verdict,) = database.execute("pragma quick_check(1)").fetchone()
            if verdict != "ok":
                raise BadFile(str(verdict)[:120], f"the GeoPackage is damaged; {_AGAIN}")
            quoted = '"' + layer.replace('"', '""') + '"'
            (count,) = database.execute(f"select count(*) from {quoted}").fetchone()  # noqa: S608  quoted above
            return int(count)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise BadFile("sqlite", f"the GeoPackage is damaged ({error}); {_AGAIN}") from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    database.execute("pragma trusted_schema = off")
    return database


def _plain(cell: Any) -> Any:
    # A whole column of numbers becomes floats as soon as one cell is empty.
    if isinstance(cell, float) and math.isnan(cell):
        return None
    return cell


def write_geopackage(path: Path, layers: Sequence[Layer], crs: str | None) -> None:
    """Writes the layers into one GeoPackage, which must not exist yet."""
    _write(path, layers, "GPKG", crs)


def write_workbook(path: Path, layers: Sequence[Layer]) -> None:
    """Writes each layer as a sheet. Codes stay text, so nothing is rounded.

    Raises RegisterError when a value has no place in a workbook's cell.
    """
    for layer in layers:
        for row in layer.rows:
            _refuse_long(layer.name, row)
    literal = [
        replace(layer, rows=[[*map(_literal, row)] for row in layer.rows]) for layer in layers
    ]
    _write(path, literal, "XLSX", None)


def _literal(cell: Any) -> Any:
    """A text that a workbook's reader takes for an escaped character, escaped itself."""
    return _ESCAPED.sub("_x005F_", cell) if isinstance(cell, str) else cell


def _write(path: Path, layers: Sequence[Layer], driver: str, crs: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a layer has no system, which is meant
        draft = Path(folder) / f"draft.{driver.lower()}"
        for layer in layers:
            columns = list(zip(*layer.rows, strict=True)) or [()] * len(layer.columns)
            write(
                draft,
                geometry=None if layer.shapes is None else np.array(layer.shapes, dtype=object),
                field_data=[_array(values) for values in columns],
                fields=list(layer.columns),
                crs=crs if layer.kind else None,
                geometry_type=layer.kind,
                driver=driver,
                layer=layer.name,
            )
        draft.replace(path)


def _refuse_long(name: str, row: Sequence[Any]) -> None:
    for cell in row:
        if isinstance(cell, str) and len(cell) > _LONGEST_CELL:
            raise RegisterError(
                f"{name} {row[0]}: a border of {len(cell):,} characters has no place in a "
                "workbook's cell; export a GeoPackage or GeoJSON"
            )


def _array(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    if values and all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if values and all(isinstance(value, int) for value in values):
        return np.array(values, dtype=np.int64)
    if values and all(isinstance(value, float) for value in values):
        return np.array(values, dtype=np.float64)
    return np.array(values, dtype=object)
