"""Builds engine, clock, relay and the verifier and connects them: one function each.

The api is built in `dispatch.api.server`, so that the others need no web server in memory.
"""

from functools import partial

from dispatch.catalogue.cached import Cached
from dispatch.clock.clock import Clock
from dispatch.clock.rules import firing_rules
from dispatch.engine.engine import ReportEngine
from dispatch.engine.rules import engine_rules
from dispatch.relay.publishing import installation_of
from dispatch.relay.relay import Relay
from dispatch.settings import Settings
from dispatch.storage.database import connect_engine
from dispatch.verifying.verifier import Verifier
from dispatch.watching.door import Post
from dispatch.watching.looks import show_looks
from streams.kafka import KafkaWriter


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


def build_verifier(settings: Settings, post: Post) -> Verifier:
    """What reads all histories again, beside the clock; its metrics are the clock's."""
    return Verifier(
        connect_engine(settings.database_url, role="verify", pool_size=1),
        share=settings.verify_share,
        count=post.metrics.add,
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
        published=partial(post.metrics.add_each, "events_published_total"),
    )
