"""A table as a file holds it, before anybody asks what it means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geo.geojson import Fault

MOST_COLUMNS = 200
MOST_ROWS = 3_000_000
MOST_BYTES = 2_000_000_000

Progress = Callable[[str, int, int], None]
Shape = bytes | Mapping[str, Any] | None
"""A geometry as WKB or as a GeoJSON object, in the file's own system; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    """Rows of one table of a file; each row has a cell for each column.

    `numbers` say where each row is in the file: in CSV and XLSX the row of the sheet (the header is
    row 1), in GeoJSON the feature from 1, in GeoPackage its fid. `shapes` is None in a file whose
    geometry is in columns. `crs` is what the file says of its coordinates, None if nothing.
    """

    name: str
    columns: tuple[str, ...]
    numbers: Sequence[int]
    rows: Sequence[Sequence[Any]]
    shapes: Sequence[Shape] | None = None
    crs: str | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer to write: columns as lists, geometry as WKB, and the kind of geometry."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    shapes: Sequence[bytes] | None = None
    kind: str | None = None


class BadFile(Exception):
    """The file cannot be read at all; carries the one fault that says why."""

    def __init__(self, value: str, reason: str, *, field: str = "file", row: int = 0) -> None:
        super().__init__(reason)
        self.fault = Fault(row=row, field=field, value=value, reason=reason)


def header_faults(names: Sequence[str], row: int = 1) -> list[Fault]:
    """What is wrong with the names of the columns."""
    if len(names) > MOST_COLUMNS:
        reason = f"the header has {len(names)} columns; a register needs a few: check the delimiter"
        return [Fault(row=row, field="header", value=names[0][:60], reason=reason)]
    faults, seen = [], set()
    for name in names:
        if name and name in seen:
            reason = "two columns have this name; rename or remove one"
            faults.append(Fault(row=row, field="header", value=name, reason=reason))
        seen.add(name)
    if not any(names):
        reason = "the first row must name the columns"
        faults.append(Fault(row=row, field="header", value="", reason=reason))
    return faults
