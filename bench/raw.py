"""The raw rate: exactly the rows that a run wrote, copied again with nothing decided."""

import os
import threading
import time
from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from streams.kafka import KafkaAdmin, KafkaWriter
from streams.records import Message

# What a run of the engine leaves; a case that a report joined is written again, and counts. The
# rows of the outbox must be read before the relay takes them away.
WRITTEN = {
    "case": "last_at > {since}",
    "report": "stored_at > {since}",
    "case_event": "at > {since}",
    "timer": 'case_id in (select id from "case" where opened_at > {since})',
    "outbox": "true",
}


def rows_written(admin_url: str, since: str) -> dict[str, list[bytes]]:
    """The rows that the engine wrote since a moment, by table, as lines of COPY."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        return {table: _lines(connection, table, since) for table in WRITTEN}


def copy_again(admin_url: str, rows: Mapping[str, Sequence[bytes]], batches: int) -> float:
    """Seconds to COPY rows into twins of their tables with the same indexes, batch by batch.

    Each batch is one durable transaction, as in the run itself.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("drop schema if exists raw cascade")
        connection.execute("create schema raw")
        for table in rows:
            connection.execute(
                sql.SQL("create table raw.{0} (like public.{0} including all)").format(
                    sql.Identifier(table)
                )
            )
        started = time.monotonic()
        for number in range(batches):
            with connection.transaction():
                for table, lines in rows.items():
                    _copy(connection, table, lines[number::batches])
        seconds = time.monotonic() - started
        connection.execute("drop schema raw cascade")
    return seconds


def produce_again(servers: str, count: int, size: int = 1800) -> float:
    """Events a second into a topic of its own, a thousand at a time, three batches under way."""
    admin = KafkaAdmin(servers)
    topic = f"bench.{time.time_ns()}"
    admin.make_topics({topic: {"partitions": 1, "configs": {}}}, 1)
    writer = KafkaWriter(servers, delivery_s=60, batch_bytes=500_000)
    message = Message(topic=topic, key=b"k", value=os.urandom(size), headers=())
    under_way = threading.Semaphore(3000)
    failures: list[Exception] = []

    def done(error: Exception | None) -> None:
        under_way.release()
        if error is not None:
            failures.append(error)

    started = time.monotonic()
    for first in range(0, count, 1000):
        group = min(1000, count - first)
        for _ in range(group):
            under_way.acquire()
        writer.send_all([(message, done)] * group)
    writer.flush(60)
    seconds = time.monotonic() - started
    writer.close()
    admin.delete_topics([topic])
    admin.close()
    if failures:
        raise RuntimeError(f"Kafka refused an event: {failures[0]}")
    return count / seconds


def _lines(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, since: str
) -> list[bytes]:
    where = sql.SQL(WRITTEN[table]).format(since=sql.Literal(since))
    query = sql.SQL("copy (select * from public.{} where {}) to stdout").format(
        sql.Identifier(table), where
    )
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy).splitlines(keepends=True)


def _copy(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, lines: Sequence[bytes]
) -> None:
    query = sql.SQL("copy raw.{} from stdin").format(sql.Identifier(table))
    with connection.cursor().copy(query) as copy:
        copy.write(b"".join(lines))
