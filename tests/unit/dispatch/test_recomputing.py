"""Which clocks of a case follow a newer calendar."""

from datetime import UTC, date, datetime, timedelta

import orjson

from dispatch.cases.history import CaseEvent
from dispatch.cases.ledger import Ledger
from dispatch.cases.rebuilding import differences, rebuild
from dispatch.catalogue.definitions import load_definitions
from dispatch.changing.recomputing import ClockRules, by_newest, follow
from tests.unit.dispatch.test_rebuilding import OPENED, history
from tests.unit.workflows.test_newer_calendar import calendar
from workflows.calendar import Calendars
from workflows.deadlines import start_clock
from workflows.limits import parse_limit

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
OLD, NEW = calendar(1, []), calendar(2, [date(2026, 3, 2)])
LIMIT = parse_limit("4 工作时")


def test_a_clock_that_runs_follows_and_one_that_stands_stays() -> None:
    runs = start_clock("handle", LIMIT, START, OLD, None)
    stands = start_clock("accept", LIMIT, START, OLD, None).stop(START)
    first, second = by_newest((stands, runs), {"yz": NEW})
    assert first is stands
    assert (second.calendar, second.due_at) == ("yz@2", runs.by_calendar(NEW).due_at)


def test_what_runs_by_the_newest_or_by_another_calendar_is_left_alone() -> None:
    clock = start_clock("handle", LIMIT, START, OLD, None)
    assert by_newest((clock,), {"yz": OLD, "cn": NEW}) == (clock,)
    assert by_newest((clock,), {}) == (clock,)


def test_a_clock_of_natural_hours_keeps_its_moment_and_names_the_newer_version() -> None:
    clock = start_clock("handle", parse_limit("2 紧急工作时"), START, OLD, None)
    (after,) = by_newest((clock,), {"yz": NEW})
    assert (after.due_at, after.calendar) == (clock.due_at, "yz@2")


def test_a_case_that_follows_is_what_its_history_tells_and_its_timer_is_the_new_one() -> None:
    clock = start_clock("handle", LIMIT, START, OLD, "d-1").at_rung(1)
    begun = history({**OPENED, "deadlines": [clock.to_json()]})
    case = rebuild(begun).case
    rules = ClockRules(
        newest={"yz": NEW}, calendars=Calendars(NEW, [OLD]), definitions=load_definitions()
    )
    ledger = Ledger()
    at = START + timedelta(days=300)
    follow(rules, ledger, case, by_newest(case.deadlines, rules.newest), at)

    (row,) = ledger._events
    month, _, seq, type_, _, actor, body, _, _ = row
    event = CaseEvent(
        case_id=case.id, opened_month=month, seq=seq, type=type_, at=case.last_at, actor=actor,
        body=orjson.loads(body), previous_hash=begun[-1].hash, hash=case.head_hash,
    )  # fmt: skip
    told = rebuild([*begun, event]).case
    assert differences(case, told) == []
    assert (told.version, told.seq) == (2, 2)
    assert (told.deadlines[0].calendar, told.deadlines[0].rung) == ("yz@2", 1)
    assert told.due_at == clock.by_calendar(NEW).due_at
    assert event.body["was_deadlines"] == [clock.to_json()]
    (change,) = ledger._changes.values()
    assert change.timer_set
    assert change.replaced
    assert change.timer is not None
    assert (change.timer.rung, change.timer.due_at) == (1, told.due_at)
