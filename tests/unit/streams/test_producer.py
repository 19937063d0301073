"""The bounded producer: one group at a time, a limit on what is under way."""

from collections.abc import Sequence

import pytest

from streams import producer as module
from streams.errors import BrokerUnavailable, Overloaded
from streams.producer import BoundedProducer
from streams.records import Done, Message


class Groups:
    """A writer that keeps the groups it is given; the test ends them."""

    def __init__(self) -> None:
        self.groups: list[list[tuple[Message, Done]]] = []
        self.away = False

    def send_all(self, group: Sequence[tuple[Message, Done]]) -> None:
        if self.away:
            raise BrokerUnavailable("away")
        self.groups.append(list(group))

    def end(self, number: int, error: Exception | None = None) -> None:
        for _, done in self.groups[number]:
            done(error)

    def close(self) -> None: ...


def message(name: str, size: int = 10) -> Message:
    return Message(topic="t", key=name.encode(), value=bytes(size), headers=())


def keys(group: Sequence[tuple[Message, Done]]) -> str:
    return "".join(m.key.decode() for m, _ in group)


def test_what_comes_while_a_group_is_under_way_goes_together_in_the_next() -> None:
    writer, heard = Groups(), list[Exception | None]()
    producer = BoundedProducer(writer, max_records=10, max_bytes=10**6)
    producer.send(message("a"), heard.append)
    assert producer.flush() is False
    for name in "bcd":
        producer.send(message(name), heard.append)
        assert producer.flush() is True
    writer.end(0)
    assert producer.flush() is False
    assert [keys(group) for group in writer.groups] == ["a", "bcd"]
    writer.end(1)
    assert heard == [None] * 4
    assert producer.in_flight == 0


def test_a_slow_group_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Groups()
    producer = BoundedProducer(writer, max_records=10, max_bytes=10**6)
    producer.send(message("a"), lambda _: None)
    producer.flush()
    producer.send(message("b"), lambda _: None)
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    assert producer.flush() is False
    assert [keys(group) for group in writer.groups] == ["a", "b"]


@pytest.mark.parametrize(("records", "total"), [(2, 10**6), (100, 25)])
def test_more_than_the_limit_is_refused_until_something_ends(records: int, total: int) -> None:
    writer = Groups()
    producer = BoundedProducer(writer, max_records=records, max_bytes=total)
    for name in "ab":
        producer.send(message(name), lambda _: None)
    with pytest.raises(Overloaded):
        producer.send(message("c"), lambda _: None)
    producer.flush()
    with pytest.raises(Overloaded):
        producer.send(message("c"), lambda _: None)
    writer.end(0)
    producer.send(message("c"), lambda _: None)
    assert producer.in_flight == 1


def test_a_group_that_the_writer_does_not_take_is_told_so_and_holds_no_place() -> None:
    writer, heard = Groups(), list[Exception | None]()
    writer.away = True
    producer = BoundedProducer(writer, max_records=2, max_bytes=10**6)
    for name in "ab":
        producer.send(message(name), heard.append)
    assert producer.flush() is False
    assert [type(error) for error in heard] == [BrokerUnavailable, BrokerUnavailable]
    assert producer.in_flight == 0
    writer.away = False
    producer.send(message("c"), heard.append)
    producer.flush()
    assert [keys(group) for group in writer.groups] == ["c"]
