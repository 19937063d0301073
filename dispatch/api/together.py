"""One action on many cases, each with its own answer."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import answer
from dispatch.api.bodies import read_body, read_json
from dispatch.api.context import Context, Ctx, Who
from dispatch.api.desk import whole
from dispatch.api.problems import problem_of
from dispatch.cases import access
from dispatch.cases.case import Case
from dispatch.desk.desk import ActionRequest
from dispatch.desk.rules import DeskRules
from dispatch.reading import reading
from dispatch.storage.database import transaction
from dispatch.tokens import Principal, Role

CASES_MOST = 200

router = APIRouter(prefix="/api/v1", tags=["desk"])


class ChosenCase(BaseModel):
    """A case of the selection: its id or number, the version seen, and an id for retries."""

    model_config = ConfigDict(extra="forbid")

    case: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00]*$")]
    version: Annotated[int, BeforeValidator(whole), Field(strict=True, ge=0, lt=2**31)]
    id: UUID | None = None


class ManyActionsBody(BaseModel):
    """An action for a selection of cases: its reason and its own fields are the same for all."""

    model_config = ConfigDict(extra="allow")

    cases: Annotated[list[ChosenCase], Field(min_length=1, max_length=CASES_MOST)]
    reason: Annotated[str | None, Field(max_length=2000, pattern=r"^[^\x00]*$")] = None

    @model_validator(mode="after")
    def _each_once(self) -> "ManyActionsBody":
        names = [chosen.case for chosen in self.cases]
        if len(set(names)) != len(names):
            raise ValueError("cases names a case twice")
        return self


async def many_body(request: Request, context: Ctx, _who: Who) -> ManyActionsBody:
    """The body, looked at only when the caller has a valid token."""
    raw = await read_body(request, context.settings.body_limit_bytes)
    return read_json(ManyActionsBody, raw)


@router.post(
    "/actions/{action}",
    response_model=None,
    responses=schemas.problems(401, 413, 422, 503),
    openapi_extra=schemas.json_body(ManyActionsBody),
)
def post_actions(
    action: str, context: Ctx, who: Who, body: Annotated[ManyActionsBody, Depends(many_body)]
) -> Response:
    """Does an action on each case of a selection, in its order, each in a transaction of its own.

    `items` has one answer a case: `status` is what the single action would have answered, then
    `state` and `version`, or the `problem`.
    """
    rules = context.desk_rules()
    fields = dict(body.model_extra or {})
    items = [
        _one(
            context,
            rules,
            who,
            chosen.case,
            ActionRequest(
                name=action,
                version=chosen.version,
                reason=body.reason,
                fields=fields,
                id=chosen.id,
            ),
        )
        for chosen in body.cases
    ]
    return answer({"items": items}, {"Cache-Control": "no-store"})


class HandOverBody(BaseModel):
    """Who takes the desk over."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    reason: Annotated[str | None, Field(max_length=2000, pattern=r"^[^\x00]*$")] = None


async def hand_over_body(request: Request, context: Ctx, _who: Who) -> HandOverBody:
    raw = await read_body(request, context.settings.body_limit_bytes)
    return read_json(HandOverBody, raw)


@router.post(
    "/desk/hand-over",
    response_model=None,
    responses=schemas.problems(401, 403, 413, 422, 503),
    openapi_extra=schemas.json_body(HandOverBody),
)
def post_hand_over(
    context: Ctx, who: Who, body: Annotated[HandOverBody, Depends(hand_over_body)]
) -> Response:
    """Hands every open case that the caller took to another acceptor, at a change of shifts.

    `items` has one answer a case, as for a selection; `more` says that there are yet others.
    """
    access.require(who, frozenset({Role.ACCEPTOR}), "hand a desk over")
    rules = context.desk_rules()
    scope = access.case_scope(who, rules.known.in_force.areas)
    with transaction(context.database) as connection:
        taken = reading.taken_cases(connection, scope, who.subject, CASES_MOST + 1)
    fields = {"account": body.account}
    items = [
        _one(
            context,
            rules,
            who,
            str(case),
            ActionRequest(name="hand-over", version=version, reason=body.reason, fields=fields),
        )
        for case, version in taken[:CASES_MOST]
    ]
    more = len(taken) > CASES_MOST
    return answer({"items": items, "more": more}, {"Cache-Control": "no-store"})


def _one(
    context: Context,
    rules: DeskRules,
    who: Principal,
    key: str,
    request: ActionRequest,
) -> dict[str, Any]:
    try:
        done = context.desk.act(rules, who, key, request, _short)
    except Exception as error:  # noqa: BLE001  what is not ours is raised again
        problem = problem_of(error)
        return {"case": key, "status": problem.status, "problem": problem.document}
    return {"case": key, "status": 200, **orjson.loads(done)}


def _short(_connection: Connection, case: Case) -> bytes:
    return orjson.dumps(
        {"id": str(case.id), "number": case.number, "state": case.state, "version": case.version}
    )
