"""Waiting in the event loop for Kafka, whose answers come from the producer's thread."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from streams.errors import StreamError
from streams.producer import PATIENCE_S, BoundedProducer
from streams.records import Message

PENDING = TimeoutError("Kafka has not acknowledged the record")


class Outcomes:
    """What became of the records of one request; PENDING where Kafka has not said."""

    def __init__(self, count: int, ended: asyncio.Future[None]) -> None:
        self.each: list[Exception | None] = [PENDING] * count
        self._left = count
        self._ended = ended

    def hear(self, number: int, error: Exception | None) -> None:
        """Takes one outcome; the last one ends the waiting."""
        self.each[number] = error
        self._left -= 1
        if self._left == 0 and not self._ended.done():
            self._ended.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Returns when all are known or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended


class Acknowledgements:
    """Bridges the producer's thread to the event loop, one wake-up for many records."""

    def __init__(self, producer: BoundedProducer, loop: asyncio.AbstractEventLoop) -> None:
        self._producer = producer
        self._loop = loop
        self._heard: deque[tuple[Outcomes, int, Exception | None]] = deque()
        self._drains = False
        self._flushes = False
        self._retries = False

    def send(self, messages: Sequence[Message]) -> Outcomes:
        """Sends one request's records; what the producer refuses is known at once."""
        outcomes = Outcomes(len(messages), self._loop.create_future())
        for number, message in enumerate(messages):
            try:
                self._producer.send(message, partial(self._done, outcomes, number))
            except StreamError as error:
                outcomes.hear(number, error)
        if not self._flushes:
            # At the end of this turn of the loop, so that requests read together go together.
            self._flushes = True
            self._loop.call_soon(self._flush)
        return outcomes

    def _done(self, outcomes: Outcomes, number: int, error: Exception | None) -> None:
        self._heard.append((outcomes, number, error))
        if not self._drains:
            self._drains = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._drains = False
        while self._heard:
            outcomes, number, error = self._heard.popleft()
            outcomes.hear(number, error)
        self._flush()

    def _flush(self) -> None:
        self._flushes = False
        if self._producer.flush() and not self._retries:
            self._retries = True
            self._loop.call_later(PATIENCE_S, self._retry)

    def _retry(self) -> None:
        self._retries = False
        self._flush()
