"""Waiting for Kafka in the event loop: grouped, each record with its own outcome."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from threading import Thread
from typing import Any

from dispatch.api.acknowledgements import PENDING, Acknowledgements
from streams.errors import Overloaded
from streams.producer import BoundedProducer
from streams.records import Done, Message


class Answering:
    """A writer that answers each group from a thread of its own, as the real one does."""

    def __init__(self, answer: Callable[[Message], Exception | None] | None) -> None:
        self.groups: list[int] = []
        self._answer = answer

    def send_all(self, group: Sequence[tuple[Message, Done]]) -> None:
        self.groups.append(len(group))
        answer = self._answer
        if answer is not None:
            Thread(target=lambda: [done(answer(m)) for m, done in group]).start()

    def close(self) -> None: ...


def message(value: bytes) -> Message:
    return Message(topic="t", key=b"k", value=value, headers=())


def run(
    writer: Answering,
    use: Callable[[Acknowledgements], Coroutine[Any, Any, None]],
    max_records: int = 100,
) -> None:
    async def main() -> None:
        producer = BoundedProducer(writer, max_records=max_records, max_bytes=10**6)
        await use(Acknowledgements(producer, asyncio.get_running_loop()))

    asyncio.run(main())


def test_requests_of_one_turn_go_together_and_those_behind_follow_when_they_have_ended() -> None:
    writer = Answering(lambda _: None)

    async def use(acknowledgements: Acknowledgements) -> None:
        first = [acknowledgements.send([message(b"1")]) for _ in range(3)]
        await asyncio.sleep(0)
        later = acknowledgements.send([message(b"2"), message(b"3")])
        for outcomes in (*first, later):
            await outcomes.wait(5)
            assert set(outcomes.each) == {None}

    run(writer, use)
    assert writer.groups[0] == 3
    assert sum(writer.groups) == 5


def test_each_record_has_its_own_outcome() -> None:
    refused = RuntimeError("refused")

    async def use(acknowledgements: Acknowledgements) -> None:
        outcomes = acknowledgements.send([message(b"good"), message(b"bad"), message(b"good")])
        await outcomes.wait(5)
        assert outcomes.each == [None, refused, None]

    run(Answering(lambda m: refused if m.value == b"bad" else None), use)


def test_what_is_above_the_limit_is_refused_at_once_and_the_rest_goes() -> None:
    async def use(acknowledgements: Acknowledgements) -> None:
        outcomes = acknowledgements.send([message(b"a"), message(b"b"), message(b"c")])
        await outcomes.wait(5)
        assert outcomes.each[:2] == [None, None]
        assert isinstance(outcomes.each[2], Overloaded)

    run(Answering(lambda _: None), use, max_records=2)


def test_silence_ends_in_pending_and_later_records_do_not_wait_behind_it() -> None:
    writer = Answering(None)

    async def use(acknowledgements: Acknowledgements) -> None:
        first = acknowledgements.send([message(b"a")])
        await first.wait(0.01)
        assert first.each == [PENDING]
        second = acknowledgements.send([message(b"b")])
        await second.wait(0.6)
        assert second.each == [PENDING]

    run(writer, use)
    assert writer.groups == [1, 1]
