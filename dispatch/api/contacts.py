"""Whom to call about a case, and who looked."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import answer
from dispatch.api.bodies import read_body, read_json
from dispatch.api.buckets import Rate
from dispatch.api.context import Ctx, Who
from dispatch.api.desk import visible_case
from dispatch.api.listing import Limit
from dispatch.cases import access
from dispatch.cases.history import moment
from dispatch.desk.contacts import SHOWN_MOST, Asked, Purpose, contact_views, show_contacts
from dispatch.desk.desk import CaseNotFound
from dispatch.reading import reading
from dispatch.storage.database import transaction

router = APIRouter(prefix="/api/v1", tags=["desk"])
PRIVATE = {"Cache-Control": "no-store"}

RATE: Rate = (30.0, 0.2)
"""Of one person: each page of a case's contacts counts. Nobody calls more than twelve a minute."""
TOO_MANY = "too many contacts in a short time; nothing was shown and no view was noted, wait"


class ContactsBody(BaseModel):
    """Why the contacts are looked at; `reason` must say so for the purpose `other`.

    With `masked` names and numbers come with most of their characters hidden. `reports` narrows to
    these reports, `after` goes on behind the page that gave it.
    """

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose
    reason: Annotated[
        str | None, Field(max_length=500, pattern=r"^[^\x00]*$", validate_default=True)
    ] = None
    masked: Annotated[bool, Field(strict=True)] = False
    reports: Annotated[list[UUID] | None, Field(min_length=1, max_length=SHOWN_MOST)] = None
    after: UUID | None = None

    @field_validator("reason")
    @classmethod
    def _says_why(cls, reason: str | None, told: ValidationInfo) -> str | None:
        words = (reason or "").strip() or None
        if words is None and told.data.get("purpose") is Purpose.OTHER:
            raise ValueError("must say why, for the purpose other")
        return words


async def contacts_body(request: Request, context: Ctx, who: Who) -> ContactsBody:
    """The body, looked at only when the caller has a valid token; 429 for one who looks at many."""
    raw = await read_body(request, context.settings.body_limit_bytes)
    body = read_json(ContactsBody, raw)
    context.buckets.charge(f"{who.subject}\0contacts", 1, RATE, TOO_MANY)
    return body


@router.post(
    "/cases/{key}/contacts",
    response_model=None,
    responses=schemas.problems(401, 403, 404, 413, 422, 429, 503),
    openapi_extra=schemas.json_body(ContactsBody),
)
def post_contacts(
    key: str, context: Ctx, who: Who, body: Annotated[ContactsBody, Depends(contacts_body)]
) -> Response:
    """Names and numbers of those who reported the case; each view is kept, before the answer.

    For acceptors, and for handlers while their department holds the open case. `withheld` reports
    are confidential, which only acceptors see.
    """
    access.require(who, access.READS_CASES, "read cases")
    asked = Asked(
        purpose=body.purpose,
        reason=body.reason,
        masked=body.masked,
        reports=None if body.reports is None else tuple(body.reports),
        after=body.after,
    )
    scope = access.case_scope(who, context.known().in_force.areas)
    with transaction(context.database) as connection:
        case = reading.find_case(connection, key, scope)
        if case is None:
            raise CaseNotFound(f"there is no case {key[:60]} that you may read")
        shown = show_contacts(connection, context.keys, who, case, asked)
    following = None if shown.following is None else str(shown.following)
    return answer({"items": shown.items, "next": following, "withheld": shown.withheld}, PRIVATE)


@router.get(
    "/cases/{key}/contact-views",
    response_model=None,
    responses=schemas.problems(401, 403, 404, 422, 503),
)
def get_contact_views(
    key: str,
    context: Ctx,
    who: Who,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Limit = 500,
) -> Response:
    """Who looked at the case's contacts, when and why; never the contacts themselves."""
    access.require(who, access.READS_HISTORIES, "read who looked at contacts")
    case = visible_case(context, who, key)
    with transaction(context.database) as connection:
        views = contact_views(connection, case, after=after, limit=limit + 1)
    items = [
        {
            "id": view.id,
            "at": moment(view.at),
            "viewer": view.viewer,
            "role": view.role,
            "report": str(view.report_id),
            "purpose": view.purpose,
            "reason": view.reason,
            "masked": view.masked,
        }
        for view in views[:limit]
    ]
    following = str(items[-1]["id"]) if len(views) > limit else None
    return answer({"items": items, "next": following}, PRIVATE)
