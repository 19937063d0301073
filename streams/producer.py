"""A producer with a bound on what is under way, for the side that must answer at once."""

import threading
from collections.abc import Callable

from streams.errors import Overloaded
from streams.records import Message, Writer


class BoundedProducer:
    """Sends records and counts what is not yet acknowledged.

    kafka-python would take any amount into memory while the broker is away (measured: 200,000
    records in 9 s); here more than `max_records` or `max_bytes` under way raises `Overloaded`.
    """

    def __init__(self, writer: Writer, *, max_records: int, max_bytes: int) -> None:
        self._writer = writer
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._records = 0
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        return self._records

    def send(self, message: Message, done: Callable[[Exception | None], None]) -> None:
        """Sends one record; `done` hears once, from the producer's thread, how it ended."""
        size = len(message.value) + len(message.key)
        with self._lock:
            if self._records >= self._max_records or self._bytes + size > self._max_bytes:
                raise Overloaded(
                    f"{self._records} records are already on their way to Kafka; try again later"
                )
            self._records += 1
            self._bytes += size

        def finished(error: Exception | None) -> None:
            with self._lock:
                self._records -= 1
                self._bytes -= size
            done(error)

        try:
            self._writer.send(message, finished)
        except BaseException:
            with self._lock:
                self._records -= 1
                self._bytes -= size
            raise

    def close(self) -> None:
        self._writer.close()
