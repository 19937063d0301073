"""Answers as several handlers give them."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


def answer(value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """200 with the value as JSON."""
    return Response(orjson.dumps(value), 200, headers, media_type=JSON)


def tagged(request: Request, body: bytes, media: str, headers: Mapping[str, str]) -> Response:
    """200 with an ETag over the body; 304 where the client has it already."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    told = {"ETag": etag, **headers}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=told)
    return Response(body, 200, told, media_type=media)
