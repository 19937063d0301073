"""Reads everything that a run left behind, in one consistent view."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import namedtuple_row

from dispatch.settings import Settings
from streams.kafka import KafkaAdmin, KafkaTailReader
from streams.records import Partition, Record
from tests.faults.diary import Diary
from tests.faults.recorded import (
    CaseRecord,
    CaseRow,
    Event,
    Letter,
    Recorded,
    Refusal,
    ReportRecord,
    ReportRow,
    TimerRow,
)
from tests.installation import Installation
from workflows.definition import Definition

REPORTS: LiteralString = (
    "select id::text, case_id::text as case, encode(fingerprint, 'hex') as fingerprint, "
    "coalesce(text, '') as text, coalesce(reporter, '') as reporter from report"
)
REFUSALS: LiteralString = (
    "select report_id::text as report, encode(fingerprint, 'hex') as fingerprint "
    "from report_refusal"
)
LETTERS: LiteralString = (
    'select partition, record_offset as "offset", report_id::text as report from dead_letter'
)
CASES: LiteralString = (
    "select id::text, definition, state, version, seq, encode(head_hash, 'hex') as head_hash, "
    'last_at, deadlines from "case"'
)
EVENTS: LiteralString = (
    "select case_id::text as case, seq, type, at, actor, body, "
    "encode(previous_hash, 'hex') as previous_hash, encode(hash, 'hex') as hash "
    "from case_event order by case_id, seq"
)
TIMERS: LiteralString = "select case_id::text as case, stage, rung, due_at from timer"
OFFSETS: LiteralString = (
    "select partition, next_offset from consumed_offset where topic = 'wangge.reports'"
)


def read_run(
    installation: Installation,
    diary: Diary,
    definitions: Mapping[str, Definition],
    ended_at: datetime,
) -> Recorded:
    """Everything that was kept; the clock must stand still meanwhile."""
    kept = read_histories(installation.admin_url, definitions, diary.staff, ended_at)
    topics = _Topics(installation.kafka_servers)
    try:
        return replace(
            kept,
            report_calls=tuple(diary.report_calls),
            action_calls=tuple(diary.action_calls),
            report_records=[_report_record(one) for one in topics.records("wangge.reports")],
            case_records=list(_case_records(topics, _districts(installation))),
            feeds=tuple(diary.feeds),
        )
    finally:
        topics.close()


def read_histories(
    url: str,
    definitions: Mapping[str, Definition],
    staff: Mapping[str, str],
    ended_at: datetime,
) -> Recorded:
    """What the database keeps of reports and cases, in one view of it."""
    with psycopg.connect(url, row_factory=namedtuple_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

        def rows(query: LiteralString) -> Iterator[dict[str, Any]]:
            return (row._asdict() for row in connection.execute(query))

        return Recorded(
            definitions=definitions,
            ended_at=ended_at,
            reports=[ReportRow(**row) for row in rows(REPORTS)],
            refusals=[Refusal(**row) for row in rows(REFUSALS)],
            letters=[Letter(**row) for row in rows(LETTERS)],
            cases=[CaseRow(**row) for row in rows(CASES)],
            events=[Event(**row) for row in rows(EVENTS)],
            timers=[TimerRow(**row) for row in rows(TIMERS)],
            next_offsets={row["partition"]: row["next_offset"] for row in rows(OFFSETS)},
            staff=staff,
        )


def _districts(installation: Installation) -> list[str]:
    with psycopg.connect(installation.admin_url) as connection:
        rows = connection.execute("select distinct code from area where level = 'district'")
        return [row[0] for row in rows]


def case_ends(installation: Installation) -> dict[str, int]:
    """The end of each district's topic."""
    topics = _Topics(installation.kafka_servers)
    try:
        return {one: topics.end(f"wangge.cases.{one}") for one in _districts(installation)}
    finally:
        topics.close()


def _report_record(record: Record) -> ReportRecord:
    id_, fingerprint = None, None
    try:
        fields = orjson.loads(record.value or b"")
        id_, fingerprint = str(UUID(fields["id"])), str(fields["fingerprint"])
    except (ValueError, KeyError, TypeError):
        pass
    return ReportRecord(
        partition=record.partition.number, offset=record.offset, id=id_, fingerprint=fingerprint
    )


def _case_records(topics: "_Topics", districts: Iterable[str]) -> Iterator[CaseRecord]:
    for district in districts:
        for record in topics.records(f"wangge.cases.{district}"):
            value = orjson.loads(record.value or b"")
            yield CaseRecord(
                district=district,
                offset=record.offset,
                sent_at=datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
                case=value["case"],
                seq=value["seq"],
                hash=value["hash"],
                body=value["body"],
            )


class _Topics:
    """Reads topics from their first record to their present end."""

    def __init__(self, servers: str) -> None:
        self._admin = KafkaAdmin(servers)
        self._reader = KafkaTailReader(servers)

    def records(self, topic: str) -> list[Record]:
        ((_, count),) = self._admin.describe([topic]).values()
        partitions = [Partition(topic, number) for number in range(count)]
        left = self._reader.ends(partitions)
        starts = self._reader.beginnings(partitions)
        self._reader.assign(starts)
        left = {p: end for p, end in left.items() if end > starts[p]}
        found: list[Record] = []
        while left:
            for record in self._reader.poll(1.0, 5000):
                found.append(record)
                if record.offset + 1 >= left.get(record.partition, 0):
                    left.pop(record.partition, None)
        return found

    def end(self, topic: str) -> int:
        """The end of a topic of one partition."""
        (end,) = self._reader.ends([Partition(topic, 0)]).values()
        return end

    def close(self) -> None:
        self._reader.close()
        self._admin.close()


def settings_of(installation: Installation) -> Settings:
    """The settings of its roles, for the parts of ours that the run itself uses."""
    return Settings(
        database_url=installation.database_url,
        kafka_servers=installation.kafka_servers,
        data_dir=installation.data_dir,
    )
