"""`POST /reports`, `/reports/batch`, `GET /reports/{id}`: the door for reports."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from dispatch import access, reading
from dispatch.api import schemas
from dispatch.api.bodies import read_body, require_media
from dispatch.api.context import Context, Ctx, anonymous, context_of, principal_of
from dispatch.api.problems import Problem, problem_of
from dispatch.database import transaction
from dispatch.desk import areas_of
from dispatch.intake import Accepted
from dispatch.knowledge import Known
from dispatch.reports import FieldProblem
from dispatch.tokens import Principal, Role
from streams.errors import StreamError

router = APIRouter(prefix="/api/v1", tags=["intake"])

RETRY = {"Retry-After": "2"}

# Burst and refill a second, by role; gateways have no bucket (design §5, "limits").
RATES = {
    Role.REPORTER: (300.0, 5.0),
    Role.MEMBER: (3000.0, 100.0),
    Role.ACCEPTOR: (600.0, 20.0),
}


def sender_of(request: Request) -> Principal:
    """Who sends; without a token only where `public_reports` is on."""
    context = context_of(request)
    if context.settings.public_reports and "authorization" not in request.headers:
        known = context.known()
        city = next(a.code for a in known.maps[-1].areas.values() if a.parent is None)
        return anonymous(context, city)
    principal = principal_of(request)
    access.require(principal, access.SENDS_REPORTS, "send reports")
    return principal


def take_rate(context: Context, request: Request, principal: Principal, cost: int) -> None:
    """429 with the seconds to wait when the caller's bucket is empty."""
    rate = RATES.get(principal.role)
    if rate is None:
        return
    address = request.client.host if request.client else "-"
    wait = context.buckets.take(f"{principal.subject}\0{address}", cost, *rate)
    if wait > 0:
        raise Problem(
            429,
            "rate",
            "too many reports in a short time; send them again later, nothing of this was taken",
            headers={"Retry-After": str(math.ceil(wait))},
        )


@router.post("/reports", status_code=202, **schemas.POST_REPORT)
async def post_report(request: Request) -> Response:
    """Accepts one report. The answer comes when Kafka has acknowledged it, never before."""
    context = context_of(request)
    principal = sender_of(request)
    require_media(request, "application/json")
    body = await read_body(request, context.settings.body_limit_bytes)
    take_rate(context, request, principal, 1)
    key = request.headers.get("idempotency-key")
    accepted = context.intake.judge(context.known(), principal, body, key)
    (failure,) = await acknowledge(context, [accepted])
    if failure is not None:
        raise failure
    context.intake.remember(accepted)
    return Response(orjson.dumps(accepted.answer), 202, media_type="application/json")


async def acknowledge(context: Context, reports: Sequence[Accepted]) -> list[Exception | None]:
    """Writes reports to Kafka and waits for all; one entry a report, None where Kafka has it."""
    sent = [_send(context, report) for report in reports]
    waiting = [one for one in sent if isinstance(one, asyncio.Future)]
    if waiting:
        await asyncio.wait(waiting, timeout=context.settings.kafka_answer_s)
    return [_fate(one) for one in sent]


def _send(context: Context, report: Accepted) -> "asyncio.Future[None] | Exception | None":
    if report.message is None:
        return None
    if context.acknowledgements is None:
        return Problem(503, "unavailable", "Kafka is not connected", headers=RETRY)
    try:
        return context.acknowledgements.send(report.message)
    except StreamError as error:
        return error


def _fate(sent: "asyncio.Future[None] | Exception | None") -> Exception | None:
    if not isinstance(sent, asyncio.Future):
        return sent
    if sent.done() and sent.exception() is None:
        return None
    sent.cancel()
    return _slow()


def _slow() -> Problem:
    return Problem(
        503,
        "unavailable",
        "Kafka has not acknowledged the report in time; send it again with the same id",
        headers=RETRY,
    )


@router.post("/reports/batch", **schemas.POST_BATCH)
async def post_batch(request: Request) -> Response:
    """Accepts up to 500 reports, one JSON object a line; answers one line for each, in order."""
    context = context_of(request)
    principal = principal_of(request)
    access.require(principal, access.SENDS_BATCHES, "send reports in batches")
    require_media(request, "application/x-ndjson", "application/ndjson")
    body = await read_body(request, context.settings.batch_limit_bytes)
    lines = [line for line in body.split(b"\n") if line.strip()]
    _check_lines(lines, context.settings.batch_line_limit)
    take_rate(context, request, principal, len(lines))
    known = context.known()
    answers: list[dict[str, Any]] = [{} for _ in lines]
    accepted: list[tuple[int, Accepted]] = []
    for n, line in enumerate(lines):
        try:
            accepted.append((n, _judge_line(context, known, principal, line)))
        except Exception as error:  # noqa: BLE001  each line has its own answer
            answers[n] = _problem_line(error)
    failures = await acknowledge(context, [one for _, one in accepted])
    for (n, one), failure in zip(accepted, failures, strict=True):
        if failure is not None:
            answers[n] = _problem_line(failure)
        else:
            context.intake.remember(one)
            answers[n] = {"status": 202, **one.answer}
    out = b"".join(orjson.dumps(answer) + b"\n" for answer in answers)
    return Response(out, 200, media_type="application/x-ndjson")


def _judge_line(context: Context, known: Known, principal: Principal, line: bytes) -> Accepted:
    if len(line) > context.settings.body_limit_bytes:
        raise Problem(413, "too-large", "the line is too long")
    return context.intake.judge(known, principal, line)


def _problem_line(error: Exception) -> dict[str, Any]:
    return problem_of(error).document


def _check_lines(lines: Sequence[bytes], limit: int) -> None:
    if not lines or len(lines) > limit:
        found = "no line" if not lines else f"{len(lines):,} lines"
        raise Problem(
            422,
            "batch-size",
            f"the batch has {found}; send 1 to {limit}",
            errors=[FieldProblem("body", f"must have 1 to {limit} lines")],
        )


@router.get("/reports/{report_id}", **schemas.GET_REPORT)
def get_report(report_id: UUID, request: Request, context: Ctx) -> Response:
    """What became of a report, for whoever may know it; 404 for everybody else."""
    receipt = request.headers.get("wangge-receipt")
    mark = context.keys.read_receipt(str(report_id), receipt) if receipt else None
    principal = None
    if mark is None or "authorization" in request.headers:
        principal = principal_of(request)
    state = _report_state(context, report_id, mark, principal)
    if state is None:
        raise Problem(404, "not-found", f"there is no report {report_id} that you may read")
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(state), 200, headers, media_type="application/json")


def _report_state(
    context: Context, report_id: UUID, mark: bytes | None, principal: Principal | None
) -> dict[str, Any] | None:
    with transaction(context.database) as connection:
        row = connection.execute(
            text("select fingerprint, subject, case_id from report where id = :id"),
            {"id": report_id},
        ).one_or_none()
        refused = connection.execute(
            text("select fingerprint, subject, reason from report_refusal where report_id = :id"),
            {"id": report_id},
        ).all()
        letter = connection.execute(
            text("""select reason_class from dead_letter
                where report_id = :id and retried_at is null"""),
            {"id": report_id},
        ).first()
        if row is not None:
            attached = mark is not None and bytes(row.fingerprint).startswith(mark)
            case = reading.find_case(connection, str(row.case_id))
            if attached or (case is not None and _may_read(principal, row.subject, case)):
                found = None if case is None else {"id": str(case.id), "number": case.number}
                return {"id": str(report_id), "state": "attached", "case": found}
    for one in refused:
        if _is_mine(mark, principal, one):
            return {"id": str(report_id), "state": "refused", "reason": one.reason, "case": None}
    if mark is None:
        return None
    if letter is not None:
        reason = f"set aside for an operator ({letter.reason_class})"
        return {"id": str(report_id), "state": "refused", "reason": reason, "case": None}
    return {"id": str(report_id), "state": "received", "case": None}


def _is_mine(mark: bytes | None, principal: Principal | None, row: Any) -> bool:
    if mark is not None:
        return bytes(row.fingerprint).startswith(mark)
    return principal is not None and principal.subject == row.subject


def _may_read(principal: Principal | None, subject: str, case: Any) -> bool:
    if principal is None:
        return False
    if principal.subject == subject:
        return True
    in_scope = access.sees_case(principal, areas_of(case), case.department)
    return principal.role in access.READS_CASES and in_scope
