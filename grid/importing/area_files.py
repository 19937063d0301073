"""Areas in files other than plain GeoJSON: as features in degrees, and back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.geojson import Fault, Feature, Reading, read_features, shown
from geo.given import polygon_in_degrees
from geo.systems import GivenSystem
from grid.areas import Level
from grid.files.delimited import Encoding
from grid.files.opening import Form, form_of, read_bytes, read_table
from grid.files.table import BadFile, FileTable, Progress
from grid.importing import cells, placing
from grid.importing.cells import CellError, Parse
from grid.importing.upserting import system_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSource:
    """How a file of areas is to be read: its system (None: as it says) and a CSV's encoding."""

    crs: str | None = None
    encoding: Encoding = Encoding.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaColumn:
    """A column of areas; all are in `docs/registers.md`, too."""

    name: str
    zh: str
    parse: Parse
    about: str
    required: bool = True


COLUMNS = (
    AreaColumn(name="code", zh="编码", parse=cells.code, about="of the area"),
    AreaColumn(name="level", zh="层级", parse=cells.one_of(tuple(Level)), about=", ".join(Level)),
    AreaColumn(
        name="parent",
        zh="上级",
        parse=cells.code,
        required=False,
        about="code of the area above; empty for the city",
    ),
    AreaColumn(name="name_zh", zh="中文名", parse=cells.words(200), about="name in Chinese"),
    AreaColumn(
        name="name_en",
        zh="英文名",
        parse=cells.words(200),
        required=False,
        about="name in English; empty: the Chinese one",
    ),
    AreaColumn(
        name="made",
        zh="示意",
        parse=cells.truth,
        required=False,
        about="true for a border that nobody publishes; empty: false",
    ),
)


def read_areas(path: Path, source: AreaSource, progress: Progress) -> Reading:
    """The areas of a file as features in degrees, with the faults of the others."""
    try:
        if source.crs is None and form_or_geojson(path) is Form.GEOJSON:
            progress("reading", 0, 1)
            reading = read_features(read_bytes(path))
            progress("reading", 1, 1)
            return reading
        table = read_table(path, "areas", source.encoding, progress)
    except BadFile as error:
        return Reading(features=(), faults=(error.fault,))
    system = system_of(table, source.crs)
    if isinstance(system, Fault):
        return Reading(features=(), faults=(system,))
    return _features(table, system)


def form_or_geojson(path: Path) -> Form:
    """The form of a file of areas."""
    try:
        return form_of(path)
    except BadFile:
        return Form.GEOJSON  # areas were read from files of any name before there were others


def _features(table: FileTable, system: GivenSystem) -> Reading:
    faults = list(table.faults)
    plan = [placing.column_at(table, (column.name, column.zh)) for column in COLUMNS]
    faults += [
        Fault(row=0, field=column.name, value=shown(", ".join(table.columns)),
              reason=f"the column is missing ({column.zh}: {column.about}); add it")
        for column, at in zip(COLUMNS, plan, strict=True)
        if at is None and column.required
    ]  # fmt: skip
    border = placing.column_at(table, placing.BORDER)
    if table.shapes is None and border is None:
        reason = "the column is missing; borders are in the column wkt"
        faults.append(Fault(row=0, field="wkt", value="", reason=reason))
    if faults:
        return Reading(features=(), faults=tuple(faults))
    if not table.rows:
        reason = "the table has no rows; give at least one"
        return Reading(features=(), faults=(Fault(row=0, field="file", value="", reason=reason),))
    features = []
    for i, row in enumerate(table.rows):
        shape = row[border or 0] if table.shapes is None else table.shapes[i]
        found = list(_row_parts(table.numbers[i], [None if at is None else row[at] for at in plan]))
        properties = dict(part for part in found if not isinstance(part, Fault))
        wrong = [part for part in found if isinstance(part, Fault)]
        degrees = polygon_in_degrees(shape, system)
        if isinstance(degrees, tuple):
            name, value, reason = degrees
            wrong.append(Fault(row=table.numbers[i], field=name, value=value, reason=reason))
        elif not wrong:
            features.append(Feature(row=table.numbers[i], properties=properties, geometry=degrees))
        faults += wrong
    return Reading(features=tuple(features), faults=tuple(faults))


def _row_parts(number: int, given: Sequence[Any]) -> Iterator[tuple[str, Any] | Fault]:
    for column, cell in zip(COLUMNS, given, strict=True):
        if cells.is_blank(cell):
            if column.required:
                reason = f"give a value: {column.about}"
                yield Fault(row=number, field=column.name, value="", reason=reason)
            continue
        try:
            yield column.name, column.parse(cell)
        except CellError as error:
            yield Fault(row=number, field=column.name, value=shown(cell), reason=str(error))
