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

from sqlalchemy import Connection, Row, text

from dispatch.cases.case import new_id
from dispatch.reports.report import LocatedReport
from grid.arrays import numbers, words
from grid.columns import SRID
from workflows.applying import profile_of, under_profile
from workflows.categories import Category

# The statement's time, not the clock's: only what is stable may bound the scan of an index. The
# strip loses nothing: positions are snapped to 1/1024 m and radii are whole metres, so its ends
# are exact.
NEAR = text("""
    select r.number - 1 as number, c.id, c.condition, c.opened_at, ST_X(c.geom) as x,
        ST_Y(c.geom) as y
    from unnest(
        cast(:category as text[]), cast(:community as text[]), cast(:x as float8[]),
        cast(:y as float8[]), cast(:radius as float8[]), cast(:hours as integer[])
    ) with ordinality as r (category, community, x, y, radius, hours, number)
    cross join lateral (
        select id, condition, opened_at, geom
        from "case"
        where closed_at is null and category = r.category and community = r.community
          and ST_X(geom) between r.x - r.radius and r.x + r.radius
          and opened_at > statement_timestamp() - make_interval(hours => r.hours)
          and ST_DWithin(geom, ST_SetSRID(ST_MakePoint(r.x, r.y), :srid), r.radius)
        order by geom <-> ST_SetSRID(ST_MakePoint(r.x, r.y), :srid), opened_at, id
        limit 5
    ) as c
""").bindparams(srid=SRID)

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
    """Where a report goes: to the open case `case`, or, where it `opens` one, to a new one of that
    id, beside one that may be the same trouble."""

    case: UUID
    opens: bool = False
    distance_m: float = 0.0
    possible_duplicate_of: UUID | None = None


class Neighbourhood:
    """The open cases a batch may join: those of the database and those the batch itself opens."""

    def __init__(self, categories: Mapping[str, Category], grades: Mapping[str, str]) -> None:
        self._categories = categories
        self._grades = grades
        self._near: dict[int, list[OpenCase]] = {}
        self._of_part: dict[tuple[str, str], list[OpenCase]] = {}
        self._opened: dict[tuple[str, str], list[OpenCase]] = {}
        self._gone: set[UUID] = set()

    def read(self, connection: Connection, reports: Sequence[LocatedReport]) -> None:
        """Reads the candidates of all reports of a batch, in at most two statements."""
        plain = [(n, report) for n, report in enumerate(reports) if report.part is None]
        if plain:
            arguments = self._near_arguments([report for _, report in plain])
            for row in connection.execute(NEAR, arguments).all():
                self._near.setdefault(plain[row.number][0], []).append(_open_case(row))
        parts = sorted({report.part for report in reports if report.part is not None})
        if parts:
            for row in connection.execute(OF_PART, {"parts": parts}):
                key = (row.part, row.category)
                self._of_part.setdefault(key, []).append(_open_case(row))

    def _near_arguments(self, plain: Sequence[LocatedReport]) -> dict[str, str]:
        categories = [self._categories[report.category] for report in plain]
        return {
            "category": words(report.category for report in plain),
            "community": words(report.community for report in plain),
            "x": numbers(report.x for report in plain),
            "y": numbers(report.y for report in plain),
            "radius": numbers(category.join_radius_m for category in categories),
            "hours": numbers(category.join_hours for category in categories),
        }

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
        profile = profile_of(self._grades, (report.community, report.district, report.city))
        for distance, _, _, case in placed:
            if not less_urgent(category, case.condition, report.condition, profile):
                return Join(case=case.id, distance_m=distance)
        return Join(
            case=new_id(), opens=True, possible_duplicate_of=placed[0][2] if placed else None
        )

    def _opened_near(
        self, report: LocatedReport, category: Category, now: datetime
    ) -> list[OpenCase]:
        since = now - timedelta(hours=category.join_hours)
        return [
            case
            for case in self._opened.get((report.category, report.community), [])
            if _distance(report, case) <= category.join_radius_m and case.opened_at > since
        ]


def less_urgent(
    category: Category, of_case: str | None, of_report: str | None, profile: str | None
) -> bool:
    """Whether the case's condition gives more time than the report's; unknown is never less."""
    if of_case is None or of_report is None or of_case == of_report:
        return False
    mine, other = category.condition(of_case), category.condition(of_report)
    if mine is None or other is None:
        return False
    given, wanted = (under_profile(row, profile).limit.urgency for row in (mine, other))
    return given > wanted


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
