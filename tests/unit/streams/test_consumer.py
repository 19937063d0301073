"""The batch consumer: what it read is used for the topic that was claimed, or not at all."""

import uuid
from collections.abc import Mapping, Sequence

import pytest

from streams.consumer import BatchConsumer, Claim
from streams.errors import PositionLost, TopicChanged
from streams.records import Partition, Record

TOPIC = "reports"
AT = Partition(TOPIC, 0)
OLD, NEW = uuid.UUID(int=1), uuid.UUID(int=2)


class Store:
    """Offsets of one claim."""

    def claim(
        self, partitions: Sequence[Partition], topic_ids: Mapping[str, uuid.UUID]
    ) -> Mapping[Partition, Claim]:
        return {p: Claim(epoch=1, next_offset=5, topic_id=topic_ids[TOPIC]) for p in partitions}


class Remade:
    """A reader that meets the re-made topic inside a poll."""

    def __init__(self, meets: Exception | None = None, becomes: uuid.UUID = NEW) -> None:
        self._seen, self._becomes, self._meets = OLD, becomes, meets

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        self._seen = self._becomes
        if self._meets is not None:
            raise self._meets
        headers = ()
        return [Record(partition=AT, offset=5, key=b"", value=b"", headers=headers, timestamp_ms=0)]

    def seek(self, positions: Mapping[Partition, int]) -> None: ...

    def topic_id(self, topic: str) -> uuid.UUID | None:
        return self._seen

    def close(self) -> None: ...


def consumer_of(reader: Remade) -> BatchConsumer:
    made = BatchConsumer(Store())
    made.attach(reader, {TOPIC: OLD})
    made.assigned([AT])
    return made


def test_records_of_a_topic_made_again_inside_the_poll_are_not_used() -> None:
    with pytest.raises(TopicChanged, match="accept-new-topic"):
        consumer_of(Remade()).poll(0, 10)


def test_an_offset_out_of_range_in_a_topic_made_again_is_said_to_be_that() -> None:
    with pytest.raises(TopicChanged):
        consumer_of(Remade(PositionLost("out of range"))).poll(0, 10)


def test_an_offset_out_of_range_in_the_same_topic_names_the_remedy() -> None:
    with pytest.raises(PositionLost, match="accept-loss"):
        consumer_of(Remade(PositionLost("out of range"), OLD)).poll(0, 10)


def test_a_batch_names_the_offset_it_starts_from_and_the_one_behind_it() -> None:
    batch = consumer_of(Remade(becomes=OLD)).poll(0, 10)
    (step,) = batch.advances
    assert (step.previous, step.next, step.topic_id) == (5, 6, OLD)
