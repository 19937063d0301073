"""The private Kafka: what it promises, and what it outlives."""

from itertools import islice
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from dispatch.embedded.errors import MissingSoftwareError, StartFailedError
from dispatch.embedded.kafka import PrivateKafka
from dispatch.embedded.ports import free_port


def test_it_keeps_what_it_acknowledged_through_kill_9_a_stop_and_a_left_over_broker(
    server_dir: Path,
) -> None:
    """One test, because a broker takes seconds to start."""
    data_dir = server_dir / "kafka-faults"
    data_dir.mkdir()
    server = PrivateKafka(data_dir)
    server.prepare()
    child = server.start()
    server.wait_ready()
    _make_topic(server, "kept")
    sent = [_send(server, b"before the kill")]

    child.kill()
    child.wait()
    server.start()
    server.wait_ready()
    sent.append(_send(server, b"after the kill"))
    left_over = server.child
    assert left_over is not None

    later = PrivateKafka(data_dir, port=server.port)
    later.prepare()
    later.start()
    later.wait_ready()
    assert left_over.wait(20) is not None
    assert _read(later, 2) == sent

    assert later.stop()
    assert not later.answers()
    (later.data / "meta.properties").unlink()
    later.start()
    with pytest.raises(StartFailedError, match="Kafka ended while starting: its data in"):
        later.wait_ready()


def test_topics_are_made_only_on_purpose(kafka_server: PrivateKafka, topic_prefix: str) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka_server.servers, max_block_ms=1500)
    with pytest.raises(Exception, match=r"(?i)metadata|topic|timed? ?out"):
        producer.send(f"{topic_prefix}.typo", b"x").get(3)
    producer.close(timeout=1)


def test_missing_jars_are_said_to_be_missing(server_dir: Path, tmp_path: Path) -> None:
    server = PrivateKafka(server_dir, port=free_port(), libs=tmp_path)
    with pytest.raises(MissingSoftwareError, match="make setup"):
        server.prepare()


def test_jars_that_the_account_cannot_read_are_copied(server_dir: Path) -> None:
    data_dir = server_dir / "kafka-copy"
    data_dir.mkdir()
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    (closed / "kafka_2.13-4.1.1.jar").write_bytes(b"jar")
    (closed / "kafka_2.13-4.1.1.jar").chmod(0o600)
    server = PrivateKafka(data_dir, libs=closed)
    if server.account is None:
        pytest.skip("servers run as ourselves here")
    copied = server._readable_libs() / "kafka_2.13-4.1.1.jar"
    assert copied.parent != closed
    assert copied.stat().st_uid == server.account.uid


def _make_topic(server: PrivateKafka, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=server.servers)
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    admin.close()


def _send(server: PrivateKafka, value: bytes) -> bytes:
    producer = KafkaProducer(bootstrap_servers=server.servers, acks="all")
    producer.send("kept", value).get(30)
    producer.close()
    return value


def _read(server: PrivateKafka, count: int) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=server.servers, consumer_timeout_ms=15_000)
    partition = TopicPartition("kept", 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    values = [message.value for message in islice(consumer, count)]
    consumer.close()
    return values
