"""Groups of records in a real Kafka: where they lie, in which order, and what is heard of them."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from kafka import KafkaProducer

from dispatch.embedded.kafka import PrivateKafka
from streams.kafka import KafkaAdmin, KafkaTailReader, KafkaWriter
from streams.records import Done, Message, Partition

PARTITIONS = 4


class Heard:
    """How each record of a group ended."""

    def __init__(self, expected: int) -> None:
        self.errors: dict[int, Exception | None] = {}
        self._expected = expected
        self._all = threading.Event()

    def of(self, number: int) -> Done:
        def done(error: Exception | None) -> None:
            assert number not in self.errors
            self.errors[number] = error
            if len(self.errors) == self._expected:
                self._all.set()

        return done

    def all(self) -> list[Exception | None]:
        assert self._all.wait(30)
        return [self.errors[number] for number in range(self._expected)]


Topic = Callable[[dict[str, str]], str]


@pytest.fixture
def topic(kafka_server: PrivateKafka, topic_prefix: str) -> Topic:
    def make(configs: dict[str, str]) -> str:
        name = f"{topic_prefix}.reports"
        admin = KafkaAdmin(f"127.0.0.1:{kafka_server.port}")
        admin.make_topics({name: {"partitions": PARTITIONS, "configs": configs}}, 1)
        admin.close()
        return name

    return make


@pytest.fixture
def writer(kafka_server: PrivateKafka) -> Iterator[KafkaWriter]:
    made = KafkaWriter(f"127.0.0.1:{kafka_server.port}", delivery_s=10, batch_bytes=20_000)
    yield made
    made.close()


def messages(topic: str, count: int) -> list[Message]:
    return [
        Message(
            topic=topic,
            key=f"4311020{n % 17:02d}".encode(),
            value=b"%d " % n + bytes(500),
            headers=(("ce_id", b"%d" % n), ("content-type", b"application/json")),
        )
        for n in range(count)
    ]


def read(server: PrivateKafka, topic: str, count: int) -> dict[int, list[tuple[bytes, int]]]:
    """Key and number of every record, by partition."""
    reader = KafkaTailReader(f"127.0.0.1:{server.port}")
    partitions = [Partition(topic, n) for n in range(PARTITIONS)]
    reader.assign(dict.fromkeys(partitions, 0))
    found: dict[int, list[tuple[bytes, int]]] = {n: [] for n in range(PARTITIONS)}
    for _ in range(100):
        for record in reader.poll(0.2, 1000):
            assert record.key is not None
            assert record.value is not None
            number = int(record.value.split(b" ")[0])
            assert dict(record.headers)["ce_id"] == b"%d" % number
            found[record.partition.number].append((record.key, number))
        if sum(map(len, found.values())) >= count:
            break
    reader.close()
    return found


def send(writer: KafkaWriter, group: Sequence[Message]) -> Heard:
    heard = Heard(len(group))
    writer.send_all([(message, heard.of(n)) for n, message in enumerate(group)])
    return heard


def test_a_group_lies_where_single_records_would_in_the_order_it_was_given(
    kafka_server: PrivateKafka, writer: KafkaWriter, topic: Topic
) -> None:
    name = topic({})
    group = messages(name, 300)
    library = KafkaProducer(bootstrap_servers=f"127.0.0.1:{kafka_server.port}")
    for message in group[:17]:
        library.send(name, message.value, message.key, list(message.headers)).get(30)
    library.close()
    alone = {key: p for p, found in read(kafka_server, name, 17).items() for key, _ in found}
    assert send(writer, group).all() == [None] * 300
    assert send(writer, group[:5]).all() == [None] * 5
    for partition, found in read(kafka_server, name, 322).items():
        assert {alone[key] for key, _ in found} <= {partition}
        mine = [n for n in range(300) if alone[group[n].key] == partition]
        numbers = [number for _, number in found]
        assert numbers == [n for n in mine if n < 17] + mine + [n for n in mine if n < 5]


def test_a_batch_that_the_broker_finds_too_large_is_split_and_every_record_heard_of(
    kafka_server: PrivateKafka, writer: KafkaWriter, topic: Topic
) -> None:
    name = topic({"max.message.bytes": "3000"})
    assert send(writer, messages(name, 100)).all() == [None] * 100
    found = read(kafka_server, name, 100)
    assert sorted(number for part in found.values() for _, number in part) == list(range(100))


def test_a_closed_writer_takes_nothing_and_says_so(writer: KafkaWriter, topic: Topic) -> None:
    name = topic({})
    assert send(writer, messages(name, 1)).all() == [None]
    writer.close()
    errors = send(writer, messages(name, 3)).all()
    assert all(isinstance(error, Exception) for error in errors)
