"""Registers from files: all or nothing, by code, with what is different told."""

import struct
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from geo.errors import GeometryError
from geo.geojson import Fault
from geo.systems import WGS84, GivenSystem, given_system
from grid.areas import AreaMap, load_map
from grid.errors import NoMapError
from grid.files.delimited import Encoding
from grid.files.opening import holds, read_table
from grid.files.table import BadFile, FileTable, Progress
from grid.importing.judging import Ground, JudgedRows, Key, Stored, judge_rows
from grid.importing.placing import column_at
from grid.importing.references import Known, beginnings
from grid.importing.register import Register
from grid.importing.registers import (
    BUILDINGS,
    DEPARTMENTS,
    DUTIES,
    DWELLINGS,
    GRADES,
    MEMBERS,
    ROSTER,
)
from grid.importing.storing import held_rows, lock_register, remove_rows, upsert_rows

_POINT_HEX = 50
_WITH_WHOLE = frozenset({DUTIES.name, GRADES.name, MEMBERS.name, ROSTER.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is to be read. `crs` None: what the file says, else WGS-84. `complete`: what the
    file does not name goes out of the register (duties, grades, members and roster only).
    `categories` and `part_classes` are the catalogue's codes, empty where there is none;
    `calendars` are the names of those that departments may keep."""

    crs: str | None = None
    encoding: Encoding = Encoding.AUTO
    complete: bool = False
    categories: Collection[str] = ()
    part_classes: Collection[str] = ()
    calendars: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that an import changes: kind is added, changed or removed."""

    kind: str
    key: str
    field: str = ""
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReport:
    """What an import of one register did, or why nothing at all was done."""

    register: Register
    judged: JudgedRows
    removed: tuple[Key, ...] = ()
    refused: tuple[Fault, ...] = ()
    fields: Mapping[str, int] = field(default_factory=dict)

    def differences(self) -> Iterator[Difference]:
        """Every difference, row by row."""
        for row in self.judged.added:
            yield Difference(kind="added", key=_key_text(self.register, row))
        for old, new in self.judged.changed:
            for name, before, after in _changes(self.register, old, new):
                key = _key_text(self.register, old)
                yield Difference(
                    kind="changed", key=key, field=_public(name), old=_shown(before),
                    new=_shown(after),
                )  # fmt: skip
        for gone in self.removed:
            yield Difference(kind="removed", key=" ".join(map(str, gone)))


def import_register(
    connection: Connection,
    register: Register,
    path: Path,
    options: ImportOptions,
    progress: Progress,
) -> list[RegisterReport]:
    """Imports a register in the connection's transaction, which the caller commits.

    A workbook or GeoPackage of buildings brings their dwellings with it. With any refusal in any
    report nothing was written. Raises OSError when the file cannot be opened.
    """
    if options.complete and register.name not in _WITH_WHOLE:
        reason = f"only {' and '.join(sorted(_WITH_WHOLE))} can be replaced as a whole"
        return [_refusal(register, Fault(row=0, field="complete", value="", reason=reason))]
    try:
        area_map = load_map(connection)
        wanted = [register]
        if register is BUILDINGS and holds(path, DWELLINGS.name):
            wanted.append(DWELLINGS)
        reports: list[RegisterReport] = []
        for one in wanted:
            table = read_table(path, one.name, options.encoding, progress)
            known = _known(connection, one, area_map, options, reports)
            reports.append(_judged(connection, one, table, options, (area_map, known), progress))
    except BadFile as error:
        return [_refusal(register, error.fault)]
    except NoMapError as error:
        return [_refusal(register, Fault(row=0, field="map", value="", reason=str(error)))]
    if not any(report.refused for report in reports):
        for report in reports:
            _write(connection, report, progress)
    return reports


def _judged(
    connection: Connection,
    register: Register,
    table: FileTable,
    options: ImportOptions,
    world: tuple[AreaMap, Known],
    progress: Progress,
) -> RegisterReport:
    system = system_of(table, options.crs)
    if isinstance(system, Fault):
        return _refusal(register, system)
    lock_register(connection, register)
    at = column_at(table, (register.key[0], register.columns[0].zh))
    codes = None
    if at is not None and not options.complete:
        given = (str(row[at]).strip().removesuffix(".0") for row in table.rows)
        codes = {text for text in given if text.isprintable()}
    held = held_rows(connection, register, codes)
    area_map, known = world
    ground = Ground(area_map=area_map, system=system, held=held, known=known)
    judged = judge_rows(register, table, ground, progress)
    refused = tuple(judged.refused)
    if not table.rows and not refused:
        reason = "the table has no rows; give at least one"
        refused = (Fault(row=0, field="file", value="", reason=reason),)
    return RegisterReport(
        register=register,
        judged=judged,
        refused=refused,
        removed=tuple(key for key in held if key not in judged.keys) if options.complete else (),
        fields=Counter(
            _public(name)
            for old, new in judged.changed
            for name, _, _ in _changes(register, old, new)
        ),
    )


def system_of(table: FileTable, asked: str | None) -> GivenSystem | Fault:
    """The system of the table's coordinates: as asked for, else as the file says, else WGS-84."""
    try:
        said = None if table.crs is None else given_system(table.crs)
        if asked is None:
            if said is None and table.shapes and any(isinstance(s, bytes) for s in table.shapes):
                reason = "the layer does not say in which system it is; name it by --crs"
                return Fault(row=0, field="crs", value="", reason=reason)
            return said or WGS84
        system = given_system(asked)
    except GeometryError as error:
        return Fault(row=0, field="crs", value=(asked or table.crs or "")[:120], reason=str(error))
    # GCJ-02 and BD-09 are no systems that a GIS knows: their files say WGS-84.
    if said is not None and not said.is_plain and said.name != system.name:
        reason = f"the file says {said.name} and --crs {system.name}; leave --crs out"
        return Fault(row=0, field="crs", value=said.name, reason=reason)
    return system


def _known(
    connection: Connection,
    register: Register,
    area_map: AreaMap,
    options: ImportOptions,
    before: list[RegisterReport],
) -> Known:
    refers = {column.refers for column in register.columns}
    departments = held_rows(connection, DEPARTMENTS) if "department" in refers else {}
    buildings = {code for (code,) in _codes(connection)} if "building" in refers else set()
    for report in before:
        buildings |= {str(key[0]) for key in report.judged.keys}
    return Known(
        areas={area.code: area.level for area in area_map.areas.values()},
        departments=frozenset(str(key[0]) for key in departments),
        buildings=frozenset(buildings),
        categories=beginnings(sorted(options.categories)) if options.categories else None,
        part_classes=frozenset(options.part_classes) if options.part_classes else None,
        calendars=frozenset(options.calendars),
    )


def _codes(connection: Connection) -> Any:
    return connection.execute(BUILDINGS.table.select().with_only_columns(BUILDINGS.table.c.code))


def _write(connection: Connection, report: RegisterReport, progress: Progress) -> None:
    rows = [*report.judged.added, *(new for _, new in report.judged.changed)]
    progress("writing", 0, max(1, len(rows)))
    if rows:
        upsert_rows(connection, report.register, rows)
    remove_rows(connection, report.register, report.removed)
    progress("writing", max(1, len(rows)), max(1, len(rows)))


def _refusal(register: Register, fault: Fault) -> RegisterReport:
    return RegisterReport(register=register, judged=JudgedRows(), refused=(fault,))


def _changes(register: Register, old: Stored, new: Stored) -> Iterator[tuple[str, Any, Any]]:
    for name, before, after in zip(register.stored, old, new, strict=True):
        if before != after:
            yield name, before, after


def _public(name: str) -> str:
    return "geometry" if name == "geom" else name


def _shown(value: Any) -> str:
    text = str(value)
    if len(text) == _POINT_HEX and text.startswith("0101000020"):
        x, y = struct.unpack("<dd", bytes.fromhex(text[-32:]))
        return f"{x:.3f} {y:.3f}"
    return "another border" if text.startswith("0103000020") else text


def _key_text(register: Register, row: Stored) -> str:
    return " ".join(str(row[register.stored.index(name)]) for name in register.key)
