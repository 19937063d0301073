"""The grades of areas from a file: which limit profile each has, with every change of it kept."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from dispatch.catalogue.changes import Rows, record_changes
from dispatch.catalogue.stored import load_grades
from grid.files.table import Progress
from grid.importing.registers import GRADES
from grid.importing.storing import lock_register
from grid.importing.upserting import ImportOptions, RegisterReport, import_register


def import_grades(
    connection: Connection, path: Path, options: ImportOptions, progress: Progress, actor: str
) -> list[RegisterReport]:
    """Imports the register of grades as any other, and keeps who changed which.

    With any refusal nothing was written. Raises OSError when the file cannot be opened.
    """
    # Nobody else's changes may come between what was and what is.
    lock_register(connection, GRADES)
    before = load_grades(connection)
    reports = import_register(connection, GRADES, path, options, progress)
    record_changes(connection, _rows(before), _rows(load_grades(connection)), actor)
    return reports


def _rows(grades: Mapping[str, str]) -> Rows:
    return {area: {"area": area, "profile": profile} for area, profile in grades.items()}
