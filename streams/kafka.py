"""The only door to kafka-python: its consumer, producer and admin client behind our types."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any
from uuid import UUID

from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    TopicPartition,
)
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)
from kafka.partitioner import murmur2
from kafka.producer.producer_batch import ProducerBatch

from streams.batches import Records, collate
from streams.errors import BrokerUnavailable, PositionLost, TopicMissing
from streams.records import AssignmentListener, Done, Message, Partition, Record

logging.getLogger("kafka").setLevel(logging.ERROR)

COMMON = {"reconnect_backoff_max_ms": 1000}
SHORTEST_WAIT_S = 0.02


@contextmanager
def _ours(what: str) -> Iterator[None]:
    """Turns the library's errors into ours, so that nobody else needs to know it."""
    try:
        yield
    except (NoOffsetForPartitionError, OffsetOutOfRangeError) as error:
        raise PositionLost(f"{what}: {error}") from error
    except UnknownTopicOrPartitionError as error:
        raise TopicMissing(f"{what}: {error}") from error
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(f"{what}: {type(error).__name__} {error}".strip()) from error


def _slot(key: bytes, partitions: int) -> int:
    """Where every Kafka client puts the key among so many partitions."""
    return 0 if partitions == 1 else _hashed(key) % partitions


# Communities' codes come again and again.
@lru_cache(maxsize=50_000)
def _hashed(key: bytes) -> int:
    return int(murmur2(key) & 0x7FFFFFFF)


class _Handle:
    """Stands for one record of a batch that the broker found too large and that was split."""

    def __init__(self, done: Done) -> None:
        self._done = done

    def rebind(self, outcome: Any, index: int) -> None:
        outcome.add_callback(lambda result: self._done(_failure(result, index)))


class _Batch(ProducerBatch):  # type: ignore[misc]
    """A batch made whole: one callback tells all of its records how they ended."""

    def __init__(self, at: TopicPartition, records: Records, dones: Sequence[Done]) -> None:
        super().__init__(at, records)
        self._dones = dones
        self._record_futures = _Handles(dones)
        self.produce_future.add_callback(self._tell)

    def _tell(self, result: Any) -> None:
        for index, done in enumerate(self._dones):
            done(_failure(result, index))


class _Handles(Sequence[_Handle]):
    """The handles of a batch's records, made only when it is split."""

    def __init__(self, dones: Sequence[Done]) -> None:
        self._dones = dones

    def __len__(self) -> int:
        return len(self._dones)

    def __getitem__(self, index: Any) -> Any:
        return _Handle(self._dones[index])


def _failure(result: Any, index: int) -> Exception | None:
    _offset, _time, error_of = result
    return None if error_of is None else error_of(index)


class KafkaWriter:
    """An idempotent producer, acks=all (design decision 5).

    `delivery_s` bounds how long a record may wait before its `done` hears of a failure.
    kafka-python keeps no memory bound of its own: callers must hold one (`streams.producer`).
    """

    def __init__(
        self,
        servers: str,
        *,
        delivery_s: float,
        batch_bytes: int = 131_072,
        client: str = "wangge",
    ) -> None:
        self._batch_bytes = batch_bytes
        with _ours("Kafka producer"):
            self._producer = KafkaProducer(
                bootstrap_servers=servers.split(","),
                client_id=client,
                enable_idempotence=True,
                acks="all",
                batch_size=batch_bytes,
                delivery_timeout_ms=int(delivery_s * 1000),
                request_timeout_ms=int(min(delivery_s / 2, 10) * 1000),
                max_block_ms=1000,
                max_request_size=2_000_000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
                bootstrap_timeout_ms=5000,
                **COMMON,
            )

    def send_all(self, group: Sequence[tuple[Message, Done]]) -> None:
        """Queues the records in whole batches; a key lies where every Kafka client puts it."""
        with _ours("writing"):
            counts = {topic: self._partitions(topic) for topic in {m.topic for m, _ in group}}
        now = int(time.time() * 1000)
        for share in collate(group, lambda m: _slot(m.key, counts[m.topic]), self._batch_bytes):
            at = TopicPartition(share.topic, share.partition)
            self._append(_Batch(at, Records(share.encoded, now), share.dones))
        self._producer._sender.wakeup()

    def _partitions(self, topic: str) -> int:
        return len(self._producer.partitions_for(topic))

    def _append(self, batch: _Batch) -> None:
        """Queues a batch behind those of its partition, as the producer does its own."""
        queues, at = self._producer._accumulator, batch.topic_partition
        queues._appends_in_progress.increment()
        try:
            with queues._tp_lock(at):
                if not queues._closed:
                    queues._batches[at].append(batch)
                    queues._incomplete.add(batch)
                    return
        finally:
            queues._appends_in_progress.decrement()
        batch.abort(BrokerUnavailable("the producer is closed"))

    def ready(self, topic: str) -> bool:
        """Whether the producer knows where the topic lives."""
        with suppress(KafkaError, OSError):
            return bool(self._producer.partitions_for(topic))
        return False

    def flush(self, timeout_s: float) -> None:
        with _ours("flushing"):
            self._producer.flush(timeout=timeout_s)

    def close(self) -> None:
        with suppress(KafkaError, OSError):
            self._producer.close(timeout=2)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: "KafkaGroupReader", listener: AssignmentListener) -> None:
        self._reader = reader
        self._listener = listener

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        partitions = [Partition(p.topic, p.partition) for p in assigned]
        if not partitions:
            return
        try:
            self._reader.seek(self._listener.assigned(partitions))
        except Exception as error:  # noqa: BLE001  the library would only log it; poll raises it
            self._reader.failure = error

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._listener.revoked([Partition(p.topic, p.partition) for p in revoked])

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._listener.revoked([Partition(p.topic, p.partition) for p in lost])


def _paced(time_to_next_poll: Callable[[], float]) -> Callable[[], float]:
    """The library's answer, but never "at once".

    While a broker stands still a heartbeat is overdue, and kafka-python 3.0.12 then reads without
    waiting, thousands of times inside one poll; each time leaves something behind with the answer
    that it waits for: 8 MB a second, until the connection is given up.
    """
    return lambda: max(time_to_next_poll(), SHORTEST_WAIT_S)


class _ConsumerReader:
    """What group and tail readers share: polling, seeking, topic ids."""

    failure: Exception | None = None
    _consumer: Any

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        try:
            with _ours("reading"):
                polled = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=limit)
        finally:
            # What a listener met comes first: the library only logs it and then misses positions.
            if self.failure is not None:
                failure, self.failure = self.failure, None
                raise failure
        return [
            Record(
                partition=Partition(at.topic, at.partition),
                offset=raw.offset,
                key=raw.key,
                value=raw.value,
                headers=tuple(raw.headers),
                timestamp_ms=raw.timestamp,
            )
            for at, raws in polled.items()
            for raw in raws
        ]

    def seek(self, positions: Mapping[Partition, int]) -> None:
        for partition, offset in positions.items():
            self._consumer.seek(TopicPartition(partition.topic, partition.number), offset)

    def topic_id(self, topic: str) -> UUID | None:
        found: UUID | None = self._consumer._cluster.topic_id(topic)
        return found

    @property
    def connected(self) -> bool:
        """Whether a broker holds a connection with us now; a reader that polls always has one."""
        return any(one.connected for one in list(self._consumer._manager._conns.values()))

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offset that the next record of each partition will get."""
        asked = [TopicPartition(p.topic, p.number) for p in partitions]
        with _ours("asking for the end of a topic"):
            found = self._consumer.end_offsets(asked)
        return {Partition(p.topic, p.partition): offset for p, offset in found.items()}

    def beginnings(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The first offset that is still kept of each partition."""
        asked = [TopicPartition(p.topic, p.number) for p in partitions]
        with _ours("asking for the beginning of a topic"):
            found = self._consumer.beginning_offsets(asked)
        return {Partition(p.topic, p.partition): offset for p, offset in found.items()}

    def close(self) -> None:
        with suppress(KafkaError, OSError):
            self._consumer.close(autocommit=False, timeout_ms=2000)


class KafkaGroupReader(_ConsumerReader):
    """A member of a group; the group only deals out partitions, offsets are the caller's."""

    def __init__(
        self, servers: str, *, group: str, topic: str, listener: AssignmentListener, limit: int
    ) -> None:
        with _ours("Kafka consumer"):
            self._consumer = KafkaConsumer(
                bootstrap_servers=servers.split(","),
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                partition_assignment_strategy=[CooperativeStickyAssignor()],
                allow_auto_create_topics=False,
                metadata_max_age_ms=5000,
                session_timeout_ms=10_000,
                heartbeat_interval_ms=2000,
                max_poll_records=limit,
                fetch_max_wait_ms=100,
                metrics_enabled=False,
                bootstrap_timeout_ms=5000,
                **COMMON,
            )
            coordinator = self._consumer._coordinator
            coordinator.time_to_next_poll = _paced(coordinator.time_to_next_poll)
            self._consumer.subscribe([topic], listener=_Listener(self, listener))

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        # kafka-python 3.0.12 gives a join up for good when it outlasts a poll and its cause, a
        # topic that changed, is gone by the next: then we would have no partition, for ever.
        coordinator = self._consumer._coordinator
        if coordinator.rejoining:
            coordinator.request_rejoin()
        return super().poll(timeout_s, limit)

    def ends_seen(self) -> dict[Partition, int]:
        """The ends of our partitions as the last answers of the broker told them; asks nobody."""
        assigned = self._consumer._subscription.assignment.copy()
        seen = {Partition(p.topic, p.partition): state.highwater for p, state in assigned.items()}
        return {partition: end for partition, end in seen.items() if end is not None}


class KafkaTailReader(_ConsumerReader):
    """Reads named partitions without a group: every such reader sees every record."""

    def __init__(self, servers: str) -> None:
        with _ours("Kafka consumer"):
            self._consumer = KafkaConsumer(
                bootstrap_servers=servers.split(","),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                metadata_max_age_ms=5000,
                fetch_max_wait_ms=100,
                metrics_enabled=False,
                bootstrap_timeout_ms=5000,
                **COMMON,
            )

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Reads exactly these partitions, each from its offset."""
        self._consumer.assign([TopicPartition(p.topic, p.number) for p in positions])
        self.seek(positions)


class KafkaAdmin:
    """Topics and their ids."""

    def __init__(self, servers: str) -> None:
        with _ours("Kafka admin"):
            self._admin = KafkaAdminClient(
                bootstrap_servers=servers.split(","),
                request_timeout_ms=10_000,
                bootstrap_timeout_ms=5000,
                **COMMON,
            )

    def make_topics(self, topics: Mapping[str, Mapping[str, Any]], replication: int) -> None:
        """Makes what is missing; `topics` maps a name to `partitions` and `configs`."""
        missing = set(topics) - set(self.topic_ids(topics))
        for name in sorted(missing):
            wanted = topics[name]
            options = {
                "num_partitions": wanted["partitions"],
                "replication_factor": replication,
                "configs": dict(wanted["configs"]),
            }
            with _ours(f"making topic {name}"), suppress(TopicAlreadyExistsError):
                self._admin.create_topics({name: options}, wait_for_metadata=True)

    def topic_ids(self, topics: Iterable[str]) -> dict[str, UUID]:
        """Kafka's ids of those of the topics that exist."""
        return {name: found[0] for name, found in self.describe(topics).items()}

    def describe(self, topics: Iterable[str]) -> dict[str, tuple[UUID, int]]:
        """Id and number of partitions of those of the topics that exist."""
        with _ours("describing topics"):
            described = self._admin.describe_topics(list(topics))
        return {
            topic["name"]: (UUID(str(topic["topic_id"])), len(topic["partitions"]))
            for topic in described
            if not topic.get("error_code")
        }

    def delete_topics(self, topics: Sequence[str]) -> None:
        with _ours("deleting topics"):
            self._admin.delete_topics(list(topics))

    def close(self) -> None:
        with suppress(KafkaError, OSError):
            self._admin.close()
