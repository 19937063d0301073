"""Which reader a file needs, by the ending of its name and its first bytes."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from geo.geojson import Reading, read_rows
from grid.files.delimited import Encoding, read_delimited
from grid.files.table import MOST_BYTES, BadFile, FileTable, Progress


class Form(StrEnum):
    """The forms of file that registers are read from and written to."""

    GEOJSON = "geojson"
    GEOPACKAGE = "gpkg"
    CSV = "csv"
    XLSX = "xlsx"


_ENDINGS = {
    ".geojson": Form.GEOJSON,
    ".json": Form.GEOJSON,
    ".gpkg": Form.GEOPACKAGE,
    ".csv": Form.CSV,
    ".txt": Form.CSV,
    ".tsv": Form.CSV,
    ".xlsx": Form.XLSX,
}


def form_of(path: Path) -> Form:
    """The form that a file's name says; raises BadFile when it says none."""
    form = _ENDINGS.get(path.suffix.lower())
    if form is None:
        reason = "the name must end in .geojson, .gpkg, .csv or .xlsx"
        raise BadFile(path.suffix or path.name, reason)
    return form


def read_bytes(path: Path) -> bytes:
    """All of a file; raises BadFile when it is too large, OSError when it cannot be opened."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise BadFile(f"{size:,} bytes", f"a file may have {MOST_BYTES:,} bytes; split it")
    return path.read_bytes()


def read_table(path: Path, wanted: str, encoding: Encoding, progress: Progress) -> FileTable:
    """The table called `wanted` (a sheet, a layer), or the only one.

    Raises BadFile when the file cannot be read at all, OSError when it cannot be opened.
    """
    form = form_of(path)
    if form is Form.GEOPACKAGE:
        from grid.files.gdal import read_geopackage  # every role would pay for GDAL otherwise

        return read_geopackage(path, wanted, progress)
    data = read_bytes(path)
    if form is Form.CSV:
        return read_delimited(data, encoding, progress)
    if form is Form.XLSX:
        from grid.files.workbook import read_workbook

        return read_workbook(data, wanted, progress)
    return feature_table(read_rows(data))


def holds(path: Path, name: str) -> bool:
    """Whether a workbook or GeoPackage holds a table called `name` (others hold one table)."""
    form = form_of(path)
    if form is Form.GEOPACKAGE:
        from grid.files.gdal import layer_names

        return name in layer_names(path)
    if form is Form.XLSX:
        from grid.files.workbook import sheet_names

        return name in sheet_names(read_bytes(path))
    return False


def feature_table(reading: Reading) -> FileTable:
    """Features as rows; a property that one feature has and another has not is empty there."""
    columns = tuple(dict.fromkeys(str(k) for f in reading.features for k in f.properties))
    rows: Sequence[Sequence[Any]] = [
        [feature.properties.get(name) for name in columns] for feature in reading.features
    ]
    return FileTable(
        name="",
        columns=columns,
        numbers=[feature.row for feature in reading.features],
        rows=rows,
        shapes=[feature.geometry for feature in reading.features],
        crs=reading.crs,
        faults=reading.faults,
    )
