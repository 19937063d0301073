"""Lists, cases, histories and actions: what desks work with."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import queues, schemas
from dispatch.api.answers import JSON, answer
from dispatch.api.bodies import read_body, read_json
from dispatch.api.context import Context, Ctx, Who
from dispatch.api.filters import Moment, check_filters, filters_of, read_instant, unusable
from dispatch.api.listing import After, Limit, listing
from dispatch.api.problems import Problem
from dispatch.cases import access
from dispatch.cases.case import Case, database_now
from dispatch.cases.history import moment
from dispatch.cases.views import view_of
from dispatch.desk.desk import ActionRequest, CaseNotFound
from dispatch.desk.rules import DeskRules
from dispatch.reading import reading, sheets
from dispatch.reading.duplicates import comparisons
from dispatch.reading.reading import Filters
from dispatch.storage.database import transaction
from dispatch.tokens import Principal
from workflows.case import Actor
from workflows.decide import allowed_actions

router = APIRouter(prefix="/api/v1", tags=["desk"])


def whole(value: object) -> object:
    """37.0 is an integer in JSON; true and "37" are none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class ActionBody(BaseModel):
    """The body of an action: the version seen, a reason, the action's own fields."""

    model_config = ConfigDict(extra="allow")

    version: Annotated[int, BeforeValidator(whole), Field(strict=True, ge=0, lt=2**31)]
    reason: Annotated[str | None, Field(max_length=2000, pattern=r"^[^\x00]*$")] = None
    id: UUID | None = None


@router.get("/areas", response_model=None, responses=schemas.problems(401, 422, 503))
def get_areas(
    request: Request, context: Ctx, _who: Who, limit: Limit = 500, after: After = None
) -> Response:
    """The areas of the map in force, by code."""
    areas = context.known().in_force.areas
    return listing(request, [sheets.area_row(areas[code]) for code in sorted(areas)], after, limit)


@router.get("/categories", response_model=None, responses=schemas.problems(401, 422, 503))
def get_categories(
    request: Request, context: Ctx, _who: Who, limit: Limit = 500, after: After = None
) -> Response:
    """What can be reported, with the filing conditions of each category."""
    categories = context.known().catalogue.categories.values()
    return listing(request, [sheets.category_row(one) for one in categories], after, limit)


@router.get("/departments", response_model=None, responses=schemas.problems(401, 422, 503))
def get_departments(
    request: Request, context: Ctx, _who: Who, limit: Limit = 500, after: After = None
) -> Response:
    """Departments and centres, by code."""
    departments = context.known().departments.values()
    return listing(request, [sheets.department_row(one) for one in departments], after, limit)


@router.get("/cases", response_model=None, responses=schemas.problems(401, 403, 422, 503))
def get_cases(
    context: Ctx,
    who: Who,
    filters: Annotated[Filters, Depends(filters_of)],
    desk: Annotated[queues.AtDesk, Depends(queues.at_desk)],
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """Cases in the caller's scope, newest first; those of a `queue` the most urgent first.

    `owner` narrows to what the caller has taken, or to the pool of what nobody has; `inspector` to
    what the caller is to verify or inspect, or to what any member may.
    """
    access.require(who, access.READS_CASES, "read cases")
    known = context.known()
    check_filters(known, who, filters)
    scope = desk.narrowed(access.case_scope(who, known.in_force.areas), who.subject)
    if desk.queue is not None:
        return queues.queue_page(context, scope, desk.queue, filters, limit=limit, after=after)
    with transaction(context.database) as connection:
        cases, following = reading.list_cases(connection, scope, filters, limit=limit, after=after)
    return answer({"items": [sheets.case_row(case) for case in cases], "next": following})


@router.get(
    "/cases/{key}", response_model=None, responses=schemas.problems(401, 403, 404, 422, 503)
)
def get_case(key: str, context: Ctx, who: Who, as_of: Moment = None) -> Response:
    """One case by id or number, with its links, clocks, and what the caller may do now.

    With `as_of` the case as it stood at that moment, rebuilt from its history; nothing can be
    done in the past, so `actions` is empty. Who may read the case now may read how it stood.
    """
    access.require(who, access.READS_CASES, "read cases")
    moment = None if as_of is None else read_instant("as_of", as_of)
    case = visible_case(context, who, key)
    with transaction(context.database) as connection:
        if moment is None:
            sheet = sheet_of(context.desk_rules(), connection, who, case)
        else:
            sheet = sheet_as_of(context, connection, case, moment)
    return answer(sheet, {"Cache-Control": "no-store"})


def visible_case(context: Context, who: Principal, key: str) -> Case:
    """The case, or 404 when there is none that the caller may read."""
    scope = access.case_scope(who, context.known().in_force.areas)
    with transaction(context.database) as connection:
        case = reading.find_case(connection, key, scope)
    if case is None:
        raise CaseNotFound(f"there is no case {key[:60]} that you may read")
    return case


def sheet_of(
    rules: DeskRules, connection: Connection, who: Principal, case: Case
) -> dict[str, Any]:
    reports = reading.case_reports(connection, case.id)
    mine = reading.is_reporter(connection, case.id, who.subject)
    known, reporters = rules.known, (who.subject,) if mine else ()
    view = view_of(case, known.catalogue.categories, reporters, known, known.catalogue.grades)
    actor = Actor(id=who.subject, role=who.role.value, department=who.department)
    definition, now = rules.definitions[case.definition], database_now(connection)
    forms = allowed_actions(definition, view, actor, now, rules.calendars)
    sheet = sheets.case_sheet(
        case,
        reports=reports,
        photos=reading.case_photos(connection, case.id),
        merged=reading.merged_cases(connection, case.id),
        calendars=rules.calendars,
        actions=[sheets.action_row(form, case, rules.known) for form in forms],
    )
    return {**sheet, "compared": sheets.compared_rows(comparisons(connection, case))}


def sheet_as_of(
    context: Context, connection: Connection, case: Case, at: datetime
) -> dict[str, Any]:
    """The sheet of a past moment; 422 for one that has not come, 404 for one before the case."""
    now = database_now(connection)
    if at > now:
        raise unusable("as_of", f"lies in the future; it is {moment(now)} now")
    if at < case.opened_at:
        told = f"case {case.number} was opened at {moment(case.opened_at)}; it was not there before"
        raise Problem(404, "not-found", told)
    standing = reading.case_as_of(connection, case, at)
    photos = reading.case_photos(connection, case.id)
    sheet = sheets.case_sheet(
        standing.case,
        reports=standing.reports[: reading.REPORTS_SHOWN],
        photos=[photo for photo in photos if photo["id"] in standing.photos],
        merged=(),
        calendars=context.calendars(),
        actions=(),
    )
    compared = [one for one in comparisons(connection, case) if one.at <= at]
    return {**sheet, "compared": sheets.compared_rows(compared), "as_of": moment(at)}


@router.get(
    "/cases/{key}/events", response_model=None, responses=schemas.problems(401, 403, 404, 422, 503)
)
def get_events(
    key: str,
    context: Ctx,
    who: Who,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Limit = 500,
) -> Response:
    """The case's history in order. `texts` are the words that a body names by digest."""
    access.require(who, access.READS_HISTORIES, "read histories")
    case = visible_case(context, who, key)
    with transaction(context.database) as connection:
        entries = reading.case_history(connection, case, after=after, limit=limit + 1)
    items = [event_row(entry) for entry in entries[:limit]]
    following = str(items[-1]["seq"]) if len(entries) > limit else None
    return answer({"items": items, "next": following}, {"Cache-Control": "no-store"})


def event_row(entry: reading.HistoryEntry) -> dict[str, Any]:
    event = entry.event
    return {
        "seq": event.seq,
        "type": event.type,
        "at": moment(event.at),
        "actor": event.actor,
        "body": event.body,
        "hash": bytes(event.hash).hex(),
        "previous_hash": bytes(event.previous_hash).hex(),
        "texts": dict(entry.texts),
    }


async def action_body(request: Request, context: Ctx, _who: Who) -> ActionBody:
    """The body of an action, looked at only when the caller has a valid token."""
    raw = await read_body(request, context.settings.body_limit_bytes)
    return read_json(ActionBody, raw)


@router.post(
    "/cases/{key}/actions/{action}",
    response_model=None,
    responses=schemas.problems(401, 403, 404, 409, 413, 422, 503),
    openapi_extra=schemas.json_body(ActionBody),
)
def post_action(
    key: str,
    action: str,
    context: Ctx,
    who: Who,
    body: Annotated[ActionBody, Depends(action_body)],
) -> Response:
    """Does an action. 409 tells what changed, or which actions are possible."""
    request = ActionRequest(
        name=action,
        version=body.version,
        reason=body.reason,
        fields=dict(body.model_extra or {}),
        id=body.id,
    )
    rules = context.desk_rules()

    def show(connection: Connection, case: Case) -> bytes:
        return orjson.dumps(sheet_of(rules, connection, who, case))

    sheet = context.desk.act(rules, who, key, request, show)
    return Response(sheet, 200, {"Cache-Control": "no-store"}, media_type=JSON)
