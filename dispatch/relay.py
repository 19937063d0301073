"""The relay: publishes committed case events in order per case, and deletes what is published.

Nothing is remembered but the outbox itself, so nothing can be skipped: a cursor would lose events
of transactions that commit out of order (reliability notes, finding 3).
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.database import is_passing
from dispatch.errors import DispatchError, Unavailable
from dispatch.heartbeat import KAFKA, POSTGRES, Heartbeat
from dispatch.lanes import RELAY, lane
from dispatch.publishing import Installation, case_message, dead_letter_message
from dispatch.stopping import Stop
from streams.errors import BrokerUnavailable
from streams.records import Message, Writer

IDLE_FIRST_S = 0.005
IDLE_LAST_S = 0.25
KEEP_S = 2.0
EPOCH_S = 1.0  # `wangge restore-mark` may raise the epoch at any time
log = structlog.get_logger("relay")

POINTERS = text("""
    select id, topic_district, case_id, opened_month, first_seq, last_seq
    from outbox where lane = :lane order by id limit :limit
""")
EVENTS = text("""
    select e.case_id, e.seq, e.type, e.at, e.actor, e.body::text as body, e.previous_hash, e.hash
    from json_to_recordset(cast(:runs as json))
        as run (case_id uuid, first_seq integer, last_seq integer)
    join case_event e on e.opened_month = :month and e.case_id = run.case_id
        and e.seq between run.first_seq and run.last_seq
""")
LETTERS = text("""
    select id, topic, partition, record_offset, report_id, reason_class, reason, at
    from dead_letter where mirrored_at is null order by at limit 200
""")
# Each event to the topic of its district at that moment; one that moved its case, to both.
REPUBLISH = text("""
    insert into outbox (topic_district, case_id, opened_month, first_seq, last_seq)
    select district, e.case_id, e.opened_month, e.seq, e.seq
    from case_event e, unnest(array[
        e.body #>> '{areas,district}',
        nullif(e.body #>> '{was_place,areas,district}', e.body #>> '{areas,district}')
    ]) as district
    where e.at >= :since and district is not null
    order by e.opened_month, e.case_id, e.seq, district
""")


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

    def run(self, stop: Stop) -> None:
        """Holds the lane and publishes until told to stop; raises SendFailed."""
        while not stop.is_set():
            try:
                self._writer = self._writer or self._new_writer()
                with lane(self._database, RELAY, self._lane) as connection:
                    if connection is None:
                        self._heartbeat.beat()
                        stop.wait(0.5)
                    else:
                        self._publish(connection, stop)
            except BrokerUnavailable as error:
                self._heartbeat.beat(KAFKA)
                log.warning("kafka is away", reason=str(error))
                stop.wait(1)
            except Unavailable as error:
                self._heartbeat.beat(POSTGRES)
                log.warning("postgres is away", reason=str(error))
                stop.wait(1)
            except DBAPIError as error:
                if not is_passing(error):
                    raise
                log.warning("pass is tried again", reason=str(error.orig).strip())
                stop.wait(0.5)
        if self._writer is not None:
            self._writer.close()

    def _publish(self, connection: Connection, stop: Stop) -> None:
        looked = float("-inf")
        idle = IDLE_FIRST_S
        while not stop.is_set():
            if time.monotonic() - looked > EPOCH_S:
                installation = self._installation(connection)
                connection.commit()
                looked = time.monotonic()
            published = self.publish_once(connection, installation)
            self._heartbeat.beat()
            idle = IDLE_FIRST_S if published else min(idle * 2, IDLE_LAST_S)
            if not published:
                stop.wait(idle)

    def publish_once(self, connection: Connection, installation: Installation) -> int:
        """One pass: read, close the transaction, send all, wait for all, delete by id."""
        pointers = connection.execute(POINTERS, {"lane": self._lane, "limit": self._batch}).all()
        letters = connection.execute(LETTERS).all()
        messages = self._messages(connection, installation, pointers)
        connection.commit()
        messages += [
            dead_letter_message(installation, self._deadletters_topic, row) for row in letters
        ]
        if not messages:
            return 0
        self._send_all(connection, messages)
        connection.execute(
            text("delete from outbox where id = any(:ids)"), {"ids": [p.id for p in pointers]}
        )
        if letters:
            connection.execute(
                text("update dead_letter set mirrored_at = clock_timestamp() where id = any(:ids)"),
                {"ids": [row.id for row in letters]},
            )
        connection.commit()
        return len(messages)

    def _messages(
        self, connection: Connection, installation: Installation, pointers: Sequence[Any]
    ) -> list[Message]:
        events: dict[tuple[Any, int], Any] = {}
        # One statement a month, so that the planner reads one partition only.
        for month in sorted({pointer.opened_month for pointer in pointers}):
            runs = [pointer for pointer in pointers if pointer.opened_month == month]
            asked = [
                {"case_id": run.case_id, "first_seq": run.first_seq, "last_seq": run.last_seq}
                for run in runs
            ]
            values = {"month": month, "runs": orjson.dumps(asked).decode()}
            for row in connection.execute(EVENTS, values):
                events[row.case_id, row.seq] = row
        return [
            case_message(
                installation,
                self._cases_topic(pointer.topic_district),
                events[pointer.case_id, seq],
            )
            for pointer in pointers
            for seq in range(pointer.first_seq, pointer.last_seq + 1)
        ]

    def _send_all(self, connection: Connection, messages: Sequence[Message]) -> None:
        if self._writer is None:
            raise SendFailed("there is no connection to Kafka")
        wait = _Acknowledgements(len(messages))
        for message in messages:
            self._writer.send(message, wait.heard)
        kept = time.monotonic()
        while not wait.finished(0.05):
            if time.monotonic() - kept > KEEP_S:
                # Keeps the lane's session awake while Kafka is slow.
                connection.exec_driver_sql("select 1")
                connection.commit()
                self._heartbeat.beat(KAFKA)
                kept = time.monotonic()
        if wait.error is not None:
            raise SendFailed(f"Kafka did not take an event: {wait.error}") from wait.error


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
            if self._left == 0:
                self._done.set()

    def finished(self, timeout_s: float) -> bool:
        return self._done.wait(timeout_s)


def republish(connection: Connection, since: datetime) -> int:
    """Puts every event since `since` into the outbox again, and answers how many pointers.

    Readers drop what they have.
    """
    return connection.execute(REPUBLISH, {"since": since}).rowcount
