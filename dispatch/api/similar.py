"""Likely duplicates: before a report is sent, and before its case is filed."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import answer
from dispatch.api.context import Ctx, Who
from dispatch.api.desk import visible_case
from dispatch.cases import access
from dispatch.reading import sheets
from dispatch.reading.duplicates import likely_duplicates, similar_cases
from dispatch.storage.database import transaction

router = APIRouter(prefix="/api/v1", tags=["desk"])


@router.get("/cases/similar", response_model=None, responses=schemas.problems(401, 403, 422, 503))
def get_similar(
    context: Ctx,
    who: Who,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    category: Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$")],
) -> Response:
    """Open cases that a new report here might repeat, nearest first, with their distance."""
    access.require(who, access.READS_CASES, "read cases")
    known = context.known()
    scope = access.case_scope(who, known.in_force.areas)
    x, y = known.in_force.projection.forward_one(lon, lat)
    with transaction(context.database) as connection:
        found = similar_cases(connection, scope, x, y, category)
    items = [{**sheets.case_row(case), "distance_m": round(away, 2)} for case, away in found]
    return answer({"items": items, "next": None})


@router.get(
    "/cases/{key}/similar", response_model=None, responses=schemas.problems(401, 403, 404, 422, 503)
)
def get_similar_to(key: str, context: Ctx, who: Who) -> Response:
    """Open cases that may be the same matter as this one, the nearest first, with their distance.

    `compared` is the last answer of the two, if somebody compared them; those that were answered
    to be different come last.
    """
    access.require(who, access.READS_CASES, "read cases")
    case = visible_case(context, who, key)
    scope = access.case_scope(who, context.known().in_force.areas)
    with transaction(context.database) as connection:
        found = likely_duplicates(connection, scope, case)
    items = [
        {
            **sheets.case_row(one.case),
            "distance_m": round(one.distance_m, 2),
            "compared": None if one.compared is None else one.compared.told(),
        }
        for one in found
    ]
    return answer({"items": items, "next": None}, {"Cache-Control": "no-store"})
