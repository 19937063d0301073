"""The system reads its own histories again: each broken one is found once a round, no other is."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, text

from dispatch.cases import audit
from dispatch.cases.audit import GONE, Tally, verify
from dispatch.errors import DispatchError
from dispatch.process.lanes import VERIFY, lane
from dispatch.process.stopping import Stop
from dispatch.storage.database import connect_engine, transaction
from dispatch.supervisor import findings
from dispatch.verifying import verifier
from dispatch.verifying.verifier import Verifier
from tests.commands import run_wangge
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import Feeder, Located
from tests.waiting import eventually

CASES = 30
PAIR = """
update case_event set seq = 30 - seq where {of};
update case_event set seq = seq - 27 where seq in (28, 29) and {of}
"""
# What is done to a history of two events, and which is the first wrong place then.
CHANGES = {
    "body": (
        'update case_event set body = body || \'{{"lat": "26.0000000"}}\' where seq = 1 and {of}',
        (1, "its content does not match its hash"),
    ),
    "tail": (
        "delete from case_event where seq = 2 and {of}",
        (2, "the case row says 2 events, the history has 1"),
    ),
    "row": ('delete from "case" where {row}', (1, "case is gone")),
    "pair": (PAIR, (1, "previous_hash is not the hash of the event before")),
    "all": (
        "delete from case_event where {of}",
        (1, "the case row says 2 events, the history has 0"),
    ),
    "unreadable": (
        "update \"case\" set deadlines = '[{{}}]' where {row}",
        (2, "the case row cannot be read"),
    ),
    "never": (
        "update case_event set at = 'infinity' where seq = 2 and {of}",
        (1, "it cannot be read: DataError"),
    ),
}


@pytest.fixture
def cases(feeder: Feeder, located: Located, engine: Engine) -> list[str]:
    """The ids of many cases of one month, each of two events, in the order of their places."""
    for _ in range(2):
        feeder.store(*(located(lat=26.36 + n * 0.004) for n in range(CASES)))
    with transaction(engine) as connection:
        rows = connection.execute(text('select id::text, seq from "case" order by id')).all()
    assert [seq for _, seq in rows] == [2] * CASES
    return [id_ for id_, _ in rows]


@pytest.fixture
def owner(city: TestDatabase) -> Iterator[psycopg.Connection]:
    """Somebody who may change what the service may not."""
    with psycopg.connect(city.admin_url, autocommit=True) as connection:
        connection.execute(
            "alter table case_event drop constraint case_event_case_id_opened_month_fkey"
        )
        yield connection


def tamper(owner: psycopg.Connection, change: str, case: str) -> None:
    statement = CHANGES[change][0].format(of=f"case_id = '{case}'", row=f"id = '{case}'")
    owner.execute(statement.encode())


class Counted:
    """A verifier whose counts and log can be asked for."""

    def __init__(self, engine: Engine, cases: int = 4, events: int = 100) -> None:
        self.engine = engine
        self.counts: Counter[str] = Counter()
        self.verifier = Verifier(engine, share=1, count=self.add, page=(cases, events))

    def add(self, name: str, amount: float) -> None:
        self.counts[name] += int(amount)

    @property
    def told(self) -> tuple[int, int]:
        """Cases that were read, and broken ones among them."""
        return (
            self.counts["chain_verified_cases_total"],
            self.counts["chain_verify_failures_total"],
        )

    def turn(self) -> float:
        with self.engine.connect() as connection:
            return self.verifier.turn(connection)

    def whole(self) -> int:
        """The rest of a round; answers of how many pages it was."""
        turns = 0
        while self.turn() == 0:
            turns += 1
            assert turns < 10 * CASES
        return turns


def stored(engine: Engine) -> dict[bool, Any]:
    with transaction(engine) as connection:
        rows = connection.execute(text("select * from chain_round")).all()
        return {row.is_over: row for row in rows}


def an_hour_later(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text("update chain_round set began_at = began_at - interval '1 hour' where is_over")
        )


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the log says of broken histories."""
    said: list[dict[str, Any]] = []

    class Log:
        def error(self, _event: str, **fields: Any) -> None:
            said.append(fields)

        def info(self, _event: str, **fields: Any) -> None:
            """Not asked for."""

    monkeypatch.setattr(verifier, "log", Log())
    return said


def number_of(engine: Engine, case: str) -> str:
    with transaction(engine) as connection:
        query = text('select number from "case" where id = cast(:id as uuid)')
        return str(connection.execute(query, {"id": case}).scalar_one())


def test_each_broken_history_is_counted_once_a_round_and_named(
    engine: Engine, owner: psycopg.Connection, cases: list[str], lines: list[dict[str, Any]]
) -> None:
    chosen = dict(zip(cases[3::4], CHANGES, strict=False))
    assert len(chosen) == len(CHANGES)
    numbers = {case: number_of(engine, case) for case in chosen}
    for case, change in chosen.items():
        tamper(owner, change, case)
    reader = Counted(engine)
    reader.whole()
    assert reader.told == (CASES - 1, len(CHANGES))
    expected = [
        (
            case.replace("-", "") if change == "row" else numbers[case],
            *CHANGES[change][1],
        )
        for case, change in chosen.items()
    ]
    found = [(one["case"], one["seq"], one["reason"]) for one in lines]
    assert [one[:2] for one in found] == [one[:2] for one in expected]
    assert all(mine[2].startswith(want[2]) for mine, want in zip(found, expected, strict=True))

    over = stored(engine)[True]
    assert (over.cases, over.broken, over.ended_at is not None) == (CASES - 1, len(CHANGES), True)
    assert (over.first_number, over.first_seq, over.first_wrong) == found[0]
    assert reader.turn() > 0  # the next round begins in an hour
    an_hour_later(engine)
    reader.whole()
    assert reader.told == (2 * (CASES - 1), 2 * len(CHANGES))
    assert stored(engine).keys() == {True}


def test_an_empty_store_is_no_round_and_its_first_cases_are_read_at_once(
    engine: Engine, feeder: Feeder, located: Located
) -> None:
    reader = Counted(engine)
    assert reader.turn() > 0
    assert not stored(engine)
    feeder.store(located())
    reader.whole()
    assert reader.told == (1, 0)
    assert stored(engine)[True].cases == 1


def test_doctor_names_what_the_round_found(
    city: TestDatabase, engine: Engine, owner: psycopg.Connection, cases: list[str]
) -> None:
    def finding() -> findings.Finding:
        with psycopg.connect(city.url) as connection:
            (found,) = (one for one in findings._database(connection) if one.what == "histories")
        return found

    assert finding().verdict is findings.Verdict.WELL
    tamper(owner, "tail", cases[0])
    Counted(engine).turn()
    assert finding().verdict is findings.Verdict.WRONG
    number = number_of(engine, cases[0])
    assert f"case {number} seq 2: the case row says 2 events" in finding().detail


def test_an_event_that_cannot_be_read_and_has_no_case_row_holds_nothing_up(
    engine: Engine, owner: psycopg.Connection, cases: list[str], lines: list[dict[str, Any]]
) -> None:
    gone = [cases[0], cases[9], cases[-1]]
    for case in gone:
        tamper(owner, "never", case)
        tamper(owner, "row", case)
    reader = Counted(engine)
    reader.whole()
    assert reader.told == (CASES - len(gone), len(gone))
    assert [(one["case"], one["seq"]) for one in lines] == [
        (case.replace("-", ""), 1) for case in gone
    ]


def test_what_is_written_while_a_page_is_read_breaks_nothing(
    engine: Engine, city: TestDatabase, cases: list[str], feeder: Feeder, located: Located
) -> None:
    apart = connect_engine(city.url, role="test")
    written: list[int] = []

    @event.listens_for(apart, "after_cursor_execute")
    def write(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        # Between the heads of a page and its events, on a connection of its own.
        if 'from "case"' in statement and "limit" in statement:
            feeder.store(*(located(lat=26.36 + n * 0.004) for n in range(CASES + 2)))
            written.append(1)

    reader = Counted(apart)
    reader.whole()
    apart.dispose()
    assert len(written) > CASES / 4
    assert reader.told == (CASES + 2, 0)
    assert stored(engine)[True].events > CASES * 4


# How many cases and events a page has at most, and how many pages it takes then; a page that is
# full does not know yet that it was the last.
PAGES = {(1, 100): 31, (3, 100): 11, (7, 100): 5, (1000, 1): 30, (1000, 5): 10, (1000, 1000): 1}


def test_no_page_boundary_loses_a_case(
    engine: Engine, owner: psycopg.Connection, cases: list[str]
) -> None:
    # Half of the cases were opened in the month before.
    for table, key in (("case_event", "case_id"), ('"case"', "id")):
        owner.execute(
            f"update {table} set opened_month = opened_month - interval '1 month' "  # noqa: S608
            f"where {key} = any(%s::uuid[])".encode(),
            [cases[::2]],
        )
    for (most_cases, most_events), pages in PAGES.items():
        reader = Counted(engine, most_cases, most_events)
        assert reader.whole() == pages
        assert reader.told == (CASES, 0)
        assert stored(engine)[True].events == 2 * CASES
        an_hour_later(engine)
    owner.execute("update case_event set actor = 'somebody' where seq = 1")
    for most_cases, most_events in PAGES:
        reader = Counted(engine, most_cases, most_events)
        reader.whole()
        assert reader.told == (CASES, CASES)
        an_hour_later(engine)


def test_a_page_finds_what_the_command_finds_however_much_is_broken(
    engine: Engine, owner: psycopg.Connection, cases: list[str], monkeypatch: pytest.MonkeyPatch,
    lines: list[dict[str, Any]],
) -> None:  # fmt: skip
    monkeypatch.setattr(audit, "MOST_BREAKS", 3)
    for case in cases[:10] + cases[-5:]:  # also behind the last case that has a row
        tamper(owner, "row", case)
    for case in cases[12:20]:
        tamper(owner, "pair", case)
    reader = Counted(engine, 7)
    reader.whole()
    with transaction(engine) as connection:
        whole = [
            (one.case_id.hex if one.number == GONE else one.number, one.seq, one.wrong)
            for one in verify(connection, Tally())
        ]
    assert len(whole) == 23
    assert [(one["case"], one["seq"], one["reason"]) for one in lines] == whole
    assert reader.counts["chain_verify_failures_total"] == 23


def test_a_round_goes_on_where_it_was(
    engine: Engine, owner: psycopg.Connection, cases: list[str]
) -> None:
    tamper(owner, "pair", cases[1])
    first = Counted(engine, cases=5)
    for _ in range(2):
        first.turn()
    assert first.told == (10, 1)
    running = stored(engine)[False]
    assert (str(running.case_id), running.cases, running.events) == (cases[9], 10, 20)
    second = Counted(engine, cases=5)
    second.whole()
    assert second.told == (CASES - 10, 0)
    over = stored(engine)[True]
    assert (over.cases, over.broken, over.began_at) == (CASES, 1, running.began_at)
    assert over.first_number == running.first_number == number_of(engine, cases[1])


def test_one_process_at_a_time_reads_and_outlives_a_lost_server(
    engine: Engine, city: TestDatabase, cases: list[str], owner: psycopg.Connection
) -> None:
    own = connect_engine(city.url, role="verify", pool_size=1)
    reader = Counted(own)
    stop = Stop()
    with lane(engine, VERIFY, 0) as held, reader.verifier.beside(stop):
        assert held is not None
        time.sleep(0.2)  # long enough for a round
        assert stored(engine) == {}
        held.invalidate()
        eventually(lambda: stored(engine).keys() == {True})
        assert reader.told == (CASES, 0)
        owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'wangge-verify' and datname = current_database()"
        )
        an_hour_later(engine)
        eventually(lambda: reader.told == (2 * CASES, 0))
        began = time.monotonic()
    assert time.monotonic() - began < 1


def test_the_auditor_sees_the_rounds_and_changes_none(city: TestDatabase) -> None:
    with psycopg.connect(city.auditor_url) as auditor:
        assert auditor.execute("select * from chain_round").fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            auditor.execute("delete from chain_round")


def test_a_command_that_meets_what_cannot_be_read_says_so_and_where_to_look(
    cases: list[str], owner: psycopg.Connection, city: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(owner, "never", cases[0])
    monkeypatch.setenv("WANGGE_DATABASE_URL", city.url)
    found = run_wangge("audit", "verify")
    assert found.exit_code == 1
    assert isinstance(found.exception, DispatchError)
    assert "cannot even be read (DataError)" in str(found.exception)
    assert "wangge doctor" in str(found.exception)
