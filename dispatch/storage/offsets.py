"""Consumed offsets in PostgreSQL: claimed by epoch, advanced by compare-and-set.

Design decision 6: they commit with the work they stand for, and they belong to one topic id.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from dispatch.errors import DispatchError
from dispatch.storage.database import end_frozen, transaction
from streams.consumer import Advance, Claim
from streams.errors import TopicChanged
from streams.records import Partition

ENGINE = "engine"
"""The one consumer of reports, under which its offsets are kept."""

CLAIM = text("""
    insert into consumed_offset as kept
        (consumer, topic, partition, topic_id, next_offset, epoch)
    select :consumer, :topic, number, :topic_id, 0, 1
    from unnest(cast(:numbers as integer[])) as number
    order by number
    on conflict (consumer, topic, partition) do update
        set epoch = kept.epoch + 1, updated_at = clock_timestamp()
    returning partition, topic_id, next_offset, epoch
""")

ADVANCE = text("""
    update consumed_offset as kept
    set next_offset = wanted.next, updated_at = clock_timestamp()
    from (
        select * from unnest(
            cast(:topics as text[]), cast(:numbers as integer[]), cast(:topic_ids as uuid[]),
            cast(:epochs as bigint[]), cast(:previous as bigint[]), cast(:nexts as bigint[])
        ) as t (topic, number, topic_id, epoch, previous, next)
    ) as wanted
    where kept.consumer = :consumer and kept.topic = wanted.topic
      and kept.partition = wanted.number and kept.topic_id = wanted.topic_id
      and kept.epoch = wanted.epoch and kept.next_offset = wanted.previous
""")

ACCEPT = text("""
    update consumed_offset
    set topic_id = :topic_id, next_offset = 0, epoch = epoch + 1, updated_at = clock_timestamp()
    where consumer = :consumer and topic = :topic and topic_id <> :topic_id
""")

LOSS = text("""
    with lost as (
        select kept.partition, kept.next_offset as was, wanted.first
        from consumed_offset as kept
        join unnest(cast(:numbers as integer[]), cast(:firsts as bigint[]))
            as wanted (number, first) on wanted.number = kept.partition
        where kept.consumer = :consumer and kept.topic = :topic and kept.next_offset < wanted.first
        order by kept.partition for update of kept
    )
    update consumed_offset as kept
    set next_offset = lost.first, epoch = kept.epoch + 1, updated_at = clock_timestamp()
    from lost
    where kept.consumer = :consumer and kept.topic = :topic and kept.partition = lost.partition
    returning kept.partition, lost.was, lost.first
""")


class Fenced(DispatchError):
    """Somebody else owns a partition of this batch now; nothing of it may be committed."""


class DatabaseOffsets:
    """The `OffsetStore` of the running system."""

    def __init__(self, engine: Engine, consumer: str) -> None:
        self._engine = engine
        self._consumer = consumer

    def claim(
        self, partitions: Sequence[Partition], topic_ids: Mapping[str, UUID]
    ) -> Mapping[Partition, Claim]:
        """See `streams.consumer.OffsetStore`. A partition met for the first time starts at 0."""
        claims: dict[Partition, Claim] = {}
        with transaction(self._engine) as connection:
            # Kafka gave the share away because nothing was heard of who had it: that may be frozen.
            end_frozen(connection)
            for topic in sorted({partition.topic for partition in partitions}):
                numbers = [p.number for p in partitions if p.topic == topic]
                claims |= self._claim_topic(connection, topic, numbers, topic_ids[topic])
        return claims

    def _claim_topic(
        self, connection: Connection, topic: str, numbers: Sequence[int], topic_id: UUID
    ) -> dict[Partition, Claim]:
        rows = connection.execute(
            CLAIM,
            {
                "consumer": self._consumer,
                "topic": topic,
                "topic_id": topic_id,
                "numbers": list(numbers),
            },
        ).all()
        for row in rows:
            if row.topic_id != topic_id:
                raise TopicChanged(
                    f"topic {topic} has id {topic_id}, but the stored offsets are of id "
                    f"{row.topic_id}: it was deleted and made again. Look what happened, then "
                    "run `wangge offsets accept-new-topic`"
                )
        return {
            Partition(topic, row.partition): Claim(
                epoch=row.epoch, next_offset=row.next_offset, topic_id=row.topic_id
            )
            for row in rows
        }


def advance(connection: Connection, consumer: str, advances: Sequence[Advance]) -> None:
    """Moves the offsets, first of all in the batch's transaction; raises Fenced if any moved."""
    ordered = sorted(advances, key=lambda a: a.partition)
    moved = connection.execute(
        ADVANCE,
        {
            "consumer": consumer,
            "topics": [a.partition.topic for a in ordered],
            "numbers": [a.partition.number for a in ordered],
            "topic_ids": [a.topic_id for a in ordered],
            "epochs": [a.epoch for a in ordered],
            "previous": [a.previous for a in ordered],
            "nexts": [a.next for a in ordered],
        },
    ).rowcount
    if moved != len(ordered):
        raise Fenced(f"{len(ordered) - moved} partitions of the batch are read by another worker")


def accept_new_topic(engine: Engine, consumer: str, topic: str, topic_id: UUID) -> int:
    """Starts at 0 of the re-made topic; answers how many partitions' offsets were reset."""
    with transaction(engine) as connection:
        return connection.execute(
            ACCEPT, {"consumer": consumer, "topic": topic, "topic_id": topic_id}
        ).rowcount


def accept_loss(
    engine: Engine, consumer: str, firsts: Mapping[Partition, int]
) -> dict[Partition, range]:
    """Goes on behind what Kafka no longer has; answers the lost offsets of each partition."""
    lost: dict[Partition, range] = {}
    with transaction(engine) as connection:
        for topic in sorted({partition.topic for partition in firsts}):
            wanted = {p.number: first for p, first in firsts.items() if p.topic == topic}
            values = {"numbers": list(wanted), "firsts": list(wanted.values())}
            rows = connection.execute(LOSS, {"consumer": consumer, "topic": topic, **values})
            lost |= {Partition(topic, row.partition): range(row.was, row.first) for row in rows}
    return lost
