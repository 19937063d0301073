"""A group that deals out the partitions of a real Kafka."""

import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import NewPartitions

from dispatch.embedded.kafka import PrivateKafka
from streams.kafka import SHORTEST_WAIT_S, KafkaAdmin, KafkaGroupReader
from streams.records import Partition

LIMIT_S = 60
FROZEN_S = 6  # the second heartbeat is overdue after 4


class Share:
    """The partitions that one reader has been given."""

    def __init__(self) -> None:
        self.partitions: set[int] = set()

    def assigned(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        given = list(partitions)
        self.partitions |= {partition.number for partition in given}
        return dict.fromkeys(given, 0)

    def revoked(self, partitions: Iterable[Partition]) -> None:
        self.partitions -= {partition.number for partition in partitions}


@contextmanager
def member(server: PrivateKafka, topic: str, share: Share) -> Iterator[KafkaGroupReader]:
    reader = KafkaGroupReader(
        server.servers, group=f"{topic}-group", topic=topic, listener=share, limit=10
    )
    try:
        yield reader
    finally:
        reader.close()


def poll_until(reader: KafkaGroupReader, share: Share, expected: set[int]) -> None:
    """Polls so briefly that no join is done within one poll."""
    limit = time.monotonic() + LIMIT_S
    while share.partitions != expected:
        assert time.monotonic() < limit, f"has {share.partitions}, not {expected}"
        reader.poll(0.002, 10)


def test_a_topic_that_grows_is_read_whole(kafka_server: PrivateKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}.reports"
    admin = KafkaAdmin(kafka_server.servers)
    admin.make_topics({topic: {"partitions": 2, "configs": {}}}, 1)
    admin.close()
    share = Share()
    with member(kafka_server, topic, share) as reader:
        poll_until(reader, share, {0, 1})
        grower = KafkaAdminClient(bootstrap_servers=kafka_server.servers)
        grower.create_partitions({topic: NewPartitions(total_count=4)})
        grower.close()
        poll_until(reader, share, {0, 1, 2, 3})


def test_a_broker_that_stands_still_is_not_asked_again_and_again(
    kafka_server: PrivateKafka, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}.reports"
    admin = KafkaAdmin(kafka_server.servers)
    admin.make_topics({topic: {"partitions": 1, "configs": {}}}, 1)
    admin.close()
    share = Share()
    assert kafka_server.child is not None
    with member(kafka_server, topic, share) as reader:
        poll_until(reader, share, {0})
        fetcher = reader._consumer._fetcher
        fetch, fetched = fetcher.fetch_records, []

        def counted(*arguments: Any, **options: Any) -> Any:
            fetched.append(time.monotonic())
            return fetch(*arguments, **options)

        fetcher.fetch_records = counted
        os.kill(kafka_server.child.pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            while time.monotonic() < begun + FROZEN_S:
                reader.poll(0.25, 10)
        finally:
            os.kill(kafka_server.child.pid, signal.SIGCONT)
    # Each leaves something behind until the broker answers: it was 2,000 and more a second.
    assert 4 < len(fetched) < FROZEN_S / SHORTEST_WAIT_S + 50
