"""What an import refused or changes, as CSV files that a spreadsheet program opens."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from geo.geojson import Fault
from grid.importing.upserting import Difference

_LEADS = ("=", "+", "-", "@", "\t", "\r")


def write_refusals(path: Path, refused: Iterable[Fault]) -> None:
    """Every refused row: its number in the file (0: the file itself), field, value and reason."""
    rows = [(fault.row, fault.field, fault.value, fault.reason) for fault in refused]
    _write(path, ("row", "field", "value", "reason"), rows)


def write_differences(path: Path, differences: Iterable[tuple[str, Difference]]) -> None:
    """Every difference, with the register that it is in."""
    rows = [(name, d.kind, d.key, d.field, d.old, d.new) for name, d in differences]
    _write(path, ("register", "kind", "key", "field", "old", "new"), rows)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    path.write_bytes(out.getvalue().encode("utf-8-sig", "replace"))


def _harmless(cell: object) -> object:
    # A spreadsheet program would run what a foreign file put there.
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_LEADS) else cell
