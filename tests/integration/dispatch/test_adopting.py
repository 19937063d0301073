"""Open cases go over to another version of their workflow: by command, and by one event each."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from dispatch.cases.audit import Tally as Counted
from dispatch.cases.audit import verify
from dispatch.cases.case import Case
from dispatch.cases.rebuilding import Standing
from dispatch.catalogue.definitions import load_definitions
from dispatch.catalogue.knowledge import load_known
from dispatch.catalogue.stored import load_calendars, load_catalogue
from dispatch.changing.adopting import (
    AdoptingRules,
    Tally,
    adopt,
    cases_under,
    chosen,
    pair,
    preview,
)
from dispatch.desk.desk import ActionRequest, Desk
from dispatch.desk.rules import DeskRules, desk_reach
from dispatch.engine.ingest import Ingest
from dispatch.engine.rules import engine_rules
from dispatch.errors import ConfigurationError
from dispatch.reading.reading import case_as_of, find_case
from dispatch.reports.photos import PhotoStore
from dispatch.settings import Settings
from dispatch.storage.database import transaction
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.live import Live
from tests.integration.dispatch.test_calendars import quiet, rows, state
from tests.integration.dispatch.test_desk import who
from workflows.errors import NotPossible
from workflows.replaying import MIGRATED

# Back to version 1, which knows less: so there is something that does not fit.
OLD, NEW = "urban_management@2", "urban_management@1"
FIRST = Settings(definition=(NEW,))


def rules(engine: Engine, old: str = OLD, new: str = NEW) -> AdoptingRules:
    before, after = pair(load_definitions(), old, new)
    with transaction(engine) as connection:
        return AdoptingRules(
            old=before,
            new=after,
            calendars=load_calendars(connection, "yongzhou"),
            categories=load_catalogue(connection).categories,
        )


def act(engine: Engine, photos: Path, text_: str, role: str, name: str, **fields: Any) -> None:
    """Somebody acts on the case whose report says `text_`."""
    with transaction(engine) as connection:
        desk_rules = DeskRules(
            definitions=load_definitions(),
            calendars=load_calendars(connection, "yongzhou"),
            known=load_known(connection),
            opening={},
            number_prefix="YZ",
            zone=Settings().timezone,
            inspection="anyone",
            reach=desk_reach(Settings(), connection),
        )
        case = connection.execute(
            text("""select c.id, c.version from "case" c join report r on r.case_id = c.id
                where r.text = :text"""),
            {"text": text_},
        ).one()
    request = ActionRequest(name=name, version=case.version, reason="查", fields=fields)
    Desk(engine, PhotoStore(photos, 1000)).act(
        desk_rules, who(role), str(case.id), request, lambda _connection, _case: b""
    )


@pytest.fixture
def worked(feeder: Feeder, located: Located, engine: Engine, tmp_path: Path) -> Engine:
    """A case that waits, one dispatched, one that version 1 could not have written, a closed one;
    and one that keeps version 1.
    """
    feeder.store(
        located(source="public", text="waits"),
        located(lat=26.43, text="dispatched"),
        located(lat=26.44, source="public", text="strange"),
        located(lat=26.45, source="public", text="rejected"),
    )
    with transaction(engine) as connection:
        feeder.ingest = Ingest(engine_rules(FIRST, connection), "YZ", "engine")
    feeder.store(located(lat=26.46, text="first"))
    act(engine, tmp_path, "strange", "acceptor", "verify")
    act(engine, tmp_path, "rejected", "acceptor", "reject")
    return engine


def told(tally: Tally) -> tuple[int, list[tuple[int, str]]]:
    return tally.moved, [(one.seq, one.type) for one in tally.left]


STRANGE = (2, [(2, "wangge.case.verification-requested.v1")])


def test_cases_whose_history_replays_go_over_once_and_the_others_are_told(worked: Engine) -> None:
    asked, stood = rules(worked), state(worked)
    before = {row.id: row for row in rows(worked, 'select * from "case"')}
    with transaction(worked) as connection:
        ids = cases_under(connection, asked.old)
        assert told(preview(connection, asked, ids)) == STRANGE
    assert state(worked) == stood
    assert told(adopt(worked, asked, ids, quiet)) == STRANGE

    after = rows(worked, 'select * from "case"')
    moved = [row for row in after if row != before[row.id]]
    assert len(moved) == 2
    for row in moved:
        old = before[row.id]
        assert (old.definition, row.definition) == (OLD, NEW)
        assert (row.version, row.seq, row.state) == (old.version + 1, old.seq + 1, old.state)
        assert (row.deadlines, row.due_at, row.department) == (
            old.deadlines, old.due_at, old.department,
        )  # fmt: skip
    events = [one for one in rows(worked, "select * from case_event") if one.type == MIGRATED]
    assert {event.case_id for event in events} == {row.id for row in moved}
    assert {(event.body["from"], event.body["to"]) for event in events} == {(OLD, NEW)}
    timers = {timer.case_id: timer for timer in rows(worked, "select * from timer")}
    assert all(timers[row.id].generation == row.seq for row in moved)
    published = rows(worked, "select case_id, last_seq from outbox where first_seq = last_seq")
    assert {(row.id, row.seq) for row in moved} <= {
        (one.case_id, one.last_seq) for one in published
    }
    with transaction(worked) as connection:
        assert [found.wrong for found in verify(connection, Counted())] == []
        # As it stood before, a case keeps what it had then.
        case, standing = case_before(connection, moved[0].id)
        assert (case.definition, standing.case.definition) == (NEW, OLD)

    stood = state(worked)
    assert told(adopt(worked, asked, ids, quiet)) == (0, STRANGE[1])
    assert state(worked) == stood


def case_before(connection: Any, case_id: Any) -> tuple[Case, Standing]:
    """A case, and how it stood before its last event."""
    case = find_case(connection, str(case_id))
    assert case is not None
    standing = case_as_of(connection, case, case.last_at - timedelta(microseconds=1))
    assert standing is not None
    return case, standing


def test_a_case_that_went_over_runs_under_the_new_version(worked: Engine, tmp_path: Path) -> None:
    asked = rules(worked)
    with transaction(worked) as connection:
        ids = cases_under(connection, asked.old)
    adopt(worked, asked, ids, quiet)
    with pytest.raises(NotPossible):
        act(worked, tmp_path, "waits", "acceptor", "verify")
    act(worked, tmp_path, "waits", "acceptor", "accept")
    with transaction(worked) as connection:
        assert [found.wrong for found in verify(connection, Counted())] == []


def test_one_case_is_named_by_its_number(worked: Engine) -> None:
    asked = rules(worked)
    numbers = {row.text: row.number for row in rows(worked, """
        select r.text, c.number from report r join "case" c on c.id = r.case_id""")}  # fmt: skip
    with transaction(worked) as connection:
        ids = chosen(connection, asked, numbers["waits"])
        assert len(ids) == 1
        assert chosen(connection, asked, numbers["first"]) == []  # it is there already
        for name, says in (("rejected", "is closed"), ("", "there is no case YZ0")):
            with pytest.raises(ConfigurationError, match=says):
                chosen(connection, asked, numbers.get(name, "YZ0"))
    assert told(adopt(worked, asked, ids, quiet)) == (1, [])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("nope@1", NEW, "there is no workflow definition nope@1; known are: .*urban_management@1"),
        (OLD, "urban_management@99", "there is no workflow definition urban_management@99"),
        (OLD, OLD, "named twice"),
        (OLD, "public_service@1", "is of the line urban_management and public_service@1 of public"),
    ],
)
def test_two_versions_of_one_line_are_asked_for(old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        pair(load_definitions(), old, new)


@pytest.mark.long
def test_the_command_does_it(live: Live, worked: Engine) -> None:
    dry = live.wangge("workflow", "migrate", OLD, NEW, "--dry-run")
    assert (dry.returncode, "2 open cases would go over" in dry.stdout) == (1, True), dry.stderr
    done = live.wangge("workflow", "migrate", OLD, NEW)
    assert (done.returncode, "2 open cases went over" in done.stdout) == (1, True), done.stderr
    assert f"event 2 ({STRANGE[1][0][1]}): no action of {NEW} writes it" in done.stdout
    assert "0 open cases went over" in live.wangge("workflow", "migrate", OLD, NEW).stdout
