"""What every handler of the api process works with, and who is asking."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Engine
from starlette.requests import Request

from dispatch.api.problems import Problem
from dispatch.cached import Cached
from dispatch.desk import Desk, DeskRules
from dispatch.intake import Buckets, Intake
from dispatch.keys import Keys
from dispatch.knowledge import Knowledge, Known
from dispatch.mapping import TileCache
from dispatch.photos import PhotoStore
from dispatch.settings import Settings
from dispatch.tokens import Principal, Role, Verifier
from dispatch.watching.door import Post
from dispatch.watching.recorders import IntakeRecorder
from streams.errors import StreamError
from streams.producer import PATIENCE_S, BoundedProducer
from streams.records import Message
from workflows.calendar import Calendars
from workflows.definition import Definition


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


PENDING = TimeoutError("Kafka has not acknowledged the record")


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


@dataclass(slots=True)
class Context:
    """Built once for the process, in `dispatch.api.server`."""

    settings: Settings
    database: Engine
    keys: Keys
    verifier: Verifier
    knowledge: Knowledge
    photos: PhotoStore
    intake: Intake
    buckets: Buckets
    desk: Desk
    definitions: Mapping[str, Definition]
    final_states: frozenset[str]
    calendars: Cached[Calendars]
    post: Post
    intake_recorder: IntakeRecorder
    tiles: TileCache
    producer: BoundedProducer | None = None
    acknowledgements: Acknowledgements | None = None

    def known(self) -> Known:
        """Maps and catalogue; 503 while nothing is known at all."""
        known = self.knowledge.known
        if known is None:
            raise Problem(
                503,
                "unavailable",
                f"no map is loaded yet: {self.knowledge.reason}",
                headers={"Retry-After": "2"},
            )
        return known

    def desk_rules(self) -> DeskRules:
        return DeskRules(
            definitions=self.definitions, calendars=self.calendars(), known=self.known()
        )


def context_of(request: Request) -> Context:
    """The process's context (FastAPI dependency)."""
    context: Context = request.app.state.context
    return context


def principal_of(request: Request) -> Principal:
    """Who is asking (FastAPI dependency); 401 before anything else is looked at."""
    context = context_of(request)
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(
            401,
            "token",
            "send a token in the header Authorization: Bearer …",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return context.verifier.verify(token.strip())


def anonymous(scope: str) -> Principal:
    """The caller without a token where the setting `public_reports` allows it."""
    return Principal(
        subject="public",
        role=Role.REPORTER,
        scope=scope,
        department=None,
        jti="",
        expires=2**40,
    )


Ctx = Annotated[Context, Depends(context_of)]
Who = Annotated[Principal, Depends(principal_of)]
