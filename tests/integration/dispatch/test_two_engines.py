"""Two engines at once: they share the partitions, and lose or double nothing."""

import signal

from sqlalchemy import Engine, text

from dispatch.cases.audit import Tally, verify
from dispatch.storage.database import transaction
from tests.integration.dispatch.conftest import Located
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

SESSION_S = 10


def worked(live: Live, number: int) -> int:
    """How many batches the n-th engine says that it stored."""
    return live.log_of(live.processes[number]).count('"event": "batch"')


def test_two_engines_share_the_work_also_when_one_freezes_longer_than_its_session(
    live: Live, located: Located, engine: Engine
) -> None:
    """One test, because the session's time-out takes ten seconds."""
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        reports = [located(lat=26.36 + (sent + n) % 40 * 0.004) for n in range(count)]
        # Every report twice: once more is what a client does that heard no answer.
        live.send(*reports, *reports)
        sent += count

    frozen, other = live.start_process("engine"), live.start_process("engine")
    send(40)
    eventually(lambda: live.count("report") == sent, 60)

    def both_work() -> bool:
        send(10)
        eventually(lambda: live.count("report") == sent, 60)
        return worked(live, 0) > 0 and worked(live, 1) > 0

    eventually(both_work, 60)
    frozen.send_signal(signal.SIGSTOP)
    send(40)
    eventually(lambda: live.count("report") == sent, SESSION_S * 4)
    before = worked(live, 0)
    frozen.send_signal(signal.SIGCONT)

    def it_works_again() -> bool:
        send(10)
        eventually(lambda: live.count("report") == sent, 60)
        return worked(live, 0) > before

    eventually(it_works_again, 60)
    assert (frozen.poll(), other.poll()) == (None, None)
    with transaction(engine) as connection:
        assert [found.wrong for found in verify(connection, Tally())] == []
    assert live.one("select count(*) from case_event where body ? 'report'") == sent
    assert live.one("select count(distinct body ->> 'report') from case_event") == sent
    assert live.one('select sum(report_count) from "case"') == sent


def test_an_engine_that_cannot_have_its_share_yet_waits_for_it(
    live: Live, located: Located, engine: Engine
) -> None:
    """A frozen engine holds the offsets' rows until its session ends; the next one must not die."""
    first = live.start_process("engine")
    live.send(located())
    eventually(lambda: live.count("report") == 1, 60)
    with transaction(engine) as connection:
        connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
        connection.execute(text("select * from consumed_offset for update"))
        second = live.start_process("engine")
        eventually(lambda: "tried again" in live.log_of(second), 60)
    live.send(*(located(lat=26.36 + n % 40 * 0.004) for n in range(40)))
    eventually(lambda: live.count("report") == 41, 60)
    assert (first.poll(), second.poll()) == (None, None)
