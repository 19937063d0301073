"""`POST /reports`, `/reports/batch`, `GET /reports/{id}`: the door for reports."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import answer
from dispatch.api.bodies import read_body, require_media
from dispatch.api.buckets import Rate
from dispatch.api.context import Context, Ctx, anonymous, context_of, principal_of
from dispatch.api.problems import Problem, problem_of
from dispatch.cases import access
from dispatch.cases.case import Case
from dispatch.reading import reading
from dispatch.reports.intake import Accepted
from dispatch.reports.report import FieldProblem
from dispatch.storage.database import transaction
from dispatch.tokens import Principal, Role
from streams.errors import StreamError

router = APIRouter(prefix="/api/v1", tags=["intake"])

RETRY = {"Retry-After": "2"}

# By role; gateways have no bucket (design §5, "limits").
RATES: dict[Role, Rate] = {
    Role.REPORTER: (300.0, 5.0),
    Role.MEMBER: (3000.0, 100.0),
    Role.ACCEPTOR: (600.0, 20.0),
}


def sender_of(request: Request) -> Principal:
    """Who sends; without a token only where `public_reports` is on."""
    context = context_of(request)
    if context.settings.public_reports and "authorization" not in request.headers:
        return anonymous(context.known().in_force.city.code)
    principal = principal_of(request)
    access.require(principal, access.SENDS_REPORTS, "send reports")
    return principal


def take_rate(context: Context, request: Request, principal: Principal, cost: int) -> None:
    """429 with the seconds to wait when the caller's bucket is empty."""
    rate = RATES.get(principal.role)
    if rate is None:
        return
    address = request.client.host if request.client else "-"
    refusal = "too many reports in a short time; send them again later, nothing of this was taken"
    context.buckets.charge(f"{principal.subject}\0{address}", cost, rate, refusal)


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
    return Response(accepted.answer, 202, media_type="application/json")


async def acknowledge(context: Context, reports: Sequence[Accepted]) -> list[Exception | None]:
    """Writes reports to Kafka and waits for all; one entry a report, None where Kafka has it."""
    context.intake_recorder.accepted(reports)
    messages = [report.message for report in reports if report.message is not None]
    if not messages:
        return [None] * len(reports)
    if context.acknowledgements is None:
        away = Problem(503, "unavailable", "Kafka is not connected", headers=RETRY)
        return [None if report.message is None else away for report in reports]
    outcomes = context.acknowledgements.send(messages)
    await outcomes.wait(context.settings.kafka_answer_s)
    each = iter(outcomes.each)
    return [None if report.message is None else _fate(next(each)) for report in reports]


def _fate(outcome: Exception | None) -> Exception | None:
    return outcome if outcome is None or isinstance(outcome, StreamError) else _slow()


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
    out = await _answer_lines(context, principal, lines)
    return Response(b"\n".join((*out, b"")), 200, media_type="application/x-ndjson")


async def _answer_lines(
    context: Context, principal: Principal, lines: Sequence[bytes]
) -> list[bytes]:
    judged = _judge_lines(context, principal, lines)
    accepted = [one for one in judged if isinstance(one, Accepted)]
    failures = iter(await acknowledge(context, accepted))
    answers: list[bytes] = []
    statuses: list[int] = []
    for one in judged:
        failure = next(failures) if isinstance(one, Accepted) else one
        if isinstance(one, Accepted) and failure is None:
            context.intake.remember(one)
            answers.append(b'{"status":202,' + one.answer[1:])
            statuses.append(202)
        elif failure is not None:
            problem = problem_of(failure)
            answers.append(orjson.dumps(problem.document))
            statuses.append(problem.status)
    context.intake_recorder.lines(statuses)
    return answers


def _judge_lines(
    context: Context, principal: Principal, lines: Sequence[bytes]
) -> list[Accepted | Exception]:
    limit = context.settings.body_limit_bytes
    fitting = [line for line in lines if len(line) <= limit]
    judged = iter(context.intake.judge_all(context.known(), principal, fitting))
    too_long = Problem(413, "too-large", "the line is too long")
    return [next(judged) if len(line) <= limit else too_long for line in lines]


def _check_lines(lines: Sequence[bytes], limit: int) -> None:
    if not lines or len(lines) > limit:
        found = "no line" if not lines else f"{len(lines):,} lines"
        raise Problem(
            422,
            "batch-size",
            f"the batch has {found}; send 1 to {limit}",
            errors=[FieldProblem("body", f"must have 1 to {limit} lines")],
        )


@router.get("/reports/{report_id:uuid}", **schemas.GET_REPORT)
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
    return answer(state, {"Cache-Control": "no-store"})


def _report_state(
    context: Context, report_id: UUID, mark: bytes | None, principal: Principal | None
) -> dict[str, Any] | None:
    with transaction(context.database) as connection:
        row = connection.execute(
            text("select fingerprint, subject, reporter, case_id from report where id = :id"),
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
            mine = {row.subject, row.reporter}
            if attached or (case is not None and _may_read(principal, mine, case)):
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


def _may_read(principal: Principal | None, reported: set[str], case: Case) -> bool:
    """Who sent the report, the caller for whom it was written, and who may read its case."""
    if principal is None:
        return False
    if principal.subject in reported:
        return True
    return principal.role in access.READS_CASES and access.sees_case(principal, case)
