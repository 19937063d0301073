"""Filing conditions from a spreadsheet, all or nothing, and into one."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, text

from dispatch.catalogue.condition_sheet import (
    COLUMNS,
    NAME,
    READ_ONLY,
    Given,
    condition_of,
    given_by,
    row_of,
    sheet_for,
)
from dispatch.catalogue.stored import changed, load_catalogue, store_conditions
from geo.geojson import Fault
from geo.systems import WGS84
from grid.files.delimited import Encoding
from grid.files.opening import Form, form_of, read_table
from grid.files.table import BadFile, FileTable, Progress
from grid.files.writing import Outgoing, write_tables
from grid.importing.judging import Ground, JudgedRows, Key, Stored, judge_rows
from grid.importing.upserting import RegisterReport
from workflows.categories import Category
from workflows.conditions import Condition

FORMS = (Form.CSV, Form.XLSX)


def import_conditions(
    connection: Connection, path: Path, encoding: Encoding, progress: Progress, actor: str
) -> RegisterReport:
    """Adds and replaces the conditions that a file names; rows that it does not name stay.

    With any refusal nothing was written. Raises OSError when the file cannot be opened.
    """
    connection.execute(text("lock table condition in share row exclusive mode"))
    categories = load_catalogue(connection).categories
    try:
        _check_form(path)
        table = read_table(path, NAME, encoding, progress)
    except BadFile as error:
        nothing = sheet_for(categories, Given(successors={}, names={}))
        return RegisterReport(register=nothing, judged=JudgedRows(), refused=(error.fault,))
    report = judge_conditions(table, categories, progress)
    if not report.refused:
        _write(connection, report, categories, actor)
    return report


def export_conditions(connection: Connection, path: Path, encoding: Encoding) -> int:
    """Writes every condition of the catalogue, and how many they are."""
    _check_form(path)
    rows = [
        (category.name_zh, *row_of(category, condition))
        for category in load_catalogue(connection).categories.values()
        for condition in category.conditions
    ]
    names = (READ_ONLY[0], *(column.name for column in COLUMNS))
    table = Outgoing(name=NAME, columns=names, rows=rows)
    write_tables(path, [table], WGS84, encoding)
    return len(rows)


def _check_form(path: Path) -> None:
    if form_of(path) not in FORMS:
        raise BadFile(path.suffix, "conditions are read from and written to .csv and .xlsx")


def judge_conditions(
    table: FileTable, categories: Mapping[str, Category], progress: Progress
) -> RegisterReport:
    """What an import of the table would do, or why it would do nothing. No database."""
    sheet = sheet_for(categories, given_by(table))
    judged = judge_rows(sheet, table, Ground(held=_held(categories)), progress)
    judged.unused = tuple(name for name in judged.unused if name not in READ_ONLY)
    refused = tuple(judged.refused)
    if not table.rows and not refused:
        reason = "the table has no rows; give at least one"
        refused = (Fault(row=0, field="file", value="", reason=reason),)
    report = RegisterReport(register=sheet, judged=judged, refused=refused)
    fields = Counter(one.field for one in report.differences() if one.kind == "changed")
    return RegisterReport(register=sheet, judged=judged, refused=refused, fields=fields)


def _held(categories: Mapping[str, Category]) -> dict[Key, Stored]:
    rows = [row_of(one, condition) for one in categories.values() for condition in one.conditions]
    return {row[:4]: row for row in rows}


def _write(
    connection: Connection,
    report: RegisterReport,
    categories: Mapping[str, Category],
    actor: str,
) -> None:
    by_key = {(one.standard, one.kind.value, one.standard_code): one for one in categories.values()}
    touched: dict[str, dict[str, Condition]] = {}
    for stored in (*(new for _, new in report.judged.changed), *report.judged.added):
        category = by_key[stored[:3]]
        rows = touched.setdefault(category.code, {row.code: row for row in category.conditions})
        condition = condition_of(category, stored)
        rows[condition.code] = condition
    for code, rows in touched.items():
        store_conditions(connection, categories[code].conditions, tuple(rows.values()), actor)
    if touched:
        changed(connection)
