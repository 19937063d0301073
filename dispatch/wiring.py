"""Builds engine, clock and relay and connects them: one function a role.

The api is built in `dispatch.api.server`, so that the others need no web server in memory.
"""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, text

from dispatch.cached import Cached
from dispatch.catalogue import load_calendars, load_catalogue
from dispatch.clock import Clock, FiringRules
from dispatch.database import connect_engine, transaction
from dispatch.definitions import check_lines, load_definitions, opening_definitions
from dispatch.engine import ReportEngine
from dispatch.opening import Rules
from dispatch.publishing import Installation
from dispatch.reaching import Reach
from dispatch.relay import Relay
from dispatch.settings import Settings
from dispatch.watching.door import Post
from dispatch.watching.looks import show_looks
from grid.departments import load_departments, load_duties
from grid.roster import load_roster
from streams.kafka import KafkaAdmin, KafkaWriter

DAY_MS = 24 * 3600 * 1000


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


def engine_rules(settings: Settings, connection: Connection) -> Rules:
    """What the engine decides by, as the database has it now."""
    opening = opening_definitions(settings, load_definitions(settings.definitions_dir))
    catalogue = load_catalogue(connection)
    check_lines(opening, catalogue.categories.values())
    return Rules(
        opening=opening,
        calendars=load_calendars(connection, settings.calendar),
        categories=catalogue.categories,
        grades=catalogue.grades,
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
    calendars = load_calendars(connection, settings.calendar)
    departments, zone = load_departments(connection), settings.timezone
    return FiringRules(
        definitions=load_definitions(settings.definitions_dir),
        calendars=calendars,
        categories=load_catalogue(connection).categories,
        departments=departments,
        duties=load_duties(connection),
        reach=Reach(departments, load_roster(connection, zone), calendars, zone),
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
