"""Workflow definitions: what a client needs to draw one, and to say in words what a case does."""

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import JSON, tagged
from dispatch.api.context import Ctx, Who
from dispatch.api.listing import After, Limit, listing
from dispatch.api.problems import Problem
from dispatch.catalogue.definition_sheets import definition_row, definition_sheet

router = APIRouter(prefix="/api/v1", tags=["workflows"])


@router.get("/workflows", response_model=None, responses=schemas.problems(401, 422, 503))
def get_workflows(
    request: Request, context: Ctx, _who: Who, limit: Limit = 500, after: After = None
) -> Response:
    """The definitions at hand, every version of each, by name and version."""
    found = sorted(context.definitions.values(), key=lambda one: (one.name, one.version))
    return listing(request, [definition_row(one) for one in found], after, limit)


@router.get(
    "/workflows/{definition}", response_model=None, responses=schemas.problems(401, 404, 503)
)
def get_workflow(definition: str, request: Request, context: Ctx, _who: Who) -> Response:
    """A definition by its key (`name@version`), as a case names it."""
    found = context.definitions.get(definition)
    if found is None:
        known = ", ".join(sorted(context.definitions))
        told = f"there is no workflow definition {definition[:60]!r}; there are: {known}"
        raise Problem(404, "not-found", told)
    body = orjson.dumps(definition_sheet(found))
    return tagged(request, body, JSON, {"Cache-Control": "private, no-cache"})
