"""The raw rate: exactly the rows that a run wrote, copied again with nothing decided."""

import os
import threading
import time
from collections.abc import Sequence

import psycopg
from psycopg import sql

from streams.kafka import KafkaAdmin, KafkaWriter
from streams.records import Message


def copy_again(admin_url: str, tables: Sequence[str], since: str, batches: int) -> float:
    """Seconds to COPY the rows of `tables` into twins with the same indexes, batch by batch.

    Each batch is one durable transaction, as in the run itself.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("drop schema if exists raw cascade")
        connection.execute("create schema raw")
        lines = {table: _lines(connection, table, since) for table in tables}
        for table in tables:
            connection.execute(
                sql.SQL("create table raw.{0} (like public.{0} including all)").format(
                    sql.Identifier(table)
                )
            )
        started = time.monotonic()
        for number in range(batches):
            with connection.transaction():
                for table in tables:
                    _copy(connection, table, lines[table][number::batches])
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


WHERE = {
    "report": "stored_at > %s",
    "case": "opened_at > %s",
    "case_event": "at > %s",
    "timer": 'case_id in (select id from "case" where opened_at > %s)',
}


def _lines(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, since: str
) -> list[bytes]:
    query = sql.SQL("copy (select * from public.{} where {}) to stdout").format(
        sql.Identifier(table), sql.SQL(WHERE[table].replace("%s", "{}")).format(sql.Literal(since))
    )
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy).splitlines(keepends=True)


def _copy(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, lines: Sequence[bytes]
) -> None:
    query = sql.SQL("copy raw.{} from stdin").format(sql.Identifier(table))
    with connection.cursor().copy(query) as copy:
        copy.write(b"".join(lines))
