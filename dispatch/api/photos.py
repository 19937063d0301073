"""`POST /photos` and `GET /photos/{id}`: evidence, without a database on the way in."""

import asyncio
from typing import Annotated, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.bodies import read_body, require_media
from dispatch.api.context import Context, Ctx, Who, context_of, principal_of
from dispatch.api.intake import take_rate
from dispatch.api.problems import Problem
from dispatch.cases import access
from dispatch.storage.database import transaction
from dispatch.tokens import Principal, Role

router = APIRouter(prefix="/api/v1", tags=["photos"])
SENDERS = access.SENDS_REPORTS | {Role.HANDLER}

VISIBLE = """
    select exists (
        select from (
            select case_id from report_photo where photo_id = :photo and subject = :owner
            union all
            select case_id from case_photo where photo_id = :photo and subject = :owner
        ) as p join "case" c on c.id = p.case_id
        where ({scope})
    )
"""


@router.post(
    "/photos",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": schemas.PhotoKept},
        **schemas.problems(401, 403, 413, 415, 422, 429, 503, 507),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media: {"schema": {"type": "string", "format": "binary"}}
                for media in ("image/jpeg", "image/png", "image/webp")
            },
        }
    },
)
async def post_photo(request: Request) -> Response:
    """Keeps one photo: re-encoded, without metadata; what the camera said is kept beside it."""
    context = context_of(request)
    principal = principal_of(request)
    access.require(principal, SENDERS, "send photos")
    require_media(request, "image/jpeg", "image/png", "image/webp")
    take_rate(context, request, principal, 1)
    body = await read_body(request, context.settings.photo_limit_bytes)
    sidecar = await asyncio.to_thread(context.photos.add, body, principal.subject)
    url = f"/api/v1/photos/{sidecar.id}"
    return Response(
        orjson.dumps({"id": sidecar.id, "url": url}),
        201,
        {"Location": url},
        media_type="application/json",
    )


@router.get(
    "/photos/{photo_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **schemas.problems(401, 404, 422)},
)
def get_photo(
    photo_id: UUID,
    context: Ctx,
    who: Who,
    size: Annotated[Literal["thumb", "full"], Query()] = "full",
) -> Response:
    """The photo as JPEG, for its owner and for whoever may read a case that it belongs to."""
    owner = context.photos.owner(photo_id)
    if owner is None or not (owner == who.subject or _may_see(context, who, photo_id, owner)):
        raise Problem(404, "not-found", f"there is no photo {photo_id} that you may see")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    try:
        image = context.photos.image(photo_id, size)
    except FileNotFoundError:  # swept since we looked
        raise Problem(404, "not-found", f"there is no photo {photo_id} that you may see") from None
    return Response(image, 200, headers, media_type="image/jpeg")


def _may_see(context: Context, who: Principal, photo: UUID, owner: str) -> bool:
    if who.role not in access.READS_CASES:
        return False
    scope = access.case_scope(who, context.known().in_force.areas)
    query = text(VISIBLE.replace("{scope}", scope.sql))
    with transaction(context.database) as connection:
        values = {"photo": photo, "owner": owner, **scope.values}
        return bool(connection.execute(query, values).scalar_one())
