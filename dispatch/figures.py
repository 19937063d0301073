"""The five figures of `wangge status`: how far behind everything is."""

from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dispatch.database import connect_engine, transaction
from dispatch.engine import CONSUMER
from dispatch.errors import DispatchError
from dispatch.settings import Settings
from streams.errors import StreamError
from streams.kafka import KafkaAdmin, KafkaTailReader
from streams.records import Partition

COUNTS = text("""
    select
        (select count(*) from outbox) as outbox,
        (select count(*) from timer where due_at < now() - interval '1 second')
            as overdue_timers,
        (select count(*) from "case" where closed_at is null) as open_cases,
        (select count(*) from dead_letter where retried_at is null) as dead_letters
""")


def figures(settings: Settings) -> dict[str, int | None]:
    """What can be known within a few seconds; None for what cannot."""
    found: dict[str, int | None] = dict.fromkeys(
        ("engine_lag", "outbox", "overdue_timers", "open_cases", "dead_letters")
    )
    stored: Mapping[int, int] | None = None
    database = connect_engine(settings.database_url, role="status", pool_size=1)
    with suppress(DispatchError, SQLAlchemyError), transaction(database) as connection:
        counts = connection.execute(COUNTS).one()
        found |= {name: int(value) for name, value in counts._mapping.items()}
        rows = connection.execute(
            text("""select partition, next_offset from consumed_offset
                where consumer = :consumer and topic = :topic"""),
            {"consumer": CONSUMER, "topic": settings.reports_topic},
        )
        stored = {row.partition: row.next_offset for row in rows}
    database.dispose()
    if stored is not None:
        with suppress(StreamError):
            found["engine_lag"] = engine_lag(settings, stored)
    return found


def engine_lag(settings: Settings, stored: Mapping[int, int]) -> int:
    """Records in the reports topic that no engine has used yet."""
    admin = KafkaAdmin(settings.kafka_servers)
    reader = KafkaTailReader(settings.kafka_servers)
    try:
        topic = settings.reports_topic
        described = admin.describe([topic])
        if topic not in described:
            return 0
        partitions = [Partition(topic, number) for number in range(described[topic][1])]
        ends = reader.ends(partitions)
        return sum(max(0, end - stored.get(p.number, 0)) for p, end in ends.items())
    finally:
        reader.close()
        admin.close()
