"""Reads batches whose offsets the caller keeps, in the transaction that uses them.

The consumer group only deals out partitions. Where reading starts, and that a batch is used
once, is decided by the caller's store (design decision 6; reliability notes, 2.2).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from streams.errors import PositionLost, TopicChanged
from streams.records import Partition, Reader, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the store answers when partitions are claimed."""

    epoch: int
    next_offset: int
    topic_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """One compare-and-set: from the remembered offset to the one after the batch."""

    partition: Partition
    topic_id: UUID
    epoch: int
    previous: int
    next: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records and the offset changes that must commit together with their effect."""

    records: Sequence[Record]
    advances: Sequence[Advance]


class OffsetStore(Protocol):
    """Where offsets live; PostgreSQL in the running system."""

    def claim(
        self, partitions: Sequence[Partition], topic_ids: Mapping[str, UUID]
    ) -> Mapping[Partition, Claim]:
        """Raises the epoch of each partition and tells where to read on.

        Raises TopicChanged when the stored offsets belong to another topic of that name.
        """


class BatchConsumer:
    """Keeps, for each partition that is ours, the epoch and the offset last stored."""

    def __init__(self, store: OffsetStore) -> None:
        self._store = store
        self._reader: Reader | None = None
        self._claims: dict[Partition, Claim] = {}
        self._topic_ids: dict[str, UUID] = {}

    def attach(self, reader: Reader, topic_ids: Mapping[str, UUID]) -> None:
        """Uses `reader` from now on; `topic_ids` are those of its topics at this moment."""
        self._reader = reader
        self._topic_ids = dict(topic_ids)

    @property
    def partitions(self) -> frozenset[Partition]:
        return frozenset(self._claims)

    @property
    def positions(self) -> Mapping[Partition, int]:
        """The next offset to use of each partition that is ours."""
        return {partition: claim.next_offset for partition, claim in self._claims.items()}

    def expect(self, topic_ids: Mapping[str, UUID]) -> None:
        """Tells the topic ids before a reader exists (its listener may be called at once)."""
        self._topic_ids = dict(topic_ids)

    def assigned(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        claims = self._store.claim(sorted(partitions), self._topic_ids)
        self._claims.update(claims)
        return {partition: claim.next_offset for partition, claim in claims.items()}

    def revoked(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            self._claims.pop(partition, None)

    def poll(self, timeout_s: float, limit: int) -> Batch:
        """The next records with their offset changes; raises TopicChanged, PositionLost."""
        if self._reader is None:
            raise RuntimeError("attach a reader first")
        self._check_topics()
        try:
            polled = self._reader.poll(timeout_s, limit)
        except PositionLost as error:
            self._check_topics()
            raise PositionLost(
                "records were deleted before they were read: a stored offset is no longer in the "
                "topic. Look what is missing, then run `wangge offsets accept-loss` "
                f"({error})"
            ) from error
        finally:
            # A re-made topic may be met inside the poll: what came of it, records or an offset
            # that is out of range, must not be taken for the topic that was claimed.
            self._check_topics()
        records = [record for record in polled if record.partition in self._claims]
        last: dict[Partition, int] = {}
        for record in records:
            last[record.partition] = record.offset
        advances = [
            Advance(
                partition=partition,
                topic_id=self._claims[partition].topic_id,
                epoch=self._claims[partition].epoch,
                previous=self._claims[partition].next_offset,
                next=offset + 1,
            )
            for partition, offset in sorted(last.items())
        ]
        return Batch(records=records, advances=advances)

    def committed(self, batch: Batch) -> None:
        """The batch's transaction is committed: remember the new offsets."""
        for advance in batch.advances:
            claim = self._claims.get(advance.partition)
            if claim is not None and claim.epoch == advance.epoch:
                self._claims[advance.partition] = Claim(
                    epoch=claim.epoch, next_offset=advance.next, topic_id=claim.topic_id
                )

    def rewind(self) -> None:
        """Reads again from the last stored offsets (after a batch that did not commit)."""
        if self._reader is not None and self._claims:
            self._reader.seek({p: claim.next_offset for p, claim in self._claims.items()})

    def _check_topics(self) -> None:
        again = {} if self._reader is None else made_again(self._reader, self._topic_ids)
        for topic, seen in again.items():
            raise TopicChanged(
                f"topic {topic} was deleted and made again (id {self._topic_ids[topic]} became "
                f"{seen}); stored offsets are not used for it. Look what happened, then run "
                "`wangge offsets accept-new-topic`"
            )


def made_again(reader: Reader, known: Mapping[str, UUID]) -> dict[str, UUID]:
    """The topics that have another id than the known one by now: their offsets mean others."""
    seen = {topic: reader.topic_id(topic) for topic in known}
    return {topic: id_ for topic, id_ in seen.items() if id_ is not None and id_ != known[topic]}
