"""The relay: publishes committed case events in order per case, and deletes what is published.

While Kafka writes one batch the next is read and sent, so neither waits for the other. Nothing is
remembered beyond what is under way, so nothing can be skipped: a relay that is started again, or
takes over a lane, begins at the oldest row that is left. Batches are sent in the order in which
they were read and deleted in the same order, each after Kafka has acknowledged all of it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import structlog
from sqlalchemy import Connection, Engine

from dispatch.errors import DispatchError
from dispatch.process.heartbeat import KAFKA, Heartbeat
from dispatch.process.lanes import RELAY, work_lane
from dispatch.process.stopping import Stop
from dispatch.relay.outbox import Outbox, Waiting, delete_published
from dispatch.relay.publishing import Installation
from streams.errors import BrokerUnavailable
from streams.records import Writer

IDLE_FIRST_S = 0.005
IDLE_LAST_S = 0.25
EPOCH_S = 1.0  # `wangge restore-mark` may raise the epoch at any time
SLOW_S = 2.0
ENDING_S = 5.0
# Enough that Kafka always has a batch to write; more would only be sent again after a fault.
BATCHES_UNDER_WAY = 3
log = structlog.get_logger("relay")

Published = Callable[[Mapping[str, int]], None]
"""Told of each batch that Kafka has acknowledged: how many case events, by district."""


class SendFailed(DispatchError):
    """Kafka refused an event for good; the process must end and start at the oldest row.

    Skipping one event would be the only way to break the order within a case.
    """


class Relay:
    """Publishes one lane of the outbox while it holds the lane."""

    def __init__(  # noqa: PLR0913  wired in one place
        self,
        database: Engine,
        *,
        writer: Callable[[], Writer],
        installation: Callable[[Connection], Installation],
        cases_topic: Callable[[str], str],
        deadletters_topic: str,
        batch: int,
        heartbeat: Heartbeat,
        lane_number: int = 0,
        published: Published = lambda _events: None,
    ) -> None:
        self._database = database
        self._new_writer = writer
        self._writer: Writer | None = None
        self._installation = installation
        self._cases_topic = cases_topic
        self._deadletters_topic = deadletters_topic
        self._batch = batch
        self._heartbeat = heartbeat
        self._lane = lane_number
        self._published = published

    def run(self, stop: Stop) -> None:
        """Holds the lane and publishes until told to stop; raises SendFailed."""
        while not stop.is_set():
            try:
                self._writer = self._writer or self._new_writer()
                work = partial(self.publish, writer=self._writer, stop=stop)
                work_lane(self._database, RELAY, self._lane, work, self._heartbeat, stop)
            except BrokerUnavailable as error:
                self._heartbeat.beat(KAFKA)
                log.warning("kafka is away", error=error)
                stop.wait(1)
        if self._writer is not None:
            self._writer.close()

    def publish(self, connection: Connection, writer: Writer, stop: Stop) -> None:
        """Publishes on the connection that holds the lane; raises SendFailed."""
        conveyor = self.conveyor(connection, writer)
        looked = time.monotonic()
        idle = IDLE_FIRST_S
        while not stop.is_set():
            if time.monotonic() - looked > EPOCH_S:
                conveyor.publish_as(self._installation(connection))
                looked = time.monotonic()
            moved = conveyor.turn(connection)
            self._heartbeat.beat(KAFKA if conveyor.under_way_s() > SLOW_S else None)
            idle = IDLE_FIRST_S if moved else min(idle * 2, IDLE_LAST_S)
            if not moved and not conveyor.wait(idle):
                stop.wait(idle)
        conveyor.finish(connection, ENDING_S)

    def conveyor(self, connection: Connection, writer: Writer) -> "Conveyor":
        """An empty conveyor from this lane of the outbox to the writer."""
        installation = self._installation(connection)
        connection.commit()
        outbox = Outbox(
            lane=self._lane,
            limit=self._batch,
            installation=installation,
            cases_topic=self._cases_topic,
            deadletters_topic=self._deadletters_topic,
        )
        return Conveyor(outbox, writer, self._published)


class Conveyor:
    """The batches under way, oldest first: sent in order, deleted in order."""

    def __init__(self, outbox: Outbox, writer: Writer, published: Published) -> None:
        self._outbox = outbox
        self._writer = writer
        self._published = published
        self._sent: deque[_Sent] = deque()

    def turn(self, connection: Connection) -> bool:
        """Deletes what is acknowledged, reads and sends what comes next; False if nothing moved.

        Each turn runs a statement, which keeps the lane's session awake while Kafka is slow.
        """
        done = self._delete_acknowledged(connection)
        waiting = None
        if len(self._sent) < BATCHES_UNDER_WAY:
            waiting = self._outbox.read(connection, [sent.waiting for sent in self._sent])
        elif not done:
            connection.exec_driver_sql("select 1")
        connection.commit()
        if waiting is None or not waiting.messages:
            return done
        self._send(waiting)
        return True

    def publish_as(self, installation: Installation) -> None:
        """From the next batch on, events carry this installation's epoch."""
        self._outbox = replace(self._outbox, installation=installation)

    def wait(self, timeout_s: float) -> bool:
        """Waits for the oldest batch under way; False at once when there is none."""
        if not self._sent:
            return False
        self._sent[0].acknowledged.finished(timeout_s)
        return True

    def under_way_s(self) -> float:
        """How long the oldest batch has been under way."""
        return time.monotonic() - self._sent[0].since if self._sent else 0.0

    def finish(self, connection: Connection, limit_s: float) -> None:
        """Gives what is under way a little time, so that an orderly end repeats nothing."""
        limit = time.monotonic() + limit_s
        while self._sent and self.wait(limit - time.monotonic()):
            if not self._delete_acknowledged(connection):
                return
            connection.commit()

    def _delete_acknowledged(self, connection: Connection) -> bool:
        self._look_for_failure()
        done = False
        while self._sent and self._sent[0].acknowledged.finished(0):
            self._look_for_failure()
            waiting = self._sent.popleft().waiting
            delete_published(connection, waiting)
            self._published(waiting.events)
            done = True
        return done

    def _send(self, waiting: Waiting) -> None:
        sent = _Sent(waiting, _Acknowledgements(len(waiting.messages)), time.monotonic())
        self._sent.append(sent)
        self._writer.send_all([(message, sent.acknowledged.heard) for message in waiting.messages])

    def _look_for_failure(self) -> None:
        for sent in self._sent:
            error = sent.acknowledged.error
            if error is not None:
                raise SendFailed(f"Kafka did not take an event: {error}") from error


class _Acknowledgements:
    """Counts answers that come from the producer's thread."""

    def __init__(self, expected: int) -> None:
        self._left = expected
        self._done = threading.Event()
        self._lock = threading.Lock()
        self.error: Exception | None = None

    def heard(self, error: Exception | None) -> None:
        with self._lock:
            self._left -= 1
            self.error = self.error or error
            if self._left == 0 or error is not None:
                self._done.set()

    def finished(self, timeout_s: float) -> bool:
        """Whether all answers are there, or one that says no."""
        return self._done.wait(timeout_s)


@dataclass(frozen=True, slots=True)
class _Sent:
    waiting: Waiting
    acknowledged: _Acknowledgements
    since: float
