"""Working calendars: which there are, and a year of one as a sheet."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import JSON, tagged
from dispatch.api.context import Context, Ctx, Who
from dispatch.api.filters import unusable
from dispatch.api.listing import After, Limit, listing
from dispatch.api.problems import Problem
from dispatch.cases.case import database_now
from dispatch.catalogue.calendar_sheets import calendar_row, calendar_sheet
from dispatch.catalogue.calendars import Stored, stored_calendars
from dispatch.storage.database import transaction
from workflows.errors import CalendarError
from workflows.workdays import read_workdays

router = APIRouter(prefix="/api/v1", tags=["workflows"])


@router.get("/calendars", response_model=None, responses=schemas.problems(401, 422, 503))
def get_calendars(
    request: Request, context: Ctx, _who: Who, limit: Limit = 500, after: After = None
) -> Response:
    """The newest version of every calendar, by name; `current` is the one that new clocks take."""
    with transaction(context.database) as connection:
        newest = _newest(connection)
    rows = [
        calendar_row(read_workdays(one.document), one.version, current=_current(context, one))
        for one in newest.values()
    ]
    return listing(request, rows, after, limit)


@router.get(
    "/calendars/{name}", response_model=None, responses=schemas.problems(401, 404, 422, 503)
)
def get_calendar(
    name: str,
    request: Request,
    context: Ctx,
    _who: Who,
    year: Annotated[int | None, Query(ge=1, le=9999)] = None,
) -> Response:
    """A year of a calendar, this year when none is asked for.

    `hours` are the working hours in force from day to day, `days` every day with its `kind`
    (`workday`, `weekend`, `rest`, `make-up`), `why`, and whether it is provisional: no notice of
    that year is loaded yet.
    """
    with transaction(context.database) as connection:
        newest = _newest(connection)
        now = database_now(connection)
    found = newest.get(name)
    if found is None:
        known = ", ".join(newest) or "none"
        raise Problem(404, "not-found", f"there is no calendar {name[:60]!r}; there are: {known}")
    rules = read_workdays(found.document)
    asked = now.astimezone(rules.zone).year if year is None else year
    try:
        sheet = calendar_sheet(rules, found.version, asked, current=_current(context, found))
    except CalendarError as error:
        raise unusable("year", str(error)) from error
    return tagged(request, orjson.dumps(sheet), JSON, {"Cache-Control": "private, no-cache"})


def _newest(connection: Connection) -> dict[str, Stored]:
    return {one.name: one for one in stored_calendars(connection)}


def _current(context: Context, stored: Stored) -> bool:
    return stored.name == context.settings.calendar
