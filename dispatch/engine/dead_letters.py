"""Records that cannot be used: kept with their bytes and the reason, shown, put in again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Engine, text

from dispatch.storage.database import transaction
from streams.envelope import read_attributes
from streams.records import Record

INSERT = text("""
    insert into dead_letter (topic, partition, record_offset, topic_id, report_id, key, value,
        headers, reason_class, reason, attempts)
    values (:topic, :partition, :offset, :topic_id, :report_id, :key, :value,
        cast(:headers as jsonb), :reason_class, :reason, :attempts)
    on conflict (topic_id, partition, record_offset) do nothing
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that cannot be used and why; `report_id` when at least that could be read."""

    record: Record
    topic_id: UUID
    report_id: str | None
    reason_class: str
    reason: str
    attempts: int = 1


def dead_letter(
    record: Record, topic_ids: Mapping[str, UUID], reason_class: str, reason: str, attempts: int = 1
) -> DeadLetter:
    """A dead letter for `record`, naming the report when its headers hold a readable id."""
    try:
        report_id: str | None = str(UUID(read_attributes(record.headers).id))
    except ValueError:
        report_id = None
    return DeadLetter(
        record=record,
        topic_id=topic_ids[record.partition.topic],
        report_id=report_id,
        reason_class=reason_class,
        reason=reason,
        attempts=attempts,
    )


def write_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Stores them in the transaction that moves the offset (design decision 6)."""
    if not letters:
        return
    connection.execute(INSERT, [_row(letter) for letter in letters])


def _row(letter: DeadLetter) -> dict[str, Any]:
    record = letter.record
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if value}
    return {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "topic_id": letter.topic_id,
        "report_id": letter.report_id,
        "key": record.key,
        "value": record.value,
        "headers": orjson.dumps(headers).decode().replace("\\u0000", ""),
        "reason_class": letter.reason_class,
        "reason": letter.reason.replace("\0", "")[:2000],
        "attempts": letter.attempts,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter:
    """A dead letter as an operator sees it."""

    id: UUID
    at: Any
    topic: str
    partition: int
    record_offset: int
    report_id: UUID | None
    reason_class: str
    reason: str
    retried_at: Any
    key: bytes | None
    value: bytes | None
    headers: dict[str, str]


def list_letters(
    engine: Engine, *, retried: bool = False, ids: Sequence[UUID] = (), limit: int = 500
) -> list[StoredLetter]:
    """Dead letters, oldest first; those already put in again only when asked for."""
    query = text("""
        select id, at, topic, partition, record_offset, report_id, reason_class, reason,
            retried_at, key, value, headers
        from dead_letter
        where (:retried or retried_at is null) and (:every or id = any(cast(:ids as uuid[])))
        order by at, id limit :limit
    """)
    values = {"retried": retried, "every": not ids, "ids": list(ids), "limit": limit}
    with transaction(engine) as connection:
        return [StoredLetter(**row._mapping) for row in connection.execute(query, values)]


def mark_retried(engine: Engine, letter: UUID) -> None:
    """Notes that the letter was put in again."""
    with transaction(engine) as connection:
        connection.execute(
            text("update dead_letter set retried_at = clock_timestamp() where id = :id"),
            {"id": letter},
        )
