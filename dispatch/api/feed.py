"""`GET /feed`: Server-Sent Events, resumable, within the caller's scope."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import StreamingResponse

from dispatch.api.context import Ctx, Who
from dispatch.api.filters import check_filters, filters_of
from dispatch.api.following import Following, Subscriber
from dispatch.api.problems import Problem
from dispatch.cases import access
from dispatch.catalogue.knowledge import Known
from dispatch.reading.reading import Filters
from dispatch.tokens import Principal, TokenRefused
from streams.feed import BadPosition, Entry, encode_reset

router = APIRouter(prefix="/api/v1", tags=["feed"])
LATE_TYPES = frozenset({"wangge.case.overdue.v1", "wangge.case.escalated.v1"})


@router.get("/feed", response_model=None)
async def get_feed(
    request: Request, context: Ctx, principal: Who, filters: Annotated[Filters, Depends(filters_of)]
) -> StreamingResponse:
    """Case events as they happen. `Last-Event-ID` resumes; `event: reset` says load anew."""
    access.require(principal, access.FOLLOWS_FEED, "follow the feed")
    known = context.known()
    check_filters(known, principal, filters)
    following: Following = request.app.state.following
    if not following.ready:
        raise Problem(503, "unavailable", "the feed is not connected", headers={"Retry-After": "2"})
    subscriber = Subscriber(
        wanted(principal, known, filters, context.final_states),
        context.settings.feed_queue,
        # Its predicate keeps these categories, so that no others can come to have their id.
        asks=(principal.scope, filters, id(known.catalogue.categories)),
    )
    stream = _stream(context, following, subscriber, principal, request)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _stream(
    context: Ctx,
    following: Following,
    subscriber: Subscriber,
    principal: Principal,
    request: Request,
) -> AsyncIterator[bytes]:
    resume = request.headers.get("last-event-id")
    try:
        if resume is not None:
            try:
                async for chunk in _catch_up(following, subscriber, resume):
                    yield chunk
            except BadPosition as error:
                following.join(subscriber)
                yield encode_reset(following.position, str(error))
        else:
            following.join(subscriber)
            yield _hello(following)
        while True:
            chunk = await subscriber.take(context.settings.feed_heartbeat_s)
            try:
                context.verifier.still_valid(principal)
            except TokenRefused:
                context.post.metrics.add("feed_dropped_total", 1, "token")
                return
            if subscriber.overflowed:
                context.post.metrics.add("feed_dropped_total", 1, "slow")
                yield chunk
                return
            yield chunk or b": alive\n\n"
    finally:
        following.leave(subscriber)


async def _catch_up(
    following: Following, subscriber: Subscriber, resume: str
) -> AsyncIterator[bytes]:
    """Everything behind the client's position; afterwards the subscriber hears the rest live."""
    positions = following.parse(resume)
    epoch = following.epoch
    yield b"retry: 2000\n\n"
    while (kept := following.kept(positions)) is None:
        entries, positions = await following.read_back(positions)
        if following.epoch != epoch:
            raise BadPosition("the database was restored since")
        yield subscriber.select(entries)
    following.join(subscriber)
    yield _hello_at(following) + subscriber.select(kept)


def _hello(following: Following) -> bytes:
    data = orjson.dumps({"position": following.position, "epoch": following.epoch})
    return b"retry: 2000\nid: %s\nevent: hello\ndata: %s\n\n" % (
        following.position.encode(),
        data,
    )


def _hello_at(following: Following) -> bytes:
    """Hello in a resumed stream carries no `id:`, for older events still follow it."""
    data = orjson.dumps({"position": following.position, "epoch": following.epoch})
    return b"event: hello\ndata: %s\n\n" % data


def wanted(
    principal: Principal, known: Known, filters: Filters, final: frozenset[str]
) -> Callable[[Entry], bool]:
    """Whether an entry is in the caller's scope and passes the filters."""
    categories = known.catalogue.categories

    def passes(entry: Entry) -> bool:
        fields = entry.fields
        areas = fields["areas"]
        # An event that moves a case is also in the topic of the district that it leaves.
        in_scope = principal.scope in areas.values() or entry.source.startswith(
            f"{principal.scope}-"
        )
        if not in_scope:
            return False
        if filters.open is not None and (fields["state"] in final) is filters.open:
            return False
        line = categories[fields["category"]].line if fields["category"] in categories else None
        facts = {**areas, **{name: fields[name] for name in ("department", "state", "category")}}
        return all(
            getattr(filters, name) in (None, value)
            for name, value in (*facts.items(), ("line", line))
        ) and _in_bounds(filters, fields)

    return passes


def _in_bounds(filters: Filters, event: Mapping[str, Any]) -> bool:
    if filters.overdue is not None and (event["type"] in LATE_TYPES) is not filters.overdue:
        return False
    at = datetime.fromisoformat(event["at"])
    if filters.since is not None and at < filters.since:
        return False
    if filters.until is not None and at >= filters.until:
        return False
    if filters.q is not None and not event["number"].startswith(filters.q):
        return False
    if filters.bbox is None:
        return True
    west, south, east, north = filters.bbox
    return west <= float(event["lon"]) <= east and south <= float(event["lat"]) <= north
