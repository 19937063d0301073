"""The queues of the caller's desk, and what waits in one."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import answer
from dispatch.api.context import Context, Ctx, Who
from dispatch.api.filters import unusable
from dispatch.cases import access
from dispatch.cases.access import Clause, all_of
from dispatch.reading import sheets
from dispatch.reading.queueing import count_queues, list_queue
from dispatch.reading.reading import Filters, inspected_by, owned
from dispatch.storage.database import transaction
from workflows.queues import queues_for, queues_of

router = APIRouter(prefix="/api/v1", tags=["desk"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AtDesk:
    """What a desk narrows its list of cases to, besides the filters that the feed knows too."""

    queue: str | None
    owner: Literal["me", "nobody"] | None
    inspector: Literal["me", "nobody"] | None

    def narrowed(self, scope: Clause, account: str) -> Clause:
        """The scope, less what is not the caller's own, or what somebody has already."""
        clauses = [scope]
        if self.owner is not None:
            clauses.append(owned(account if self.owner == "me" else None))
        if self.inspector is not None:
            clauses.append(inspected_by(account if self.inspector == "me" else None))
        return all_of(*clauses)


def at_desk(
    queue: Annotated[str | None, Query(max_length=200)] = None,
    owner: Literal["me", "nobody"] | None = None,
    inspector: Literal["me", "nobody"] | None = None,
) -> AtDesk:
    """Reads them from a request (FastAPI dependency)."""
    return AtDesk(queue=queue, owner=owner, inspector=inspector)


@router.get("/queues", response_model=None, responses=schemas.problems(401, 403, 503))
def get_queues(context: Ctx, who: Who) -> Response:
    """The queues of the caller's role, with how many cases of the scope wait and how many are late.

    `stage` is the stage whose cases wait, or `mark` what somebody must answer. `GET /cases?queue=`
    takes a queue's `code`. Who reads histories sees the queues of every desk.
    """
    access.require(who, access.READS_CASES, "read cases")
    scope = access.case_scope(who, context.known().in_force.areas)
    watches = frozenset(role.value for role in access.READS_HISTORIES)
    mine = queues_for(queues_of(context.definitions.values()), who.role.value, watches)
    with transaction(context.database) as connection:
        waiting = count_queues(connection, scope, mine)
    items = [
        {
            "code": queue.name,
            "name": queue.label.to_json(),
            "line": queue.line,
            "stage": queue.stage,
            "mark": queue.mark,
            "cases": waiting[queue.name].cases,
            "late": waiting[queue.name].late,
        }
        for queue in mine
    ]
    return answer({"items": items, "next": None}, {"Cache-Control": "no-store"})


def queue_page(
    context: Context, scope: Clause, named: str, filters: Filters, *, limit: int, after: str | None
) -> Response:
    """A page of a queue; 422 for one that no definition has."""
    known = {queue.name: queue for queue in queues_of(context.definitions.values())}
    if named not in known:
        raise unusable("queue", f"there is no queue {named[:60]!r}; GET /api/v1/queues lists yours")
    with transaction(context.database) as connection:
        cases, following = list_queue(
            connection, scope, known[named], filters, limit=limit, after=after
        )
    calendars = context.calendars()
    items = [sheets.queue_row(case, calendars) for case in cases]
    return answer({"items": items, "next": following}, {"Cache-Control": "no-store"})
