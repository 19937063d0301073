"""The rows of a file, judged against the register and what they refer to. No database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geo.geojson import Fault, shown
from geo.systems import WGS84, GivenSystem
from grid.areas import AreaMap
from grid.errors import NoMapError
from grid.files.table import FileTable, Progress
from grid.importing import placing
from grid.importing.cells import CellError, Value, is_blank
from grid.importing.placing import Places
from grid.importing.references import Known, reference_problem
from grid.importing.register import Column, Register

Key = tuple[Any, ...]
Stored = tuple[Any, ...]
NOTHING = Known(areas={})
_REFUSED = object()
_ABSENT = object()
_STEP = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the rows are judged against: the map in force, the file's system, what the register
    holds by key (in the order of `Register.stored`), and what may be referred to.

    Rows without a place need no map."""

    held: Mapping[Key, Stored]
    area_map: AreaMap | None = None
    system: GivenSystem = WGS84
    known: Known = NOTHING

    @property
    def land(self) -> AreaMap:
        """The map, where rows have a place."""
        if self.area_map is None:
            raise NoMapError("rows with a place need a map; load one")
        return self.area_map


@dataclass(slots=True, kw_only=True)
class JudgedRows:
    """Rows by what an import would do with them, and the refusals of the others."""

    added: list[Stored] = field(default_factory=list)
    changed: list[tuple[Stored, Stored]] = field(default_factory=list)
    unchanged: int = 0
    refused: list[Fault] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    unused: tuple[str, ...] = ()


def judge_rows(
    register: Register, table: FileTable, ground: Ground, progress: Progress
) -> JudgedRows:
    """Judges every row; `changed` pairs hold what is stored and what the file says."""
    outcome = JudgedRows(refused=list(table.faults))
    plan, unused, missing = _plan(register, table)
    outcome.unused = unused
    outcome.refused += missing
    places: Places | Fault | None = None
    if register.geometry is not None:
        places = placing.places_of(register.geometry, table, ground.land, ground.system)
        if isinstance(places, Fault):
            outcome.refused.append(places)
    if missing or isinstance(places, Fault):
        return outcome
    columns = [
        _parsed(column, at, table, outcome.refused, column.name in register.key)
        for column, at in zip(register.columns, plan, strict=True)
    ]
    if places is not None:
        outcome.refused += places.faults
        columns.append([_REFUSED if geom is None else geom for geom in places.geoms])
    judge = _Judge(register, table, ground, places, outcome)
    for i, values in enumerate(zip(*columns, strict=True)):
        if i % _STEP == 0:
            progress("checking", i, len(table.rows))
        judge.row(i, values)
    progress("checking", len(table.rows), len(table.rows))
    outcome.refused.sort(key=lambda fault: fault.row)
    return outcome


def _plan(
    register: Register, table: FileTable
) -> tuple[list[int | None], tuple[str, ...], list[Fault]]:
    """Where each column of the register is in the file; what is not used; what is missing."""
    plan = [placing.column_at(table, (c.name, c.zh)) for c in register.columns]
    missing = [
        Fault(
            row=0,
            field=column.name,
            value=", ".join(table.columns)[:120],
            reason=f"the column is missing ({column.zh}: {column.about}); add it",
        )
        for column, at in zip(register.columns, plan, strict=True)
        if at is None and column.required
    ]
    geometry = {*placing.EAST, *placing.NORTH, *placing.BORDER} if register.geometry else set()
    unused = tuple(
        name
        for at, name in enumerate(table.columns)
        if at not in plan and name and name.casefold() not in geometry
    )
    return plan, unused, missing


def _parsed(
    column: Column, at: int | None, table: FileTable, refused: list[Fault], is_key: bool
) -> list[Any]:
    """The values of one column: `_ABSENT` where the file does not say, `_REFUSED` where wrongly.

    What is part of the key and is not said is the default: it tells which row is meant.
    """
    if at is None:
        return [column.default if is_key else _ABSENT] * len(table.rows)
    seen: dict[str, Any] = {}
    found = []
    for number, row in zip(table.numbers, table.rows, strict=True):
        cell = row[at]
        value = seen.get(cell, _REFUSED) if isinstance(cell, str) else _REFUSED
        if value is _REFUSED:
            value = _value(column, cell, number, refused)
            if isinstance(cell, str):
                seen[cell] = value
        found.append(value)
    return found


def _value(column: Column, cell: object, number: int, refused: list[Fault]) -> Any:
    if is_blank(cell):
        if not column.required:
            return None if column.refers == "community" else column.default
        reason, text = f"give a value: {column.about}", ""
    else:
        try:
            return column.parse(cell)
        except CellError as error:
            reason, text = str(error), shown(cell)
    refused.append(Fault(row=number, field=column.name, value=text, reason=reason))
    return _REFUSED


class _Judge:
    """Judges row by row what the cells alone cannot tell."""

    def __init__(
        self,
        register: Register,
        table: FileTable,
        ground: Ground,
        places: Places | None,
        outcome: JudgedRows,
    ) -> None:
        self._register = register
        self._numbers = table.numbers
        self._ground = ground
        self._places = places
        self._outcome = outcome
        names = [column.name for column in register.columns]
        self._key_at = [names.index(name) for name in register.key]
        self._community_at = names.index("community") if places is not None else -1
        self._first_with: dict[Key, int] = {}
        self._problems: dict[tuple[str, str], str | None] = {}

    def row(self, i: int, values: Sequence[Any]) -> None:
        """Takes one row: added, changed, unchanged or refused."""
        if any(value is _REFUSED for value in values):
            return
        key = tuple(values[at] for at in self._key_at)
        if key in self._first_with:
            shown_key = " ".join(map(str, key))
            reason = f"row {self._first_with[key]} has this already; a row of the register is one"
            self._refuse(i, self._register.key[0], shown_key, reason)
            return
        self._first_with[key] = self._numbers[i]
        held = self._ground.held.get(key)
        stored = self._filled(i, values, held)
        self._outcome.keys.add(key)
        if stored == held:
            self._outcome.unchanged += 1
            return
        faults = list(self._wrong(i, stored))
        for name, value, reason in faults:
            self._refuse(i, name, value, reason)
        if faults:
            return
        if held is None:
            self._outcome.added.append(stored)
        else:
            self._outcome.changed.append((held, stored))

    def _filled(self, i: int, values: Sequence[Any], held: Stored | None) -> Stored:
        """The row with what the file does not say: as the register has it, or by default."""
        filled = list(values)
        for at, column in enumerate(self._register.columns):
            if filled[at] is _ABSENT:
                filled[at] = column.default if held is None else held[at]
        if self._places is not None and (
            values[self._community_at] is None or values[self._community_at] is _ABSENT
        ):
            filled[self._community_at] = self._places.communities[i]
        return tuple(filled)

    def _wrong(self, i: int, stored: Stored) -> Iterator[tuple[str, str, str]]:
        names = [column.name for column in self._register.columns]
        given: dict[str, Value] = dict(zip(names, stored, strict=False))
        yield from self._register.check(given)
        for column in self._register.columns:
            value = given[column.name]
            if column.refers is not None and value is not None:
                problem = self._reference(column.refers, str(value))
                if problem is not None:
                    yield column.name, str(value), problem
                    return
        if self._places is not None:
            yield from self._misplaced(i, self._places, given.get("community"))

    def _reference(self, refers: str, value: str) -> str | None:
        asked = (refers, value)
        if asked not in self._problems:
            self._problems[asked] = reference_problem(refers, value, self._ground.known)
        return self._problems[asked]

    def _misplaced(
        self, i: int, places: Places, community: Value
    ) -> Iterator[tuple[str, str, str]]:
        found = places.communities[i]
        if community is not None and community == found:
            return
        area_map = self._ground.land
        x, y = float(places.xs[i]), float(places.ys[i])
        if community is not None and placing.near(area_map, x, y, str(community)):
            return
        if found is None:
            yield "geometry", f"{x:.2f} {y:.2f}", placing.outside_reason(area_map, x, y)
        else:
            name = area_map.areas[found].name_zh
            yield (
                "community",
                str(community),
                f"the position lies in {found} {name}; mend one of the two, or leave the community "
                "empty",
            )

    def _refuse(self, i: int, name: str, value: object, reason: str) -> None:
        fault = Fault(row=self._numbers[i], field=name, value=shown(value), reason=reason)
        self._outcome.refused.append(fault)
