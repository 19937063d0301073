"""The relay: every committed event is published in order per case, and only then deleted."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.process.heartbeat import Heartbeat
from dispatch.process.stopping import Stop
from dispatch.relay.outbox import republish
from dispatch.relay.publishing import installation_of
from dispatch.relay.relay import BATCHES_UNDER_WAY, Published, Relay, SendFailed
from dispatch.storage.database import transaction
from streams.records import Done, Message, Writer
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

    def send_all(self, group: Sequence[tuple[Message, Done]]) -> None:
        for message, done in group:
            self.send(message, done)

    def close(self) -> None: ...


class Slow(Kept):
    """A writer whose answers come when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Done] = []
        self.asked = threading.Event()

    def send(self, message: Message, done: Done) -> None:
        self.messages.append(message)
        self.answers.append(done)
        self.asked.set()


class Stuck(Kept):
    """A writer that takes one message and stands still at the next, until it is let go."""

    def __init__(self, log: list[Message]) -> None:
        super().__init__()
        self.messages = log
        self.taken = 0
        self.standing, self.go_on = threading.Event(), threading.Event()

    def send(self, message: Message, done: Done) -> None:
        if self.taken == 1:
            self.standing.set()
            assert self.go_on.wait(30)
        self.taken += 1
        super().send(message, done)


def relay_of(
    engine: Engine,
    writer: Writer,
    tmp_path: Path,
    batch: int = 1000,
    published: Published = lambda _events: None,
) -> Relay:
    return Relay(
        engine,
        writer=lambda: writer,
        installation=installation_of,
        cases_topic=lambda district: f"cases.{district}",
        deadletters_topic="deadletters",
        batch=batch,
        heartbeat=Heartbeat(tmp_path, "relay"),
        published=published,
    )


def publish(
    engine: Engine, writer: Writer, tmp_path: Path, batch: int = 1000
) -> list[Mapping[str, int]]:
    """Publishes until nothing moves; answers what is counted of each batch."""
    counted: list[Mapping[str, int]] = []
    with engine.connect() as connection:
        relay = relay_of(engine, writer, tmp_path, batch, counted.append)
        conveyor = relay.conveyor(connection, writer)
        while conveyor.turn(connection):
            pass
    return counted


@pytest.fixture
def slow(engine: Engine, tmp_path: Path) -> Iterator[tuple[Slow, Callable[[], bool]]]:
    """A slow writer, and a turn of the relay with one outbox row a batch."""
    writer = Slow()
    with engine.connect() as connection:
        conveyor = relay_of(engine, writer, tmp_path, batch=1).conveyor(connection, writer)
        yield writer, lambda: conveyor.turn(connection)


def waiting(engine: Engine) -> int:
    with transaction(engine) as connection:
        return int(connection.execute(text("select count(*) from outbox")).scalar_one())


def told(messages: Sequence[Message]) -> list[tuple[str, int]]:
    values = [orjson.loads(message.value) for message in messages if message.topic != "deadletters"]
    return [(value["case"], value["seq"]) for value in values]


def test_events_go_out_in_order_per_case_and_are_then_deleted(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    feeder.store(located(), located(lat=26.4204), located(lat=26.4300))
    feeder.store(located(lat=26.4203))
    writer = Kept()
    counted = publish(engine, writer, tmp_path)
    assert counted == [{"431103": 4}]
    assert len(writer.messages) == 4
    assert waiting(engine) == 0
    by_case: dict[str, list[int]] = {}
    for case, seq in told(writer.messages):
        by_case.setdefault(case, []).append(seq)
    assert sorted(by_case.values()) == [[1], [1, 2, 3]]
    assert {m.topic for m in writer.messages} == {"cases.431103"}
    publish(engine, writer, tmp_path)
    assert len(writer.messages) == 4


def test_a_refused_event_ends_the_relay_and_deletes_nothing(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    feeder.store(located(), located(lat=26.4300))
    with pytest.raises(SendFailed):
        publish(engine, Kept(refuse_from=1), tmp_path)
    assert waiting(engine) == 2


def test_events_and_mirrors_carry_no_words_of_the_reporter(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    feeder.store(located(text="张三的电话"), b"{poison")
    writer = Kept()
    counted = publish(engine, writer, tmp_path)
    assert counted == [{"431103": 1}]
    assert {m.topic for m in writer.messages} == {"cases.431103", "deadletters"}
    for message in writer.messages:
        assert "张三" not in message.value.decode()
        assert b"poison" not in message.value


def test_republish_sends_every_event_again(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    feeder.store(located(), located(lat=26.4204))
    writer = Kept()
    publish(engine, writer, tmp_path)
    first = told(writer.messages)
    with transaction(engine) as connection:
        since = connection.execute(text("select now() - interval '1 hour'")).scalar_one()
        assert republish(connection, since) == 2
    publish(engine, writer, tmp_path)
    assert told(writer.messages) == first * 2


def test_the_next_events_are_sent_while_kafka_still_writes(
    feeder: Feeder,
    located: Located,
    engine: Engine,
    slow: tuple[Slow, Callable[[], bool]],
) -> None:
    writer, turn = slow
    for _ in range(BATCHES_UNDER_WAY + 1):
        feeder.store(located())
    sent = [turn() for _ in range(BATCHES_UNDER_WAY + 1)]
    assert sent == [True] * BATCHES_UNDER_WAY + [False], "no more than that is under way"
    assert [seq for _, seq in told(writer.messages)] == list(range(1, BATCHES_UNDER_WAY + 1))
    assert waiting(engine) == BATCHES_UNDER_WAY + 1, "nothing is deleted unacknowledged"


def test_what_is_acknowledged_out_of_turn_is_deleted_in_turn(
    feeder: Feeder,
    located: Located,
    engine: Engine,
    slow: tuple[Slow, Callable[[], bool]],
) -> None:
    writer, turn = slow
    for _ in range(2):
        feeder.store(located())
        turn()
    writer.answers[1](None)
    assert not turn()
    assert waiting(engine) == 2
    writer.answers[0](None)
    assert turn()
    assert waiting(engine) == 0


def test_an_event_whose_transaction_commits_late_is_not_skipped(
    feeder: Feeder,
    located: Located,
    engine: Engine,
    slow: tuple[Slow, Callable[[], bool]],
) -> None:
    writer, turn = slow
    feeder.store(located())
    with engine.connect() as late:
        late.execute(
            text("""insert into outbox
            (topic_district, case_id, opened_month, first_seq, last_seq)
            select topic_district, case_id, opened_month, 1, 1 from outbox""")
        )
        feeder.store(located(lat=26.4300))
        while turn():
            pass
        assert len(writer.messages) == 2
        late.commit()
    assert turn(), "its id is lower than that of the last event sent"
    assert told(writer.messages)[2] == told(writer.messages)[0]


def test_a_send_that_fails_under_way_ends_the_relay_before_it_sends_or_deletes_more(
    feeder: Feeder,
    located: Located,
    engine: Engine,
    slow: tuple[Slow, Callable[[], bool]],
) -> None:
    writer, turn = slow
    for _ in range(3):
        feeder.store(located())
    assert turn()
    assert turn()
    writer.answers[1](None)
    writer.answers[0](RuntimeError("refused"))
    with pytest.raises(SendFailed):
        turn()
    assert (len(writer.messages), waiting(engine)) == (2, 3)


def test_a_relay_that_lost_its_lane_in_the_middle_of_a_batch_only_repeats(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    """The first occurrences of a case's events stay in order, whatever a zombie still sends."""
    for _ in range(4):
        feeder.store(located(), located(lat=26.4300))
    log: list[Message] = []
    zombie, lost = Stuck(log), threading.Event()

    def begin() -> None:
        with pytest.raises(DBAPIError):
            publish(engine, zombie, tmp_path)
        lost.set()

    thread = threading.Thread(target=begin)
    thread.start()
    assert zombie.standing.wait(30)
    with transaction(engine) as connection:
        connection.execute(
            text("""select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()""")
        )
    engine.dispose()
    feeder.store(located())
    heir = Kept()
    heir.messages = log
    publish(engine, heir, tmp_path, batch=2)
    zombie.go_on.set()
    assert lost.wait(30)
    thread.join()
    first = list(dict.fromkeys(told(log)))
    assert len(told(log)) > len(first), "the zombie repeated"
    by_case: dict[str, list[int]] = {}
    for case, seq in first:
        by_case.setdefault(case, []).append(seq)
    assert sorted(by_case.values()) == [[1, 2, 3, 4], [1, 2, 3, 4, 5]]
    assert waiting(engine) == 0


def test_a_relay_that_is_told_to_stop_waits_for_what_is_under_way(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    feeder.store(located())
    writer, stop = Slow(), Stop()
    thread = threading.Thread(target=relay_of(engine, writer, tmp_path).run, args=[stop])
    thread.start()
    try:
        assert writer.asked.wait(30)
    finally:
        stop.set()
    writer.answers[0](None)
    thread.join(30)
    assert waiting(engine) == 0
