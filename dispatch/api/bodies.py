"""Reading request bodies within limits, before anything is made of them."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from dispatch.api.problems import Problem
from dispatch.reports.report import FieldProblem

Model = TypeVar("Model", bound=BaseModel)


def read_json(model: type[Model], body: bytes) -> Model:
    """The body as `model`; 422 names every field that is wrong.

    Pydantic reads the bytes itself: it refuses lone surrogates and endless nesting.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        problems = [
            FieldProblem(".".join(map(str, item["loc"])) or "body", str(item["msg"]))
            for item in found[:20]
        ]
        raise Problem(
            422, "invalid-request", "the request cannot be used as it is", errors=problems
        ) from None


def require_media(request: Request, *allowed: str) -> str:
    """The request's media type, if it is allowed (415 otherwise)."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in allowed:
        raise Problem(
            415,
            "media-type",
            f"the body is {media or 'of no stated type'}; send {' or '.join(allowed)}",
            errors=[FieldProblem("Content-Type", f"must be {' or '.join(allowed)}")],
        )
    return media


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes; 413 as soon as more is known to come."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise Problem(400, "disconnected", "the body ended early") from error
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "too-large",
        f"the body is larger than {limit:,} bytes",
        errors=[FieldProblem("body", f"is larger than {limit:,} bytes")],
        headers={"Connection": "close"},
    )
