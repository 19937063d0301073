"""The relay: every committed event is published in order per case, and only then deleted."""

from collections.abc import Sequence

import orjson
import pytest
from sqlalchemy import Engine, text

from dispatch.database import transaction
from dispatch.heartbeat import Heartbeat
from dispatch.relay import Relay, SendFailed, republish
from dispatch.wiring import installation_of
from streams.records import Done, Message
from tests.integration.dispatch.conftest import Feeder, Located


class Kept:
    """A writer that keeps what it is given; may refuse from the n-th message on."""

    def __init__(self, refuse_from: int | None = None) -> None:
        self.messages: list[Message] = []
        self._refuse_from = refuse_from

    def send(self, message: Message, done: Done) -> None:
        if self._refuse_from is not None and len(self.messages) >= self._refuse_from:
            done(RuntimeError("refused"))
            return
        self.messages.append(message)
        done(None)

    def close(self) -> None: ...


def relay_of(engine: Engine, writer: Kept, tmp_path: object) -> Relay:
    from pathlib import Path

    made = Relay(
        engine,
        writer=lambda: writer,
        installation=installation_of,
        cases_topic=lambda district: f"cases.{district}",
        deadletters_topic="deadletters",
        batch=1000,
        heartbeat=Heartbeat(Path(str(tmp_path)), "relay"),
    )
    made._writer = writer
    return made


def publish(engine: Engine, relay: Relay) -> int:
    with engine.connect() as connection:
        installation = installation_of(connection)
        connection.commit()
        return relay.publish_once(connection, installation)


def waiting(engine: Engine) -> int:
    with transaction(engine) as connection:
        return int(connection.execute(text("select count(*) from outbox")).scalar_one())


def told(messages: Sequence[Message]) -> list[tuple[str, int]]:
    values = [orjson.loads(message.value) for message in messages if message.topic != "deadletters"]
    return [(value["case"], value["seq"]) for value in values]


def test_events_go_out_in_order_per_case_and_are_then_deleted(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: object
) -> None:
    feeder.store(located(), located(lat=26.4204), located(lat=26.4300))
    feeder.store(located(lat=26.4203))
    writer = Kept()
    relay = relay_of(engine, writer, tmp_path)
    assert publish(engine, relay) == 4
    assert waiting(engine) == 0
    by_case: dict[str, list[int]] = {}
    for case, seq in told(writer.messages):
        by_case.setdefault(case, []).append(seq)
    assert sorted(by_case.values()) == [[1], [1, 2, 3]]
    assert {m.topic for m in writer.messages} == {"cases.431103"}
    assert publish(engine, relay) == 0


def test_a_refused_event_ends_the_relay_and_deletes_nothing(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: object
) -> None:
    feeder.store(located(), located(lat=26.4300))
    with pytest.raises(SendFailed):
        publish(engine, relay_of(engine, Kept(refuse_from=1), tmp_path))
    assert waiting(engine) == 2


def test_events_and_mirrors_carry_no_words_of_the_reporter(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: object
) -> None:
    feeder.store(located(text="张三的电话"), b"{poison")
    writer = Kept()
    publish(engine, relay_of(engine, writer, tmp_path))
    assert {m.topic for m in writer.messages} == {"cases.431103", "deadletters"}
    for message in writer.messages:
        assert "张三" not in message.value.decode()
        assert b"poison" not in message.value


def test_republish_sends_every_event_again(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: object
) -> None:
    feeder.store(located(), located(lat=26.4204))
    writer = Kept()
    relay = relay_of(engine, writer, tmp_path)
    publish(engine, relay)
    first = told(writer.messages)
    with transaction(engine) as connection:
        since = connection.execute(text("select now() - interval '1 hour'")).scalar_one()
        assert republish(connection, since) == 2
    publish(engine, relay)
    assert told(writer.messages) == first * 2
