"""Builds the api process and runs it: HTTP, the feed's reading thread, the refreshed knowledge."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

import structlog
import uvicorn
from fastapi import FastAPI

from dispatch.api import (
    asyncapi,
    calendars,
    contacts,
    desk,
    duty,
    feed,
    health,
    intake,
    maps,
    pages,
    photos,
    problems,
    queues,
    schemas,
    similar,
    together,
    workflows,
)
from dispatch.api.acknowledgements import Acknowledgements
from dispatch.api.buckets import Buckets
from dispatch.api.context import Context
from dispatch.api.express import Express, Handler
from dispatch.api.following import Following
from dispatch.api.recorder import IntakeRecorder
from dispatch.catalogue.cached import Cached
from dispatch.catalogue.definitions import load_definitions
from dispatch.catalogue.knowledge import Knowledge
from dispatch.catalogue.stored import load_calendars
from dispatch.desk.desk import Desk
from dispatch.desk.rules import desk_reach
from dispatch.engine.rules import engine_rules
from dispatch.errors import ConfigurationError
from dispatch.keys import load_keys
from dispatch.process.stopping import Stop
from dispatch.reading.mapping import TileCache
from dispatch.relay.publishing import installation_of
from dispatch.reports.intake import Intake
from dispatch.reports.photos import PhotoStore
from dispatch.reports.sweeping import keep_sweeping
from dispatch.settings import Settings
from dispatch.storage.database import connect_engine, transaction
from dispatch.tokens import Verifier
from dispatch.watching.door import Post, named_target
from dispatch.watching.figures import figures
from streams.errors import StreamError
from streams.kafka import KafkaWriter
from streams.producer import BoundedProducer
from workflows.definition import final_states

log = structlog.get_logger("api")
EXPRESS: dict[tuple[str, str], Handler] = {
    ("POST", "/api/v1/reports"): intake.post_report,
    ("POST", "/api/v1/reports/batch"): intake.post_batch,
}


def serve_api(settings: Settings, stop: Stop) -> None:
    """Runs the api until told to stop; raises ConfigurationError when the port is taken."""
    context = build_context(settings)
    app = build_app(context, stop)
    server = uvicorn.Server(
        uvicorn.Config(
            Express(app, EXPRESS, context.intake_recorder.answered),
            host=settings.host,
            port=settings.port,
            log_config=None,  # its lines go the way of ours (dispatch.process.logs)
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
            timeout_keep_alive=30,
            limit_concurrency=6000,
            backlog=4096,
            server_header=False,
            h11_max_incomplete_event_size=64_000,
        )
    )

    def watch() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=watch, name="stop", daemon=True).start()
    started = time.monotonic()
    address = f"{settings.host}:{settings.port}"
    with suppress(KeyboardInterrupt), named_target(settings.targets_dir, "api", address):
        try:
            server.run()
        except SystemExit as error:
            raise ConfigurationError(
                f"the api cannot listen on {address}; is the port in use? "
                "Choose another with --port"
            ) from error
    log.info("api ended", seconds=round(time.monotonic() - started))


def build_context(settings: Settings) -> Context:
    """Everything but Kafka, which is connected in the background."""
    database = connect_engine(settings.database_url, role="api", pool_size=10)
    keys = load_keys(settings.keys_dir)
    verifier = Verifier(keys.signing)
    store = PhotoStore(settings.photos_dir, settings.photo_limit_pixels)
    definitions = load_definitions(settings.definitions_dir)
    post = Post.of("api", settings.run_dir)
    return Context(
        settings=settings,
        database=database,
        keys=keys,
        verifier=verifier,
        knowledge=Knowledge(
            database,
            snapshot=settings.snapshot_file,
            refresh_s=settings.refresh_s,
            changed=lambda known: verifier.deny(known.denied),
        ),
        photos=store,
        intake=Intake(keys, store, topic=settings.reports_topic),
        buckets=Buckets(),
        desk=Desk(database, store, partial(post.metrics.add, "transition_total", 1)),
        definitions=definitions,
        final_states=final_states(definitions.values()),
        calendars=Cached(
            database,
            lambda connection: load_calendars(connection, settings.calendar),
            settings.refresh_s,
        ),
        rules=Cached(
            database, lambda connection: engine_rules(settings, connection), settings.refresh_s
        ),
        reach=Cached(
            database, lambda connection: desk_reach(settings, connection), settings.refresh_s
        ),
        post=post,
        intake_recorder=IntakeRecorder(post.metrics),
        tiles=TileCache(),
    )


def build_app(context: Context, stop: Stop) -> FastAPI:
    """The application; `stop` ends its threads."""
    app = FastAPI(
        title="Wangge",
        version="0.1.0",
        description="The engine that runs a city managed by grid. What it publishes to Kafka "
        "and in the feed is told by /asyncapi.json (AsyncAPI 3.0).",
        lifespan=_lifespan(context, stop),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        responses={},
        # Looked up anew for every request otherwise; /metrics is what we serve.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.context = context
    problems.install(app)
    for module in (
        intake, photos, similar, desk, contacts, together, queues, workflows, calendars, duty, feed,
        maps,
    ):  # fmt: skip
        app.include_router(module.router)
    health.install(app, context)
    asyncapi.install(app, context.settings, context.definitions)
    pages.install(app)
    schemas.install(app)
    return app


def _lifespan(
    context: Context, stop: Stop
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(context.knowledge.start, stop)
        following = Following(
            context.settings,
            loop=loop,
            districts=partial(_districts_of, context),
            epoch=partial(_epoch_of, context),
        )
        app.state.following = following
        health.show_gauges(context, following)
        following.start(stop)
        threading.Thread(
            target=_connect_kafka, args=(context, loop, stop), name="kafka", daemon=True
        ).start()
        keep_sweeping(
            context.photos,
            context.database,
            lambda: figures(context.settings)["engine_lag"],
            stop,
        )
        beating = asyncio.create_task(health.keep_beating(context, following, stop))
        # What is loaded now stays: no collection needs to look at it again (it took 0.3 s).
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            stop.set()
            beating.cancel()
            context.photos.close()
            if context.producer is not None:
                await asyncio.to_thread(context.producer.close)
            context.database.dispose()

    return lifespan


def _districts_of(context: Context) -> list[str]:
    """The districts whose topics the feed follows."""
    known = context.knowledge.known
    if known is None:
        return []
    areas = [area for area_map in known.maps for area in area_map.areas.values()]
    return sorted({area.code for area in areas if area.level == "district"})


def _epoch_of(context: Context) -> int:
    """The installation's epoch; the feed waits until PostgreSQL has told it once."""
    with transaction(context.database) as connection:
        return installation_of(connection).epoch


def _connect_kafka(context: Context, loop: asyncio.AbstractEventLoop, stop: Stop) -> None:
    settings = context.settings
    while not stop.is_set():
        try:
            writer = KafkaWriter(
                settings.kafka_servers,
                delivery_s=10.0,
                batch_bytes=500_000,  # the broker makes every batch durable by itself
                client="wangge-api",
            )
        except StreamError as error:
            log.warning("kafka is away", error=error)
            stop.wait(1)
            continue
        context.producer = BoundedProducer(
            writer,
            max_records=settings.intake_in_flight_records,
            max_bytes=settings.intake_in_flight_bytes,
        )
        while not writer.ready(settings.reports_topic):
            if stop.wait(0.5):
                return
        context.acknowledgements = Acknowledgements(context.producer, loop)
        return
