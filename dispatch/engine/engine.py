"""The engine: reads located reports in batches and gives each its one effect."""

import time
from collections.abc import Callable, Iterator, Sequence

import structlog
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DBAPIError

from dispatch.engine.dead_letters import DeadLetter, dead_letter
from dispatch.engine.ingest import Ingest, Outcome
from dispatch.engine.recorder import EngineRecorder
from dispatch.engine.rules import Rules
from dispatch.errors import Unavailable
from dispatch.process.heartbeat import KAFKA, POSTGRES
from dispatch.process.logs import describe
from dispatch.process.stopping import Stop
from dispatch.storage.database import is_passing, transaction
from dispatch.storage.offsets import ENGINE, DatabaseOffsets, Fenced
from dispatch.watching.door import Post
from streams.consumer import Advance, Batch, BatchConsumer
from streams.errors import BrokerUnavailable, PositionLost, TopicChanged, TopicMissing
from streams.kafka import KafkaAdmin, KafkaGroupReader

ATTEMPTS = 3
log = structlog.get_logger("engine")


class ReportEngine:
    """Runs until told to stop; survives the loss of Kafka and PostgreSQL."""

    def __init__(  # noqa: PLR0913  wired in one place
        self,
        database: Database,
        *,
        servers: str,
        topic: str,
        batch: int,
        number_prefix: str,
        rules: Callable[[], Rules],
        post: Post,
        group: str = "wangge-engine",
    ) -> None:
        self._database = database
        self._servers = servers
        self._topic = topic
        self._group = group
        self._limit = batch
        self._prefix = number_prefix
        self._rules = rules
        self._heartbeat = post.heartbeat
        self._recorder = EngineRecorder(post.metrics)

    def run(self, stop: Stop) -> None:
        """Joins the group, works, and joins again after whatever threw it out."""
        while not stop.is_set():
            try:
                self._session(stop)
            except (BrokerUnavailable, TopicMissing) as error:
                self._heartbeat.beat(KAFKA)
                log.warning("kafka is away", error=error)
                stop.wait(1)
            except Unavailable as error:
                self._heartbeat.beat(POSTGRES)
                log.warning("postgres is away", error=error)
                stop.wait(1)
            except DBAPIError as error:
                # The rows of its share may be held by an engine that is frozen.
                if not is_passing(error):
                    raise
                self._heartbeat.beat(POSTGRES)
                log.warning("its share is not to be had yet, tried again", error=error)
                stop.wait(0.5)
            except Fenced as error:
                self._recorder.fenced()
                log.warning("fenced, joining again", error=error)
            except (TopicChanged, PositionLost) as error:
                # An operator must look; meanwhile the process stays, says so, and tries again.
                self._heartbeat.beat("operator: " + str(error))
                log.error("stopped before a changed topic", error=error)
                stop.wait(5)

    def _session(self, stop: Stop) -> None:
        admin = KafkaAdmin(self._servers)
        try:
            topic_ids = admin.topic_ids([self._topic])
        finally:
            admin.close()
        if self._topic not in topic_ids:
            raise TopicMissing(f"topic {self._topic} does not exist yet")
        consumer = BatchConsumer(DatabaseOffsets(self._database, ENGINE))
        consumer.expect(topic_ids)
        reader = KafkaGroupReader(
            self._servers,
            group=self._group,
            topic=self._topic,
            listener=consumer,
            limit=self._limit,
        )
        consumer.attach(reader, topic_ids)
        try:
            self._read(consumer, reader, stop)
        finally:
            reader.close()

    def _read(self, consumer: BatchConsumer, reader: KafkaGroupReader, stop: Stop) -> None:
        while not stop.is_set():
            batch = consumer.poll(0.25, self._limit)
            ends = reader.ends_seen()
            behind = {p: ends[p] - at for p, at in consumer.positions.items() if p in ends}
            self._recorder.polled(batch, behind)
            if not reader.connected:
                self._heartbeat.beat(KAFKA)
            elif not consumer.partitions:
                self._heartbeat.stand_by("Kafka has given it no partition; other engines may have")
            else:
                self._heartbeat.beat()
            if batch.records:
                self._store(consumer, batch)

    def _store(self, consumer: BatchConsumer, batch: Batch) -> None:
        started = time.monotonic()
        try:
            outcome = self._commit(batch)
        except DBAPIError as error:
            if is_passing(error):
                self._heartbeat.beat(POSTGRES)
                log.warning("batch is tried again", error=error)
                time.sleep(0.1)
                consumer.rewind()
                return
            self._one_by_one(consumer, batch)
            return
        except (Fenced, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001  one record may be poison: find out which
            log.error("batch failed, trying its records one by one", error=error)
            self._one_by_one(consumer, batch)
            return
        consumer.committed(batch)
        self._report(batch, outcome, time.monotonic() - started)

    def _commit(self, batch: Batch, dead: Sequence[DeadLetter] = ()) -> Outcome:
        rules = self._rules()
        with transaction(self._database) as connection:
            return Ingest(rules, self._prefix, ENGINE).store(connection, batch, dead)

    def _one_by_one(self, consumer: BatchConsumer, batch: Batch) -> None:
        """Isolates the poison: each record alone; after three failures it is a dead letter."""
        for single in split(batch):
            started = time.monotonic()
            outcome = self._commit_single(single)
            consumer.committed(single)
            self._heartbeat.beat()
            self._report(single, outcome, time.monotonic() - started)

    def _commit_single(self, single: Batch) -> Outcome:
        failure: Exception | None = None
        for attempt in range(ATTEMPTS):
            try:
                return self._commit(single)
            except (Fenced, Unavailable):
                raise
            except Exception as error:
                if is_passing(error):
                    raise Unavailable("PostgreSQL", str(error)) from error
                failure = error
                time.sleep(0.05 * (attempt + 1))
        (record,) = single.records
        topic_ids = {a.partition.topic: a.topic_id for a in single.advances}
        # It is mirrored to Kafka and logged: a message of the database may quote the report.
        reason = describe(failure) if failure else "failed"
        letter = dead_letter(record, topic_ids, "unknown", reason, ATTEMPTS)
        outcome = self._commit(single, [letter])
        log.error("dead letter", offset=record.offset, reason=reason)
        return outcome

    def _report(self, batch: Batch, outcome: Outcome, seconds: float) -> None:
        self._recorder.stored(batch, outcome, seconds)
        log.debug(
            "batch",
            records=len(batch.records),
            opened=outcome.opened,
            attached=outcome.attached,
            duplicates=outcome.duplicates,
            ms=round(seconds * 1000, 1),
        )


def split(batch: Batch) -> Iterator[Batch]:
    """The batch's records one by one, each with its own step of its partition's offset."""
    ends = {advance.partition: advance for advance in batch.advances}
    previous = {advance.partition: advance.previous for advance in batch.advances}
    for record in batch.records:
        whole = ends[record.partition]
        step = Advance(
            partition=record.partition,
            topic_id=whole.topic_id,
            epoch=whole.epoch,
            previous=previous[record.partition],
            next=record.offset + 1,
        )
        previous[record.partition] = step.next
        yield Batch(records=[record], advances=[step])
