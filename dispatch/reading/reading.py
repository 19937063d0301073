"""Reads cases, histories and reports for people; every query carries the caller's scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from dispatch.cases import history
from dispatch.cases.access import Clause, all_of
from dispatch.cases.case import SELECT, Case, read_case
from dispatch.cases.rebuilding import Standing, rebuild
from dispatch.reading import cursors
from dispatch.reading.cursors import BadCursor
from grid.tiles import within_bounds

PAGE = 50
REPORTS_SHOWN = 100
EVENTS_BEHIND = text(f"""{history.SELECT}
    where opened_month = :month and case_id = :id and seq > :after order by seq limit :limit""")
EVENTS_UNTIL = text(f"""{history.SELECT}
    where opened_month = :month and case_id = :id and at <= :moment order by seq""")

SEEN = text("""
    select case when observed_ahead or observed_at is null then received_at else observed_at end
    from report where case_id = :case order by stored_at, id limit :limit
""")


KIN = """
    with recursive kin (id) as (
        select cast(:id as uuid)
        union
        select other.id from kin cross join lateral (
            select c.id from "case" c where c.merged_into = kin.id
            union all
            select c.split_from from "case" c where c.id = kin.id and c.split_from is not null
        ) as other
    )
"""
"""A case, those merged into it, and the one that it was split off from: their reporters are its."""
IS_REPORTER = text(f"""{KIN}
    select exists (
        select from report join kin on report.case_id = kin.id where reporter = :account
    )
""")  # noqa: S608  KIN is a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list of cases (and the feed) may be narrowed to; None is no filter."""

    city: str | None = None
    district: str | None = None
    community: str | None = None
    department: str | None = None
    state: str | None = None
    category: str | None = None
    line: str | None = None
    overdue: bool | None = None
    open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    bbox: tuple[float, float, float, float] | None = None
    q: str | None = None


NEAR_BBOX = within_bounds("c.geom")
EQUAL = ("city", "district", "community", "state", "category", "line")


def clauses_of(filters: Filters) -> list[Clause]:
    """The filters as parts of a `where` clause; values are always bound."""
    found = [
        Clause(sql=f"c.{name} = :f_{name}", values={f"f_{name}": getattr(filters, name)})
        for name in EQUAL
        if getattr(filters, name) is not None
    ]
    if filters.department is not None:
        holds = "c.department = :f_department or c.assistants ? :f_department"
        found.append(Clause(sql=holds, values={"f_department": filters.department}))
    if filters.overdue is not None:
        sign = "<" if filters.overdue else ">="
        late = f"c.closed_at is null and c.due_at {sign} now()"
        found.append(Clause(sql=late if filters.overdue else f"not coalesce({late}, false)"))
    if filters.open is not None:
        found.append(Clause(sql=f"c.closed_at is {'' if filters.open else 'not '}null"))
    if filters.since is not None:
        found.append(Clause(sql="c.opened_at >= :since", values={"since": filters.since}))
    if filters.until is not None:
        found.append(Clause(sql="c.opened_at < :until", values={"until": filters.until}))
    if filters.bbox is not None:
        west, south, east, north = filters.bbox
        found.append(
            Clause(
                sql=f"""{NEAR_BBOX}
                    and c.lon between :west and :east and c.lat between :south and :north""",
                values={"west": west, "south": south, "east": east, "north": north},
            )
        )
    if filters.q is not None:
        found.append(Clause(sql="starts_with(c.number, :q)", values={"q": filters.q}))
    return found


def list_cases(
    connection: Connection,
    scope: Clause,
    filters: Filters,
    *,
    limit: int = PAGE,
    after: str | None = None,
) -> tuple[list[Case], str | None]:
    """One page of cases, newest first, and the cursor of the next page."""
    clauses = [scope, *clauses_of(filters)]
    if after is not None:
        opened_at, case_id = _read_cursor(after)
        clauses.append(
            Clause(
                sql="(c.opened_at, c.id) < (:after_at, :after_id)",
                values={"after_at": opened_at, "after_id": case_id},
            )
        )
    where = all_of(*clauses)
    query = text(f"{SELECT} where {where.sql} order by c.opened_at desc, c.id desc limit :limit")
    rows = connection.execute(query, {**where.values, "limit": limit + 1})
    cases = [read_case(row) for row in rows]
    more = cases[limit - 1] if len(cases) > limit else None
    return cases[:limit], None if more is None else _cursor(more)


def find_case(connection: Connection, key: str, scope: Clause | None = None) -> Case | None:
    """A case by id or number, if it is in the scope."""
    try:
        named = Clause(sql="c.id = :key", values={"key": UUID(key)})
    except ValueError:
        named = Clause(sql="c.number = :key", values={"key": key})
    if "\0" in key:
        return None
    where = named if scope is None else all_of(named, scope)
    row = connection.execute(text(f"{SELECT} where {where.sql}"), where.values).one_or_none()
    return None if row is None else read_case(row)


def case_reports(connection: Connection, case_id: UUID) -> list[str]:
    """The ids of the case's first reports, in order of arrival."""
    rows = connection.execute(
        text("""select id from report where case_id = :id
            order by received_at, id limit :limit"""),
        {"id": case_id, "limit": REPORTS_SHOWN},
    )
    return [str(found) for found in rows.scalars()]


def owned(account: str | None) -> Clause:
    """What an account has taken of its pool; without one, what nobody has."""
    if account is None:
        return Clause(sql="not c.marks ? 'owner'")
    return Clause(
        sql="c.marks ? 'owner' and c.marks ->> 'owner' = :owner", values={"owner": account}
    )


def inspected_by(account: str | None) -> Clause:
    """Open cases that an account is to verify or inspect; without one, those that wait for any
    member, because nobody was chosen."""
    if account is None:
        return Clause(sql="c.closed_at is null and not c.marks ? 'inspector'")
    return Clause(
        sql="""c.closed_at is null and c.marks ? 'inspector'
            and c.marks ->> 'inspector' = :inspector""",
        values={"inspector": account},
    )


def taken_cases(
    connection: Connection, scope: Clause, account: str, limit: int
) -> list[tuple[UUID, int]]:
    """Open cases in the scope that an acceptor took, the oldest first, each with its version."""
    where = all_of(scope, Clause(sql="c.closed_at is null"), owned(account))
    rows = connection.execute(
        text(f"""select c.id, c.version from "case" c where {where.sql}
            order by c.opened_at, c.id limit :limit"""),  # noqa: S608
        {**where.values, "limit": limit},
    )
    return [(row.id, row.version) for row in rows]


def merged_cases(connection: Connection, case_id: UUID) -> list[dict[str, Any]]:
    """The cases that were merged into this one, by number."""
    rows = connection.execute(
        text("""select id, number, report_count from "case" where merged_into = :id
            order by number"""),
        {"id": case_id},
    )
    return [
        {"id": str(row.id), "number": row.number, "report_count": row.report_count} for row in rows
    ]


def case_photos(connection: Connection, case_id: UUID) -> list[dict[str, str]]:
    """The photos of the case's reports, then those of its actions: id, and where each is from."""
    rows = connection.execute(
        text("""
            select p.photo_id as id, 'report' as origin, r.received_at as at
            from report_photo p join report r on r.id = p.report_id
            where p.case_id = :id and p.subject = r.subject
            union all
            select f.photo_id, 'feedback', e.at
            from case_photo f join "case" c on c.id = f.case_id
            join case_event e on e.opened_month = c.opened_month
                and e.case_id = f.case_id and e.seq = f.seq
            where f.case_id = :id
            order by at, id limit 200
        """),
        {"id": case_id},
    )
    return [{"id": str(row.id), "from": row.origin} for row in rows]


def is_reporter(connection: Connection, case_id: UUID, account: str) -> bool:
    """Whether the account reported the case, itself or through an operator.

    Who reported a case that was merged into this one, or the one that it was split off from,
    reported this one too.
    """
    found = connection.execute(IS_REPORTER, {"id": case_id, "account": account}).scalar_one()
    return bool(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One event with the words that its body refers to by digest."""

    event: history.CaseEvent
    texts: Mapping[str, str]


def moments_seen(connection: Connection, case: Case, zone: tzinfo) -> list[datetime]:
    """The local moments at which the case's trouble was seen, as its first reports say."""
    rows = connection.execute(SEEN, {"case": case.id, "limit": REPORTS_SHOWN}).scalars()
    return [at.astimezone(zone) for at in rows] or [case.opened_at.astimezone(zone)]


def case_history(
    connection: Connection, case: Case, *, after: int = 0, limit: int = 500
) -> list[HistoryEntry]:
    """The case's events from `seq` after + 1 on, in order."""
    rows = connection.execute(
        EVENTS_BEHIND,
        {"month": case.opened_month, "id": case.id, "after": after, "limit": limit},
    ).all()
    words: dict[int, dict[str, str]] = {}
    for row in connection.execute(
        text("select seq, name, text from case_text where case_id = :id and seq > :after"),
        {"id": case.id, "after": after},
    ):
        words.setdefault(row.seq, {})[row.name] = row.text
    return [
        HistoryEntry(event=history.CaseEvent(**row._mapping), texts=words.get(row.seq, {}))
        for row in rows
    ]


def case_as_of(connection: Connection, case: Case, moment: datetime) -> Standing:
    """The case as it stood at a moment that is not before its opening; raises NotTold."""
    rows = connection.execute(
        EVENTS_UNTIL,
        {"month": case.opened_month, "id": case.id, "moment": moment},
    )
    return rebuild(history.CaseEvent(**row._mapping) for row in rows)


def changes_since(connection: Connection, case: Case, version: int) -> Sequence[Mapping[str, Any]]:
    """Which events raised the version above `version`: what changed, when and by whom."""
    rows = connection.execute(
        text("""
            select seq, type, at, actor, body ->> 'state' as state from case_event
            where opened_month = :month and case_id = :id
              and cast(body ->> 'version' as integer) > :version
            order by seq desc limit 20
        """),
        {"month": case.opened_month, "id": case.id, "version": version},
    )
    return [
        {
            "seq": row.seq,
            "type": row.type,
            "at": history.moment(row.at),
            "actor": row.actor,
            "state": row.state,
        }
        for row in rows
    ][::-1]


def _cursor(case: Case) -> str:
    return cursors.written([case.opened_at.isoformat(), str(case.id)])


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, case_id = cursors.read(cursor)
        return datetime.fromisoformat(at), UUID(case_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadCursor("`after` is not a cursor that a page gave; start without it") from error
