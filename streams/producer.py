"""A producer with a bound on what is under way, for the side that must answer at once."""

import threading
import time

from streams.errors import Overloaded, StreamError
from streams.records import Done, Message, Writer

PATIENCE_S = 0.25


class BoundedProducer:
    """Collects records, hands them on in groups, and counts what is not yet acknowledged.

    kafka-python would take any amount into memory while the broker is away (measured: 200,000
    records in 9 s); here more than `max_records` or `max_bytes` under way raises `Overloaded`.

    While a group is under way the next one gathers. The broker makes every batch durable by
    itself, so that one request of twelve batches costs far less than twelve requests. A group
    that takes longer than `PATIENCE_S` (a partition without a leader) holds nobody up.
    """

    def __init__(self, writer: Writer, *, max_records: int, max_bytes: int) -> None:
        self._writer = writer
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._records = 0
        self._bytes = 0
        self._waiting: list[tuple[Message, Done]] = []
        self._handed_over = 0
        self._since = 0.0
        self._heard = 0.0
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        return self._records

    @property
    def silent_s(self) -> float:
        """For how long Kafka has taken nothing although records are on their way."""
        return time.monotonic() - self._heard if self._records else 0.0

    def send(self, message: Message, done: Done) -> None:
        """Takes one record for the next group; `done` hears once, from any thread, how it ended."""
        size = len(message.value) + len(message.key)
        with self._lock:
            if self._records >= self._max_records or self._bytes + size > self._max_bytes:
                raise Overloaded(
                    f"{self._records} records are already on their way to Kafka; try again later"
                )
            if not self._records:
                self._heard = time.monotonic()
            self._records += 1
            self._bytes += size

            def finished(error: Exception | None) -> None:
                with self._lock:
                    self._records -= 1
                    self._bytes -= size
                    self._handed_over -= 1
                    if error is None:
                        self._heard = time.monotonic()
                done(error)

            self._waiting.append((message, finished))

    def flush(self) -> bool:
        """Hands over what waits, unless a group is under way; whether something still waits.

        Whoever sends calls it, after `send` and whenever `done` was heard. It may block for
        metadata as the writer does.
        """
        now = time.monotonic()
        with self._lock:
            if self._handed_over and now - self._since < PATIENCE_S:
                return bool(self._waiting)
            group, self._waiting = self._waiting, []
            self._handed_over += len(group)
            self._since = now
        if group:
            self._hand_over(group)
        return False

    def _hand_over(self, group: list[tuple[Message, Done]]) -> None:
        try:
            self._writer.send_all(group)
        except StreamError as error:
            for _, finished in group:
                finished(error)

    def close(self) -> None:
        self._writer.close()
