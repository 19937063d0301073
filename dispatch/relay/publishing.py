"""A case event as other systems and the live feed get it (CloudEvents in Kafka)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from dispatch.cases.history import moment
from streams.envelope import DEAD_LETTER, event_headers
from streams.records import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Who publishes: a stable id, and the epoch that a restore raises (design decision 3)."""

    id: UUID
    epoch: int
    source: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", f"/wangge/{self.id}")


def installation_of(connection: Connection) -> Installation:
    """Who this installation is, and its epoch."""
    row = connection.execute(text("select id, epoch from installation")).one()
    return Installation(id=row.id, epoch=row.epoch)


def case_message(installation: Installation, topic: str, row: Any) -> Message:
    """The complete event of one row of `dispatch.relay.outbox`, keyed by its case.

    The row's values come as texts, and the body goes out as it came: it is read for the summary,
    but not written again. The value is also what the feed hands to its readers, byte for byte.
    """
    body: Mapping[str, Any] = orjson.loads(row.body)
    value = {
        "case": row.case_id,
        "number": body["number"],
        "seq": row.seq,
        "type": row.type,
        "at": row.at,
        "state": body["state"],
        "areas": body["areas"],
        "department": body["department"],
        "category": body["category"],
        "lon": float(body["lon"]),
        "lat": float(body["lat"]),
        "actor": row.actor,
        "body": orjson.Fragment(row.body),
        "previous_hash": row.previous_hash,
        "hash": row.hash,
        "epoch": installation.epoch,
    }
    return Message(
        topic=topic,
        key=row.case_id.encode(),
        value=orjson.dumps(value),
        headers=event_headers(
            id_=f"{row.case_id}:{row.seq}",
            type_=row.type,
            source=installation.source,
            subject=str(body["number"]),
            time=row.at,
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
