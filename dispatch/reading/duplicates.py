"""Likely duplicates: open cases that may be the same matter, and what was answered of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from dispatch.cases.access import Clause
from dispatch.cases.case import SELECT, Case, read_case
from dispatch.cases.history import moment
from grid.columns import SRID

COMPARED = "wangge.case.compared.v1"
DIFFERENT = "different"
LISTED_MOST = 20
READ_MOST = 60
"""Of so many the nearest are listed: those that were answered to be different come last."""

NEAR = """{cases} cross join lateral (
        select join_hours, join_radius_m from category where code = c.category) as k
    where c.closed_at is null and c.category = :category and ({scope}) and ({since})
      and ST_DWithin(c.geom, ST_SetSRID(ST_MakePoint(:x, :y), :srid), k.join_radius_m)
    order by c.geom <-> ST_SetSRID(ST_MakePoint(:x, :y), :srid), c.id limit :limit
""".replace("{cases}", SELECT)
LATELY = "c.opened_at > now() - make_interval(hours => k.join_hours)"
# Whichever of the two was opened first.
BESIDE = """c.id <> :case and c.opened_at between
    cast(:opened_at as timestamptz) - make_interval(hours => k.join_hours) and
    cast(:opened_at as timestamptz) + make_interval(hours => k.join_hours)"""

ANSWERS = text("""
    select e.case_id, e.at, e.actor, e.body -> 'compared_with' ->> 'case' as other,
        e.body -> 'compared_with' ->> 'number' as number, e.body -> 'chosen' ->> 'answer' as answer
    from unnest(cast(:months as date[]), cast(:ids as uuid[])) as one (month, id)
    join case_event e on e.opened_month = one.month and e.case_id = one.id
    where e.type = :type and (cast(:other as text) is null
        or e.case_id = cast(:other as uuid) or e.body -> 'compared_with' ->> 'case' = :other)
    order by e.at, e.case_id, e.seq
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What somebody answered of the case `of` and another one."""

    of: UUID
    other: UUID
    number: str
    answer: str
    by: str
    at: datetime

    def told(self) -> dict[str, str]:
        """Without the cases, which whoever shows it names."""
        return {"answer": self.answer, "by": self.by, "at": moment(self.at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """A likely duplicate: how far off it lies, and the last answer of the two, if there is one."""

    case: Case
    distance_m: float
    compared: Compared | None


def similar_cases(
    connection: Connection, scope: Clause, x: float, y: float, category: str
) -> list[tuple[Case, float]]:
    """Open cases of the category within its radius and hours of a point (metres, EPSG:4546)."""
    values = {"category": category, "x": x, "y": y, "limit": LISTED_MOST}
    return _near(connection, scope, LATELY, values)


def likely_duplicates(connection: Connection, scope: Clause, case: Case) -> list[Likely]:
    """Open cases in the scope that may be the same matter as the case, the nearest first; those
    that were answered to be different come last. At most LISTED_MOST."""
    values = {"category": case.category, "x": case.x, "y": case.y, "limit": READ_MOST}
    values |= {"case": case.id, "opened_at": case.opened_at}
    near = _near(connection, scope, BESIDE, values)
    answers = _answers_between(connection, case, [other for other, _ in near])
    found = [
        Likely(case=other, distance_m=away, compared=answers.get(other.id)) for other, away in near
    ]
    return sorted(found, key=_is_different)[:LISTED_MOST]


def _is_different(one: Likely) -> bool:
    return one.compared is not None and one.compared.answer == DIFFERENT


def comparisons(connection: Connection, case: Case) -> list[Compared]:
    """What was answered of the case and others, in order."""
    if "compared" not in case.marks:
        return []
    return _read(connection, [case])


def _near(
    connection: Connection, scope: Clause, since: str, values: Mapping[str, Any]
) -> list[tuple[Case, float]]:
    query = text(NEAR.replace("{scope}", scope.sql).replace("{since}", since))
    query = query.bindparams(srid=SRID)
    cases = [read_case(row) for row in connection.execute(query, {**values, **scope.values})]
    x, y = values["x"], values["y"]
    return [(case, ((case.x - x) ** 2 + (case.y - y) ** 2) ** 0.5) for case in cases]


def _answers_between(
    connection: Connection, case: Case, others: Sequence[Case]
) -> dict[UUID, Compared]:
    """The last answer of the case and each other one, whichever of the two it was asked of."""
    asked = [one for one in (case, *others) if "compared" in one.marks]
    found = _read(connection, asked, case.id)
    return {one.other if one.of == case.id else one.of: one for one in found}


def _read(
    connection: Connection, cases: Iterable[Case], other: UUID | None = None
) -> list[Compared]:
    some = list(cases)
    if not some:
        return []
    values = {
        "months": [one.opened_month for one in some],
        "ids": [one.id for one in some],
        "type": COMPARED,
        "other": None if other is None else str(other),
    }
    return [
        Compared(
            of=row.case_id,
            other=UUID(row.other),
            number=row.number,
            answer=row.answer,
            by=row.actor,
            at=row.at,
        )
        for row in connection.execute(ANSWERS, values)
    ]
