"""Categories with their conditions, and calendars, as the database holds them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from dispatch.errors import ConfigurationError
from workflows.calendar import Calendars, WorkingCalendar
from workflows.categories import Category, Certainty, Kind, Line
from workflows.conditions import Condition
from workflows.limits import parse_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All categories of the city by public code, in order; `version` rises with every change."""

    version: int
    categories: Mapping[str, Category]

    def to_json(self) -> bytes:
        """For the snapshot file that a restarted api starts from."""
        rows = [
            {**asdict(category), "conditions": [_condition_json(c) for c in category.conditions]}
            for category in self.categories.values()
        ]
        return orjson.dumps({"version": self.version, "categories": rows})


def catalogue_from_json(raw: bytes) -> Catalogue:
    """Reads what `Catalogue.to_json` wrote."""
    document = orjson.loads(raw)
    categories = [
        _category(row, [_condition(condition) for condition in row["conditions"]])
        for row in document["categories"]
    ]
    return Catalogue(version=document["version"], categories={c.code: c for c in categories})


def catalogue_version(connection: Connection) -> int:
    """The number that tells whether categories, conditions, duties or calendars changed."""
    return int(connection.execute(text("select catalogue_version from installation")).scalar_one())


def load_catalogue(connection: Connection) -> Catalogue:
    """Reads all categories with their conditions."""
    version = catalogue_version(connection)
    conditions: dict[str, list[Condition]] = {}
    for row in connection.execute(text("select * from condition order by category, ordinal")):
        found = _condition({**row._mapping, "limit": row.limit_text})
        conditions.setdefault(row.category, []).append(found)
    rows = connection.execute(text("select * from category order by code"))
    categories = {
        row.code: _category(dict(row._mapping), conditions.get(row.code, ())) for row in rows
    }
    return Catalogue(version=version, categories=categories)


def load_calendars(connection: Connection, name: str) -> Calendars:
    """Every version of every calendar; the newest of `name` counts for new clocks."""
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
    return Calendars(current[-1], tuple(calendars))


def store_categories(connection: Connection, categories: Iterable[Category]) -> int:
    """Adds or replaces categories and their conditions; answers how many."""
    stored = 0
    for category in categories:
        values = {k: v for k, v in asdict(category).items() if k != "conditions"}
        connection.execute(STORE_CATEGORY, values)
        connection.execute(
            text("delete from condition where category = :code"), {"code": category.code}
        )
        for ordinal, condition in enumerate(category.conditions):
            connection.execute(
                STORE_CONDITION,
                {
                    **_condition_json(condition),
                    "limit_text": condition.limit.text,
                    "category": category.code,
                    "ordinal": ordinal,
                },
            )
        stored += 1
    changed(connection)
    return stored


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
STORE_CONDITION = text("""
    insert into condition (code, category, ordinal, limit_text, text_zh, text_en, closing_zh,
        closing_en, urgent, made)
    values (:code, :category, :ordinal, :limit_text, :text_zh, :text_en, :closing_zh,
        :closing_en, :urgent, :made)
""")


def _condition_json(condition: Condition) -> dict[str, Any]:
    names = ("code", "text_zh", "text_en", "closing_zh", "closing_en", "urgent", "made")
    return {
        "limit": condition.limit.text,
        **{name: getattr(condition, name) for name in names},
    }


def _condition(row: Mapping[str, Any]) -> Condition:
    return Condition(
        code=row["code"],
        limit=parse_limit(row["limit"]),
        text_zh=row["text_zh"],
        text_en=row["text_en"],
        closing_zh=row["closing_zh"],
        closing_en=row["closing_en"],
        urgent=row["urgent"],
        made=row["made"],
    )


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
