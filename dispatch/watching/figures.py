"""The figures of `wangge status`: how far behind everything is, and what to mind."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dispatch.errors import DispatchError
from dispatch.settings import Settings
from dispatch.storage.database import connect_engine, transaction
from dispatch.storage.offsets import ENGINE
from dispatch.watching.cautions import cautions
from dispatch.watching.estimates import counted
from streams.errors import StreamError
from streams.kafka import KafkaAdmin, KafkaTailReader
from streams.records import Partition

OPEN = counted('select count(*) from "case" where closed_at is null', "case_open_near")
COUNTS = text(
    """
    select
        (select count(*) from outbox) as outbox,
        (select count(*) from timer where due_at < now() - interval '1 second')
            as overdue_timers,
        {open} as open_cases,
        (select count(*) from dead_letter where retried_at is null) as dead_letters
""".replace("{open}", OPEN)
)
STORED = text("""
    select partition, next_offset from consumed_offset
    where consumer = :consumer and topic = :topic
""")
LOOK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Reports that no engine has used yet: how many, and the oldest of each partition."""

    records: int
    oldest: Mapping[int, datetime]


def figures(settings: Settings) -> dict[str, Any]:
    """What can be known within a few seconds; None for what cannot, `warnings` as far as known."""
    found: dict[str, Any] = dict.fromkeys(
        ("engine_lag", "outbox", "overdue_timers", "open_cases", "dead_letters")
    )
    found["warnings"] = []
    lag: Lag | None = None
    database = connect_engine(settings.database_url, role="status", pool_size=1)
    with suppress(DispatchError, SQLAlchemyError):
        with transaction(database) as connection:
            counts = connection.execute(COUNTS).one()
            found |= {name: int(value) for name, value in counts._mapping.items()}
            values = {"consumer": ENGINE, "topic": settings.reports_topic}
            stored = {r.partition: r.next_offset for r in connection.execute(STORED, values)}
        with suppress(StreamError):
            lag = engine_lag(settings, stored)
            found["engine_lag"] = lag.records
        oldest = {} if lag is None else lag.oldest
        now = datetime.now(UTC).astimezone(settings.timezone)
        with transaction(database) as connection:
            found["warnings"] = list(cautions(connection, settings.calendar, oldest, now))
    database.dispose()
    return found


def engine_lag(settings: Settings, stored: Mapping[int, int]) -> Lag:
    """Counts and dates the records behind the stored offsets (0 where none is stored)."""
    admin = KafkaAdmin(settings.kafka_servers)
    reader = KafkaTailReader(settings.kafka_servers)
    try:
        topic = settings.reports_topic
        described = admin.describe([topic])
        if topic not in described:
            return Lag(records=0, oldest={})
        partitions = [Partition(topic, number) for number in range(described[topic][1])]
        ends = reader.ends(partitions)
        behind = {
            p: stored.get(p.number, 0) for p in partitions if ends[p] > stored.get(p.number, 0)
        }
        records = sum(ends[p] - start for p, start in behind.items())
        return Lag(records=records, oldest=_oldest(reader, behind) if behind else {})
    finally:
        reader.close()
        admin.close()


def _oldest(reader: KafkaTailReader, behind: Mapping[Partition, int]) -> dict[int, datetime]:
    """The time of the first unused record of each partition, as far as Kafka tells it in time."""
    starts = reader.beginnings(behind)
    reader.assign({p: max(start, starts[p]) for p, start in behind.items()})
    found: dict[int, datetime] = {}
    limit = datetime.now(UTC).timestamp() + LOOK_S
    while len(found) < len(behind) and datetime.now(UTC).timestamp() < limit:
        for record in reader.poll(0.2, 500):
            at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
            found.setdefault(record.partition.number, at)
    return found
