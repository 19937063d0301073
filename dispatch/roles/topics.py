"""The topics of an installation in Kafka: reports, dead letters, and one for each district."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from dispatch.settings import Settings
from dispatch.storage.database import connect_engine, transaction
from streams.kafka import KafkaAdmin

DAY_MS = 24 * 3600 * 1000


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
