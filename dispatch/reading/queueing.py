"""The queues of the desks: how many cases wait in each, and which, the most urgent first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from dispatch.cases.access import Clause, all_of
from dispatch.cases.case import SELECT, Case, read_case
from dispatch.reading import cursors
from dispatch.reading.cursors import BadCursor
from dispatch.reading.reading import Filters, clauses_of
from workflows.queues import Queue

# By the moment that is due; what no clock watches comes last.
URGENCY = "coalesce(c.due_at, 'infinity'), c.id"
STANDING = """select c.definition, c.state, count(*) as cases,
        count(*) filter (where c.due_at < now()) as late
    from "case" c where {where} group by c.definition, c.state"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many cases a queue holds, and how many of them are late."""

    cases: int
    late: int


def count_queues(
    connection: Connection, scope: Clause, queues: Iterable[Queue]
) -> dict[str, Waiting]:
    """How much waits in each queue, by its name; the queues of stages take one query together."""
    cases: Counter[tuple[str, str]] = Counter()
    late: Counter[tuple[str, str]] = Counter()
    for row in _standing(connection, all_of(scope, OPEN)):
        cases[row[0], row[1]], late[row[0], row[1]] = row[2], row[3]
    found: dict[str, Waiting] = {}
    for queue in queues:
        if queue.mark is None:
            states = queue.states
            found[queue.name] = Waiting(
                cases=sum(cases[one] for one in states), late=sum(late[one] for one in states)
            )
        else:
            rows = _standing(connection, all_of(scope, clause_of(queue)))
            found[queue.name] = Waiting(
                cases=sum(row[2] for row in rows), late=sum(row[3] for row in rows)
            )
    return found


def _standing(connection: Connection, where: Clause) -> Sequence[tuple[str, str, int, int]]:
    query = text(STANDING.replace("{where}", where.sql))
    return [tuple(row) for row in connection.execute(query, where.values)]


OPEN = Clause(sql="c.closed_at is null")


def clause_of(queue: Queue) -> Clause:
    """What makes a case one of the queue."""
    keys, states = zip(*sorted(queue.states), strict=True)
    in_states = Clause(
        sql="""(c.definition, c.state) in (select * from
            unnest(cast(:q_definitions as text[]), cast(:q_states as text[])))""",
        values={"q_definitions": list(keys), "q_states": list(states)},
    )
    if queue.mark is None:
        return all_of(OPEN, in_states)
    marked = Clause(
        sql="""c.marks <> '{}' and case jsonb_typeof(c.marks -> :q_mark)
            when 'number' then cast(c.marks ->> :q_mark as integer)
            when 'string' then 1 else 0 end >= :q_least""",
        values={"q_mark": queue.mark, "q_least": queue.least},
    )
    return all_of(in_states, marked)


def list_queue(
    connection: Connection,
    scope: Clause,
    queue: Queue,
    filters: Filters,
    *,
    limit: int,
    after: str | None,
) -> tuple[list[Case], str | None]:
    """One page of a queue, the most urgent first, and the cursor of the next; raises BadCursor."""
    clauses = [scope, clause_of(queue), *clauses_of(filters)]
    if after is not None:
        clauses.append(_behind(after))
    where = all_of(*clauses)
    query = text(f"{SELECT} where {where.sql} order by {URGENCY} limit :limit")
    rows = connection.execute(query, {**where.values, "limit": limit + 1})
    cases = [read_case(row) for row in rows]
    more = cases[limit - 1] if len(cases) > limit else None
    return cases[:limit], None if more is None else _cursor(more)


def _cursor(case: Case) -> str:
    due = None if case.due_at is None else case.due_at.isoformat()
    return cursors.written({"due": due, "id": str(case.id)})


def _behind(cursor: str) -> Clause:
    try:
        told = cursors.read(cursor)
        due, case_id = told["due"], UUID(told["id"])
        at = "infinity" if due is None else datetime.fromisoformat(due).isoformat()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadCursor("`after` is not a cursor that a page of this queue gave") from error
    return Clause(
        sql="(coalesce(c.due_at, 'infinity'), c.id) > (cast(:after_at as timestamptz), :after_id)",
        values={"after_at": at, "after_id": case_id},
    )
