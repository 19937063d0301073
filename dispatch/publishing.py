"""A case event as other systems and the live feed get it (CloudEvents in Kafka)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.history import moment
from streams.envelope import DEAD_LETTER, event_headers
from streams.records import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Who publishes: a stable id, and the epoch that a restore raises (design decision 3)."""

    id: UUID
    epoch: int

    @property
    def source(self) -> str:
        return f"/wangge/{self.id}"


def case_message(installation: Installation, topic: str, row: Any) -> Message:
    """The complete event of one `case_event` row, keyed by its case.

    The value is also what the feed hands to its readers, byte for byte.
    """
    body: Mapping[str, Any] = orjson.loads(row.body)
    case_id, at = str(row.case_id), moment(row.at)
    value = {
        "case": case_id,
        "number": body["number"],
        "seq": row.seq,
        "type": row.type,
        "at": at,
        "state": body["state"],
        "areas": body["areas"],
        "department": body["department"],
        "category": body["category"],
        "lon": float(body["lon"]),
        "lat": float(body["lat"]),
        "actor": row.actor,
        "body": body,
        "previous_hash": row.previous_hash.hex(),
        "hash": row.hash.hex(),
        "epoch": installation.epoch,
    }
    return Message(
        topic=topic,
        key=case_id.encode(),
        value=orjson.dumps(value),
        headers=event_headers(
            id_=f"{case_id}:{row.seq}",
            type_=row.type,
            source=installation.source,
            subject=str(body["number"]),
            time=at,
        ),
    )


def dead_letter_message(installation: Installation, topic: str, row: Any) -> Message:
    """The mirror of a dead letter: its id and reason, never its body (design decision 6)."""
    at: datetime = row.at
    value = {
        "id": str(row.id),
        "report": None if row.report_id is None else str(row.report_id),
        "reason_class": row.reason_class,
        "reason": row.reason,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.record_offset,
        "at": moment(at),
    }
    return Message(
        topic=topic,
        key=str(row.id).encode(),
        value=orjson.dumps(value),
        headers=event_headers(
            id_=str(row.id), type_=DEAD_LETTER, source=installation.source, time=moment(at)
        ),
    )
