"""Which report joins which open case (design decision 11).

A report that names a part joins only an open case of that part. Any other joins the nearest
open case of its category and community within the category's radius and hours, never one whose
condition is less urgent than its own: that one is named as a possible duplicate instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, text

from dispatch.reports import LocatedReport
from workflows.categories import Category

NEAR = text("""
    select r.ordinal, c.id, c.condition, c.opened_at, ST_X(c.geom) as x, ST_Y(c.geom) as y
    from json_to_recordset(cast(:reports as json)) as r (
        ordinal integer, category text, community text, x float8, y float8, radius float8,
        hours integer
    )
    cross join lateral (
        select id, condition, opened_at, geom
        from "case"
        where closed_at is null and category = r.category and community = r.community
          and opened_at > clock_timestamp() - make_interval(hours => r.hours)
          and ST_DWithin(geom, ST_SetSRID(ST_MakePoint(r.x, r.y), 4546), r.radius)
        order by geom <-> ST_SetSRID(ST_MakePoint(r.x, r.y), 4546), opened_at, id
        limit 5
    ) as c
""")

OF_PART = text("""
    select id, part, category, condition, opened_at, ST_X(geom) as x, ST_Y(geom) as y
    from "case"
    where closed_at is null and part = any(cast(:parts as text[]))
    order by opened_at, id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """An open case that a report might join. `x`, `y` in metres, EPSG:4546."""

    id: UUID
    condition: str | None
    opened_at: datetime
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """What was found: the case to join, or one that may be the same trouble, or neither."""

    case: UUID | None = None
    distance_m: float = 0.0
    possible_duplicate_of: UUID | None = None


class Neighbourhood:
    """The open cases a batch may join: those of the database and those the batch itself opens."""

    def __init__(self, categories: Mapping[str, Category]) -> None:
        self._categories = categories
        self._near: dict[int, list[OpenCase]] = {}
        self._of_part: dict[tuple[str, str], list[OpenCase]] = {}
        self._opened: dict[tuple[str, str], list[OpenCase]] = {}
        self._gone: set[UUID] = set()

    def read(self, connection: Connection, reports: Sequence[LocatedReport]) -> None:
        """Reads the candidates of all reports of a batch, in at most two statements."""
        plain = [(n, report) for n, report in enumerate(reports) if report.part is None]
        if plain:
            for row in connection.execute(NEAR, {"reports": self._near_arguments(plain)}):
                self._near.setdefault(row.ordinal, []).append(_open_case(row))
        parts = sorted({report.part for report in reports if report.part is not None})
        if parts:
            for row in connection.execute(OF_PART, {"parts": parts}):
                key = (row.part, row.category)
                self._of_part.setdefault(key, []).append(_open_case(row))

    def _near_arguments(self, plain: Sequence[tuple[int, LocatedReport]]) -> str:
        rows = [
            {
                "ordinal": n,
                "category": report.category,
                "community": report.community,
                "x": report.x,
                "y": report.y,
                "radius": self._categories[report.category].join_radius_m,
                "hours": self._categories[report.category].join_hours,
            }
            for n, report in plain
        ]
        return orjson.dumps(rows).decode()

    def candidates(self) -> set[UUID]:
        """Every case of the database that some report may join; they are to be locked."""
        found = [*self._near.values(), *self._of_part.values()]
        return {case.id for cases in found for case in cases}

    def gone(self, ids: set[UUID]) -> None:
        """These were closed or changed before the lock was had; nobody joins them."""
        self._gone |= ids

    def opened(self, report: LocatedReport, case: OpenCase) -> None:
        """The batch opened a case; later reports of the same batch may join it."""
        if report.part is not None:
            self._of_part.setdefault((report.part, report.category), []).append(case)
        self._opened.setdefault((report.category, report.community), []).append(case)

    def join(self, ordinal: int, report: LocatedReport, now: datetime) -> Join:
        """Decides for one report; earlier reports of the batch count as already decided."""
        category = self._categories[report.category]
        if report.part is not None:
            found = self._of_part.get((report.part, report.category), [])
        else:
            found = [
                *self._near.get(ordinal, []),
                *self._opened_near(report, category, now),
            ]
        placed = sorted(
            (
                (_distance(report, case), case.opened_at, case.id, case)
                for case in found
                if case.id not in self._gone
            ),
            key=lambda item: item[:3],
        )
        for distance, _, _, case in placed:
            if not less_urgent(category, case.condition, report.condition):
                return Join(case=case.id, distance_m=distance)
        return Join(possible_duplicate_of=placed[0][2]) if placed else Join()

    def _opened_near(
        self, report: LocatedReport, category: Category, now: datetime
    ) -> list[OpenCase]:
        since = now - timedelta(hours=category.join_hours)
        return [
            case
            for case in self._opened.get((report.category, report.community), [])
            if _distance(report, case) <= category.join_radius_m and case.opened_at > since
        ]


def less_urgent(category: Category, of_case: str | None, of_report: str | None) -> bool:
    """Whether the case's condition gives more time than the report's; unknown is never less."""
    limits = {condition.code: condition.limit for condition in category.conditions}
    if of_case not in limits or of_report not in limits:
        return False
    return limits[of_case].urgency > limits[of_report].urgency


def _distance(report: LocatedReport, case: OpenCase) -> float:
    return float(((report.x - case.x) ** 2 + (report.y - case.y) ** 2) ** 0.5)


def _open_case(row: Row[Any]) -> OpenCase:
    return OpenCase(
        id=row.id,
        condition=row.condition,
        opened_at=row.opened_at,
        x=row.x,
        y=row.y,
    )
