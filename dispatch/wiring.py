"""The only place that builds things and connects them: one function a role."""

import gc
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, text

import workflows
from dispatch.catalogue import catalogue_version, load_calendars, load_catalogue
from dispatch.clock import Clock, FiringRules
from dispatch.database import connect_engine, transaction
from dispatch.engine import ReportEngine
from dispatch.errors import ConfigurationError
from dispatch.logs import catch_the_uncaught
from dispatch.opening import Rules
from dispatch.publishing import Installation
from dispatch.relay import Relay
from dispatch.settings import Settings
from dispatch.stopping import Stop
from dispatch.watching.door import Post, open_door
from dispatch.watching.looks import show_looks
from grid.departments import load_duties
from streams.kafka import KafkaAdmin, KafkaWriter
from workflows.definition import Definition
from workflows.documents import read_document
from workflows.loading import load_definition

SHIPPED = Path(workflows.__file__).parent / "definitions"
# Batches leave little behind: to look for cycles every 700 objects, as Python would, took a
# tenth of the time of engine and relay.
COLLECTED_AFTER = (50_000, 20, 20)
DAY_MS = 24 * 3600 * 1000
T = TypeVar("T")


def load_definitions(folder: Path | None = None) -> dict[str, Definition]:
    """Every definition by its key (`name@version`): the shipped ones and those in `folder`.

    Raises ConfigurationError when the folder cannot be read or gives a key a second time.
    """
    paths = sorted(SHIPPED.glob("*.yaml"))
    if folder is not None:
        own = sorted(folder.glob("*.yaml"))
        if not own:
            raise ConfigurationError(f"WANGGE_DEFINITIONS_DIR: {folder} holds no *.yaml file")
        paths += own
    found: dict[str, Definition] = {}
    for path in paths:
        definition = load_definition(read_document(path))
        if definition.key in found:
            raise ConfigurationError(
                f"{path} gives the workflow definition {definition.key} a second time; open cases "
                "keep their version, so a change needs a new version number"
            )
        found[definition.key] = definition
    return found


def chosen_definition(settings: Settings, definitions: Mapping[str, Definition]) -> Definition:
    """The definition under which new cases are opened."""
    if settings.definition not in definitions:
        raise ConfigurationError(
            f"there is no workflow definition {settings.definition}; WANGGE_DEFINITION may be one "
            f"of: {', '.join(sorted(definitions))}"
        )
    return definitions[settings.definition]


def installation_of(connection: Connection) -> Installation:
    """Who this installation is, and its epoch."""
    row = connection.execute(text("select id, epoch from installation")).one()
    return Installation(id=row.id, epoch=row.epoch)


def ensure_topics(settings: Settings) -> None:
    """Makes the topics that are missing: reports, dead letters, and one for each district."""
    database = connect_engine(settings.database_url, role="topics")
    with transaction(database) as connection:
        districts = district_codes(connection)
    database.dispose()
    make_topics(settings, districts)


def make_topics(settings: Settings, districts: Sequence[str]) -> None:
    """Makes the topics that are missing, for these districts."""
    topics = {
        settings.reports_topic: _topic(settings.reports_partitions, 14),
        settings.deadletters_topic: _topic(1, 90),
        **{settings.cases_topic(district): _topic(1, 30) for district in districts},
    }
    admin = KafkaAdmin(settings.kafka_servers)
    try:
        admin.make_topics(topics, settings.replication_factor)
    finally:
        admin.close()


def district_codes(connection: Connection) -> list[str]:
    """The districts of every map, also of maps that take effect later."""
    rows = connection.execute(text("select distinct code from area where level = 'district'"))
    return sorted(rows.scalars())


def _topic(partitions: int, days: int) -> dict[str, object]:
    return {"partitions": partitions, "configs": {"retention.ms": str(days * DAY_MS)}}


class Cached(Generic[T]):
    """A value read from the database, read again only when the catalogue's version changed."""

    def __init__(self, database: Engine, read: Callable[[Connection], T], every_s: float) -> None:
        self._database = database
        self._read = read
        self._every_s = every_s
        self._version = -1
        self._looked = float("-inf")
        self._value: T | None = None

    def __call__(self) -> T:
        if self._value is None or monotonic() - self._looked > self._every_s:
            with transaction(self._database) as connection:
                version = catalogue_version(connection)
                if self._value is None or version != self._version:
                    self._value = self._read(connection)
                    self._version = version
            self._looked = monotonic()
        return self._value


def engine_rules(settings: Settings, connection: Connection) -> Rules:
    """What the engine decides by, as the database has it now."""
    return Rules(
        definition=chosen_definition(settings, load_definitions(settings.definitions_dir)),
        calendars=load_calendars(connection, settings.calendar),
        categories=load_catalogue(connection).categories,
        duties=load_duties(connection),
        trusted_sources=settings.trusted_sources,
        zone=settings.timezone,
    )


def build_engine(settings: Settings, post: Post | None = None) -> ReportEngine:
    """The engine of one process."""
    database = connect_engine(settings.database_url, role="engine", pool_size=2)
    rules = Cached(
        database, lambda connection: engine_rules(settings, connection), settings.refresh_s
    )
    return ReportEngine(
        database,
        servers=settings.kafka_servers,
        topic=settings.reports_topic,
        batch=settings.engine_batch,
        number_prefix=settings.number_prefix,
        rules=rules,
        post=post or Post.of("engine", settings.run_dir),
        group=f"{settings.topic_prefix}-engine",
    )


def firing_rules(settings: Settings, connection: Connection) -> FiringRules:
    """What the clock fires by, as the database has it now."""
    return FiringRules(
        definitions=load_definitions(settings.definitions_dir),
        calendars=load_calendars(connection, settings.calendar),
        categories=load_catalogue(connection).categories,
    )


def build_clock(settings: Settings, post: Post | None = None) -> Clock:
    """The clock of one process."""
    database = connect_engine(settings.database_url, role="clock", pool_size=2)
    post = post or Post.of("clock", settings.run_dir)
    show_looks(post.metrics, "clock", database)
    return Clock(
        database,
        rules=Cached(
            database, lambda connection: firing_rules(settings, connection), settings.refresh_s
        ),
        batch=settings.clock_batch,
        heartbeat=post.heartbeat,
        fired=partial(post.metrics.observe, "timer_lateness_seconds"),
    )


def build_relay(settings: Settings, post: Post | None = None) -> Relay:
    """The relay of one process. Its writer waits an hour: it must never skip an event."""
    database = connect_engine(settings.database_url, role="relay", pool_size=2)
    post = post or Post.of("relay", settings.run_dir)
    show_looks(post.metrics, "relay", database)
    return Relay(
        database,
        writer=lambda: KafkaWriter(
            settings.kafka_servers,
            delivery_s=3600,
            batch_bytes=500_000,  # the broker flushes a batch at a time
            client="wangge-relay",
        ),
        installation=installation_of,
        cases_topic=settings.cases_topic,
        deadletters_topic=settings.deadletters_topic,
        batch=settings.relay_batch,
        heartbeat=post.heartbeat,
    )


def run_role(settings: Settings, role: str) -> None:
    """Runs one role in this process until SIGTERM or SIGINT."""
    stop = Stop().listen()
    gc.set_threshold(*COLLECTED_AFTER)
    catch_the_uncaught()
    if role == "api":
        from dispatch.api.server import serve_api

        serve_api(settings, stop)
        return
    builders: dict[str, Callable[[Settings, Post], Any]] = {
        "engine": build_engine,
        "clock": build_clock,
        "relay": build_relay,
    }
    post = Post.of(role, settings.run_dir)
    built = builders[role](settings, post)
    with open_door(post, settings.metrics_host, settings.metrics_port, settings.targets_dir):
        built.run(stop)
