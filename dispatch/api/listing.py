"""Listings of what is held in memory, page by page (design §5)."""

from typing import Annotated, Any

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api.answers import JSON, tagged

Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[str | None, Query(max_length=400)]


def listing(
    request: Request, items: list[dict[str, Any]], after: str | None, limit: int
) -> Response:
    """A page of a list held in memory, with an ETag over what it shows."""
    start = next((n + 1 for n, item in enumerate(items) if item["code"] == after), 0)
    page = items[start : start + limit]
    following = page[-1]["code"] if start + limit < len(items) and page else None
    body = orjson.dumps({"items": page, "next": following})
    return tagged(request, body, JSON, {"Cache-Control": "private, no-cache"})
