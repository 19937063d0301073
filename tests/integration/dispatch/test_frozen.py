"""A process that froze while rows were under way holds nothing for longer than a silent one.

No time-out of PostgreSQL counts such a session: it waits for its client without end.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.clock import clock
from dispatch.clock.clock import Clock
from dispatch.clock.rules import firing_rules
from dispatch.process.heartbeat import Heartbeat
from dispatch.process.lanes import CLOCK, lane
from dispatch.process.stopping import Stop
from dispatch.settings import Settings
from dispatch.storage import database
from dispatch.storage.database import connect_engine, is_passing, transaction
from dispatch.storage.offsets import ENGINE, DatabaseOffsets
from streams.records import Partition
from tests.integration.dispatch.conftest import Feeder, Located
from tests.waiting import eventually

LANE = 77  # no clock of another test works it
SILENT_S = 0.3
SHARE = Partition("frozen.reports", 0)


@pytest.fixture(autouse=True)
def _soon_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SILENT_S", SILENT_S)


def url_of(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


class Frozen:
    """A session of a role whose process stands still; `ended` once the server gave it up."""

    def __init__(self, engine: Engine, role: str) -> None:
        self.connection = psycopg.connect(url_of(engine), application_name=f"wangge-{role}")
        self.pid = self.connection.info.backend_pid
        self._engine = engine

    def sending(self) -> None:
        """Freezes in the middle of a COPY into the database."""
        self.connection.execute("create temp table sent (line text)")
        self.connection.pgconn.exec_(b"copy sent from stdin")
        self._wait("ClientRead")

    def receiving(self) -> None:
        """Freezes in the middle of a long answer."""
        self.connection.pgconn.send_query(
            b"select repeat('x', 1000) from generate_series(1, 100000)"
        )
        self._wait("ClientWrite")

    def is_there(self) -> bool:
        return self._activity() is not None

    def _wait(self, event: str) -> None:
        eventually(lambda: self._activity() == (event, True))

    def _activity(self) -> tuple[str, bool] | None:
        with self._engine.connect() as connection:
            row = connection.execute(
                text("""select wait_event,
                    state = 'active' and clock_timestamp() - state_change > :silent * interval '1 s'
                    from pg_stat_activity where pid = :pid"""),
                {"pid": self.pid, "silent": SILENT_S},
            ).one_or_none()
        return None if row is None else (row[0], row[1])


@contextmanager
def frozen(engine: Engine, role: str) -> Iterator[Frozen]:
    one = Frozen(engine, role)
    try:
        yield one
    finally:
        one.connection.close()


def take_lane(engine: Engine) -> bool:
    with lane(engine, CLOCK, LANE) as connection:
        return connection is not None


@pytest.mark.parametrize("how", [Frozen.sending, Frozen.receiving])
def test_who_waits_for_a_lane_ends_a_holder_that_froze_with_rows_under_way(
    engine: Engine, how: object
) -> None:
    with frozen(engine, "clock") as holder:
        holder.connection.execute("select pg_advisory_lock(%s, %s)", [CLOCK, LANE])
        assert callable(how)
        how(holder)
        assert not take_lane(engine)
        eventually(lambda: take_lane(engine), 5)
        assert not holder.is_there()


def test_an_engine_takes_a_share_over_from_one_that_froze_while_it_wrote(engine: Engine) -> None:
    offsets, topic_ids = DatabaseOffsets(engine, ENGINE), {SHARE.topic: uuid4()}
    offsets.claim([SHARE], topic_ids)
    with frozen(engine, "engine") as holder:
        holder.connection.execute("update consumed_offset set epoch = epoch where topic = %s",
                                  [SHARE.topic])  # fmt: skip
        holder.sending()
        assert offsets.claim([SHARE], topic_ids)[SHARE].epoch == 2
        eventually(lambda: not holder.is_there(), 5)


def test_who_waited_too_long_for_a_lock_has_it_at_the_next_try(engine: Engine) -> None:
    impatient = connect_engine(url_of(engine), role="api", lock_timeout_ms=200)
    change = text("update number_counter set next_serial = next_serial where day = '2001-01-01'")
    with transaction(engine) as connection:
        connection.execute(
            text("""insert into number_counter (day, next_serial)
            values ('2001-01-01', 1) on conflict do nothing""")
        )
    with frozen(engine, "engine") as holder:
        holder.connection.execute(change.text)
        holder.sending()
        with pytest.raises(DBAPIError) as refused, transaction(impatient) as connection:
            connection.execute(change)
        assert is_passing(refused.value)
        eventually(lambda: not holder.is_there(), 5)
        with transaction(impatient) as connection:
            assert connection.execute(change).rowcount == 1
    impatient.dispose()


def test_the_clock_frees_what_is_due_from_a_process_that_froze_and_that_nobody_waits_for(
    engine: Engine, feeder: Feeder, located: Located, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(clock, "FREE_EVERY_S", 0.1)
    feeder.store(located())
    with transaction(engine) as connection:
        rules = firing_rules(Settings(), connection)
        connection.execute(text("update timer set due_at = clock_timestamp()"))

    def is_set_anew() -> bool:
        with transaction(engine) as connection:
            return bool(connection.execute(text("select min(due_at) > now() from timer")).scalar())

    heartbeat, stop = Heartbeat(tmp_path, "clock"), Stop()
    alone = connect_engine(url_of(engine), role="clock")
    working = Clock(alone, rules=lambda: rules, batch=9, heartbeat=heartbeat)
    with frozen(engine, "engine") as holder:
        holder.connection.execute('select from "case" for update')
        holder.sending()
        thread = threading.Thread(target=working.run, args=(stop,))
        thread.start()
        try:
            eventually(is_set_anew, 5)
        finally:
            stop.set()
            thread.join(5)
            alone.dispose()
        assert not holder.is_there()


def test_a_command_that_computes_while_it_sends_is_left_alone(engine: Engine) -> None:
    with frozen(engine, "register") as load:
        load.connection.execute("select pg_advisory_lock(%s, %s)", [CLOCK, LANE])
        load.sending()
        assert not take_lane(engine)
        assert not take_lane(engine)
        assert load.is_there()


def test_a_role_that_was_silent_for_less_is_left_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with frozen(engine, "clock") as holder:
        holder.connection.execute("select pg_advisory_lock(%s, %s)", [CLOCK, LANE])
        holder.sending()
        monkeypatch.setattr(database, "SILENT_S", 60.0)
        assert not take_lane(engine)
        assert holder.is_there()
