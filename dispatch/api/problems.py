"""Errors as RFC 9457 problem documents: one table from error to answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dispatch.cases.access import Forbidden
from dispatch.cases.rebuilding import NotTold
from dispatch.desk.desk import CaseNotFound, Stale
from dispatch.desk.fields import FieldsWrong
from dispatch.errors import Unavailable
from dispatch.reading.cursors import BadCursor
from dispatch.reports.intake import Refused
from dispatch.reports.photos import NoRoom, PhotoRefused, PhotoTooLarge
from dispatch.reports.report import FieldProblem
from dispatch.storage.database import is_passing
from dispatch.tokens import TokenRefused
from grid.tiles import TileError
from streams.errors import BrokerUnavailable, Overloaded
from workflows.errors import ActionRefused, FieldsMissing, NotAllowed, NotPossible

log = structlog.get_logger("api")
MEDIA = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "A valid token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible now",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be used as it is",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available now",
    507: "No room",
}


class Problem(Exception):
    """An answer that is a problem document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        self.document: dict[str, Any] = {
            "type": f"urn:wangge:problem:{kind}",
            "title": TITLES.get(status, "Problem"),
            "status": status,
            "detail": detail,
            **(extra or {}),
        }
        if errors:
            self.document["errors"] = [
                {"field": error.field, "reason": error.reason} for error in errors
            ]

    def response(self) -> Response:
        return Response(
            orjson.dumps(self.document),
            status_code=self.status,
            media_type=MEDIA,
            headers=self.headers,
        )


def _refused(error: Refused) -> Problem:
    return Problem(422, error.kind, str(error), errors=error.errors, extra=error.extra)


def _stale(error: Stale) -> Problem:
    extra = {"version": error.version, "changed": error.changed}
    return Problem(409, "stale", str(error), extra=extra)


def _missing(error: FieldsMissing) -> Problem:
    problems = [FieldProblem(field, reason) for field, reason in error.errors]
    return Problem(422, "fields", str(error), errors=problems)


def _not_possible(error: NotPossible) -> Problem:
    extra = {"possible": list(error.possible), **_words(error)}
    return Problem(409, "not-possible", str(error), extra=extra)


def _words(error: ActionRefused) -> dict[str, Any]:
    """Why a guard refuses, in both languages."""
    words = error.words
    return {} if words is None else {"refusal": words.to_json()}


def _unavailable(error: Exception) -> Problem:
    # Addresses and driver messages are for the log, not for whoever asks.
    what = error.what if isinstance(error, Unavailable) else "Kafka"
    detail = f"{what} does not answer now; try again in a moment"
    return Problem(503, "unavailable", detail, headers={"Retry-After": "2"})


def _database(error: DBAPIError) -> Problem:
    """A full disk, a deadlock, too many sessions pass; what cannot be stored is the caller's."""
    if isinstance(error.orig, psycopg.DataError):
        return Problem(422, "invalid-request", "the request holds what cannot be stored")
    if is_passing(error):
        log.warning("postgres cannot do it now", error=error)
        return _unavailable(Unavailable("PostgreSQL", str(error.orig)))
    raise error


ANSWERS: dict[type[Exception], Any] = {
    Refused: _refused,
    Stale: _stale,
    FieldsMissing: _missing,
    NotPossible: _not_possible,
    FieldsWrong: lambda e: Problem(422, "fields", str(e), errors=e.errors),
    NotAllowed: lambda e: Problem(403, "not-allowed", str(e), extra=_words(e)),
    Forbidden: lambda e: Problem(403, "not-allowed", str(e)),
    CaseNotFound: lambda e: Problem(404, "not-found", str(e)),
    NotTold: lambda e: Problem(404, "not-told", f"{e}; what it does tell is under /events"),
    BadCursor: lambda e: Problem(
        422, "cursor", str(e), errors=[FieldProblem("after", "is not a cursor")]
    ),
    TokenRefused: lambda e: Problem(
        401, "token", str(e), headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    ),
    TileError: lambda e: Problem(
        422, "invalid-request", str(e), errors=[FieldProblem(e.field, e.reason)]
    ),
    NoRoom: lambda e: Problem(507, "no-room", str(e), headers={"Retry-After": "60"}),
    PhotoTooLarge: lambda e: Problem(413, "photo-too-large", str(e)),
    PhotoRefused: lambda e: Problem(422, "photo", str(e), errors=[FieldProblem("body", str(e))]),
    Unavailable: _unavailable,
    BrokerUnavailable: _unavailable,
    Overloaded: _unavailable,
    DBAPIError: _database,
    PoolExhausted: lambda e: _unavailable(Unavailable("PostgreSQL", str(e))),
}


def problem_of(error: Exception) -> Problem:
    """The answer to an error of ours; raises the error again when it is none of ours."""
    if isinstance(error, Problem):
        return error
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            found: Problem = ANSWERS[kind](error)
            return found
    raise error


def route_of(request: Request) -> str:
    """The path as the service names it, without what the caller wrote into it."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


def install(app: FastAPI) -> None:
    """Registers the table; every error of the service then has one form."""

    async def ours(_request: Request, error: Exception) -> Response:
        return problem_of(error).response()

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it only
        problems = [
            FieldProblem(".".join(str(step) for step in item["loc"][1:]) or "body", item["msg"])
            for item in error.errors()
        ]
        return Problem(
            422, "invalid-request", "the request cannot be used as it is", errors=problems
        ).response()

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  registered for it only
        headers = dict(error.headers or {})
        return Problem(error.status_code, "http", str(error.detail), headers=headers).response()

    async def unforeseen(request: Request, error: Exception) -> Response:
        # The trace is for the log; the server writes it after this answer is sent.
        log.error(
            "request failed",
            method=request.method,
            path=route_of(request),
            error=error,
        )
        detail = "something went wrong here; it is in the log of the api"
        # The server closes the connection after an error; the client must not use it again.
        return Problem(500, "internal", detail, headers={"Connection": "close"}).response()

    app.add_exception_handler(Problem, ours)
    app.add_exception_handler(Exception, unforeseen)
    for kind in ANSWERS:
        app.add_exception_handler(kind, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
