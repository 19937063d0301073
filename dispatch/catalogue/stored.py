"""Categories with their conditions, and calendars, as the database holds them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, text

from dispatch.catalogue.changes import record_changes
from dispatch.catalogue.condition_rows import (
    READ,
    STORE,
    condition_json,
    read_condition,
    stored_values,
)
from dispatch.errors import ConfigurationError
from grid.departments import DepartmentKind
from workflows.calendar import Calendars, WorkingCalendar
from workflows.categories import Category, Certainty, Kind, Line
from workflows.conditions import Condition
from workflows.errors import CategoryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All categories of the city by public code, in order; `version` rises with every change.

    `grades` names the limit profile of the areas that have one.
    """

    version: int
    categories: Mapping[str, Category]
    grades: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """For the snapshot file that a restarted api starts from."""
        rows = [
            {**asdict(category), "conditions": [condition_json(c) for c in category.conditions]}
            for category in self.categories.values()
        ]
        grades = dict(self.grades)
        return orjson.dumps({"version": self.version, "categories": rows, "grades": grades})


def catalogue_from_json(raw: bytes) -> Catalogue:
    """Reads what `Catalogue.to_json` wrote."""
    document = orjson.loads(raw)
    categories = [
        _category(row, [read_condition(condition) for condition in row["conditions"]])
        for row in document["categories"]
    ]
    return Catalogue(
        version=document["version"],
        categories={c.code: c for c in categories},
        grades=document["grades"],
    )


def catalogue_version(connection: Connection) -> int:
    """The number that tells whether categories, conditions, duties or calendars changed."""
    return int(connection.execute(text("select catalogue_version from installation")).scalar_one())


def load_catalogue(connection: Connection) -> Catalogue:
    """Reads all categories with their conditions, and the grades of areas."""
    version = catalogue_version(connection)
    conditions: dict[str, list[Condition]] = {}
    for row in connection.execute(READ):
        conditions.setdefault(row.category, []).append(read_condition(dict(row._mapping)))
    rows = connection.execute(text("select * from category order by code"))
    categories = {
        row.code: _category(dict(row._mapping), conditions.get(row.code, ())) for row in rows
    }
    return Catalogue(version=version, categories=categories, grades=load_grades(connection))


def load_grades(connection: Connection) -> dict[str, str]:
    """The limit profile of each area that has one."""
    rows = connection.execute(text("select area, profile from area_grade order by area"))
    return {row.area: row.profile for row in rows}


def load_calendars(connection: Connection, name: str) -> Calendars:
    """Every version of every calendar; the newest of `name` counts for new clocks, but for those
    of departments and centres that name another one."""
    rows = connection.execute(
        text("select name, version, document from calendar order by name, version")
    ).all()
    calendars = [WorkingCalendar.from_document(row.document, row.version) for row in rows]
    current = [calendar for calendar, row in zip(calendars, rows, strict=True) if row.name == name]
    if not current:
        raise ConfigurationError(
            f"there is no calendar {name!r} in the database; load one (the demo city brings "
            "'yongzhou'), or set WANGGE_CALENDAR to one that is there"
        )
    newest = {row.name: calendar for calendar, row in zip(calendars, rows, strict=True)}
    return Calendars(current[-1], tuple(calendars), _own_calendars(connection, newest))


def _own_calendars(
    connection: Connection, newest: Mapping[str, WorkingCalendar]
) -> dict[str, WorkingCalendar]:
    """The calendars of departments by code, and of centres also by the area that they serve."""
    rows = connection.execute(
        text("select code, area, kind, calendar from department where calendar <> ''")
    )
    own = {}
    for row in rows:
        if row.calendar in newest:  # the import asks for it; a table may have been restored
            own[row.code] = newest[row.calendar]
            if row.kind == DepartmentKind.CENTRE:
                own[row.area] = newest[row.calendar]
    return own


def store_categories(
    connection: Connection, categories: Iterable[Category], actor: str = "system"
) -> int:
    """Adds or replaces categories and their conditions, and keeps what changed; answers how many.

    Raises CategoryError for a code that another standard has already: codes of one installation
    are of one meaning.
    """
    held = load_catalogue(connection).categories
    stored = 0
    for category in categories:
        _check_standard(held.get(category.code), category)
        values = {k: v for k, v in asdict(category).items() if k != "conditions"}
        connection.execute(STORE_CATEGORY, values)
        before = held[category.code].conditions if category.code in held else ()
        store_conditions(connection, before, category.conditions, actor)
        stored += 1
    changed(connection)
    return stored


def store_conditions(
    connection: Connection,
    before: Sequence[Condition],
    after: Sequence[Condition],
    actor: str,
) -> int:
    """Gives a category these conditions in place of those before; answers how many changed.

    Every difference is kept in `catalogue_change`.
    """
    if tuple(before) == tuple(after):
        return 0
    for condition in before:
        connection.execute(
            text("delete from condition where code = :code"), {"code": condition.code}
        )
    for ordinal, condition in enumerate(after):
        connection.execute(STORE, stored_values(condition, ordinal))
    then, now = ({row.code: condition_json(row) for row in rows} for rows in (before, after))
    return record_changes(connection, then, now, actor)


def _check_standard(held: Category | None, given: Category) -> None:
    if held is not None and held.standard != given.standard:
        raise CategoryError(
            f"The code {given.code} is {held.name_zh} of {held.standard} here; {given.standard} "
            "means something else by it, so both cannot be loaded into one installation."
        )


def store_calendar(connection: Connection, document: Mapping[str, Any]) -> int:
    """Stores a calendar document as the next version of its name; answers that version."""
    version = connection.execute(
        text("select coalesce(max(version), 0) + 1 from calendar where name = :name"),
        {"name": document["name"]},
    ).scalar_one()
    WorkingCalendar.from_document(document, version)
    connection.execute(
        text("insert into calendar values (:name, :version, cast(:document as jsonb))"),
        {
            "name": document["name"],
            "version": version,
            "document": orjson.dumps(document).decode(),
        },
    )
    changed(connection)
    return int(version)


def changed(connection: Connection) -> None:
    """Tells every process to read the catalogue again."""
    connection.execute(text("update installation set catalogue_version = catalogue_version + 1"))


STORE_CATEGORY = text("""
    insert into category (code, standard, kind, standard_code, name_zh, name_en, class_zh,
        class_en, line, certainty, part_class, join_radius_m, join_hours)
    values (:code, :standard, :kind, :standard_code, :name_zh, :name_en, :class_zh,
        :class_en, :line, :certainty, :part_class, :join_radius_m, :join_hours)
    on conflict (code) do update set name_zh = excluded.name_zh, name_en = excluded.name_en,
        class_zh = excluded.class_zh, class_en = excluded.class_en, line = excluded.line,
        certainty = excluded.certainty, join_radius_m = excluded.join_radius_m,
        join_hours = excluded.join_hours
""")


def _category(row: Mapping[str, Any], conditions: Sequence[Condition]) -> Category:
    return Category(
        code=row["code"],
        standard=row["standard"],
        kind=Kind(row["kind"]),
        standard_code=row["standard_code"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        class_zh=row["class_zh"],
        class_en=row["class_en"],
        line=Line(row["line"]),
        certainty=Certainty(row["certainty"]),
        part_class=row["part_class"],
        conditions=tuple(conditions),
        join_radius_m=row["join_radius_m"],
        join_hours=row["join_hours"],
    )
