"""Whether the api process is alive, able to serve, and what it waits for."""

import asyncio

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dispatch.api.context import Context
from dispatch.api.following import Following
from dispatch.process.heartbeat import KAFKA, POSTGRES
from dispatch.process.stopping import Stop
from dispatch.watching.door import PLAIN
from dispatch.watching.readiness import Readiness


def install(app: FastAPI, context: Context) -> None:
    """Serves `/healthz`, `/readyz` and `/metrics`, to everybody."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return PlainTextResponse("alive\n")

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> Response:
        found = readiness(context, request.app.state.following)
        return Response(found.body(), 200 if found.ready else 503, media_type="application/json")

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        text = await asyncio.to_thread(context.post.metrics.text)
        return Response(text, 200, media_type=PLAIN)


def show_gauges(context: Context, following: Following) -> None:
    """What is measured when it is asked for."""
    show = context.post.metrics.show
    show("ready", lambda: float(readiness(context, following).ready))
    show("ingest_inflight", lambda: context.producer.in_flight if context.producer else 0)
    show("feed_clients", lambda: following.clients)


async def keep_beating(context: Context, following: Following, stop: Stop) -> None:
    """Says of the process that it turns, and what it waits for, until told to stop."""
    while not stop.is_set():
        context.post.heartbeat.beat(waiting_for(context, following))
        await asyncio.sleep(0.5)


def waiting_for(context: Context, following: Following) -> str | None:
    """The dependency for want of which no reports are accepted; None when they are."""
    if context.knowledge.known is None:
        return POSTGRES
    return KAFKA if _kafka_trouble(context, following) else None


def readiness(context: Context, following: Following) -> Readiness:
    """Ready is that reports are accepted; the other reasons say what else is missing."""
    reports = _reports_want(context, following)
    desks = [
        reason
        for failed, reason in (
            (not following.ready, "the feed is not connected"),
            (context.knowledge.stale, "desks cannot work: PostgreSQL does not answer"),
        )
        if failed
    ]
    return Readiness(ready=not reports, reasons=(*reports, *desks))


def _reports_want(context: Context, following: Following) -> list[str]:
    no_map = "" if context.knowledge.known else "there is no map yet"
    return [reason for reason in (no_map, _kafka_trouble(context, following)) if reason]


def _kafka_trouble(context: Context, following: Following) -> str:
    """Why Kafka takes no reports from here now; empty when it does."""
    producer, settings = context.producer, context.settings
    if producer is None or context.acknowledgements is None:
        return "Kafka is not connected"
    if following.kafka_away:
        return "Kafka does not answer"
    if producer.silent_s > settings.kafka_answer_s:
        return f"Kafka has acknowledged nothing for {producer.silent_s:.0f} s"
    if producer.in_flight >= settings.intake_in_flight_records:
        return f"{producer.in_flight:,} reports are on their way to Kafka; no more are taken"
    return ""
