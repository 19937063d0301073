"""Suspension 挂账 and deferral 缓办 until a chosen day, and the system that ends them by itself."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.workflows.desk import Desk, local
from tests.unit.workflows.test_definition import check_refused, drop, set_at
from workflows import (
    Actor,
    Deadline,
    FieldsMissing,
    NotPossible,
    explain,
)

SPRING = local("2027-03-01T08:00")


def handling(desk: Desk) -> Desk:
    desk.open_dispatched(2)  # 2 工作日 from Wednesday 2026-09-16 08:00
    desk.act("start", "handler")
    desk.wait(hours=3)
    return desk


def test_a_suspended_case_goes_on_by_itself_with_the_time_that_was_left(desk: Desk) -> None:
    handling(desk)
    suspended = desk.act("suspend", "dispatcher", until=SPRING)
    assert desk.state == "suspended"
    assert suspended.events[0].body["moments"] == {"until": "2027-03-01T00:00:00.000000Z"}
    assert desk.clock("handle").due_at is None
    assert desk.clock("suspend").due_at == SPRING
    assert suspended.timer is not None
    assert (suspended.timer.stage, suspended.timer.due_at) == ("suspend", SPRING)
    desk.now = SPRING - timedelta(microseconds=1)
    assert desk.fire().events == ()
    assert desk.state == "suspended"
    desk.now = SPRING
    resumed = desk.fire()
    assert (desk.state, resumed.raises_version) == ("handling", True)
    (event,) = resumed.events
    assert event.type == "wangge.case.resumed.v1"
    assert (event.body["role"], event.body["tell"]) == ("system", "department")
    assert event.body["came_due"] == {
        "stage": "suspend", "rung": 0, "at": "1", "due_at": "2027-03-01T00:00:00.000000Z",
        "late_s": 0,
    }  # fmt: skip
    # 13 of 16 hours were left on Monday 08:00: 8 that day, 5 on Tuesday.
    assert desk.clock("handle").due_at == local("2027-03-02T15:00")
    assert not desk.clock("suspend").running
    assert desk.fire().events == ()


def test_a_resumption_that_was_missed_comes_late_and_counts_from_then(desk: Desk) -> None:
    handling(desk)
    desk.act("suspend", "dispatcher", until=SPRING)
    desk.now = SPRING + timedelta(hours=1)
    assert desk.fire().events[0].body["came_due"]["late_s"] == 3600
    assert desk.clock("handle").due_at == local("2027-03-02T16:00")


def test_somebody_may_end_a_suspension_before_its_day(desk: Desk) -> None:
    handling(desk)
    desk.act("suspend", "supervisor", until=SPRING)
    desk.wait(days=1)
    desk.act("resume", "dispatcher")
    assert desk.state == "handling"
    desk.now = SPRING
    assert desk.last.timer is not None
    assert desk.last.timer.stage == "handle"


def test_a_suspension_is_granted_once_and_never_once_overdue(desk: Desk) -> None:
    handling(desk)
    desk.act("suspend", "dispatcher", until=SPRING)
    desk.act("resume", "dispatcher")
    with pytest.raises(NotPossible, match="once already") as refused:
        desk.act("suspend", "dispatcher", until=SPRING)
    assert refused.value.words is not None
    assert refused.value.words.zh == "已挂账一次"


def test_an_overdue_case_is_not_suspended(desk: Desk) -> None:
    handling(desk)
    desk.wait(days=9)
    with pytest.raises(NotPossible, match="overdue"):
        desk.act("suspend", "dispatcher", until=desk.now + timedelta(days=1))


@pytest.mark.parametrize(
    ("until", "wrong"),
    [
        (None, "is required"),
        ("2027-03-01T08:00:00Z", "must be a moment"),
        (local("2026-09-16T11:00"), "must lie ahead"),
        (local("2027-09-17T11:00:01"), "must be within 366 days"),
    ],
)
def test_the_day_must_lie_ahead_by_a_year_at_most(desk: Desk, until: object, wrong: str) -> None:
    handling(desk)
    with pytest.raises(FieldsMissing) as missing:
        desk.act("suspend", "dispatcher", until=until)
    assert missing.value.errors == (("until", wrong),)
    with pytest.raises(FieldsMissing, match="reason"):
        desk.act("suspend", "dispatcher", until=SPRING, reason="　")


def test_nothing_is_handled_while_it_is_suspended(desk: Desk) -> None:
    handling(desk)
    desk.act("suspend", "dispatcher", until=SPRING)
    handler = Actor(id="h1", role="handler", department="LIGHTS")
    assert desk.offered(handler) == ()
    with pytest.raises(NotPossible, match="possible are"):
        desk.act("feedback", "handler")


def test_a_deferred_case_returns_to_dispatching_with_a_fresh_clock(desk: Desk) -> None:
    desk.open()
    desk.act("file", "acceptor")
    desk.act("defer", "dispatcher", until=SPRING)
    assert desk.state == "deferred"
    desk.now = SPRING
    desk.fire()
    assert desk.state == "filed"
    assert desk.clock("dispatch").due_at == SPRING + timedelta(minutes=15)
    with pytest.raises(NotPossible, match="once already"):
        desk.act("defer", "dispatcher", until=SPRING + timedelta(days=1))


def test_the_clock_until_a_day_is_stored_and_explained(desk: Desk) -> None:
    handling(desk)
    desk.act("suspend", "dispatcher", until=SPRING)
    clock = desk.clock("suspend")
    assert Deadline.from_json(clock.to_json()) == clock
    assert (clock.limit, clock.clock.value) == ("2027-03-01T00:00:00.000000Z", "until")
    (span,) = explain(clock, desk.calendars)
    assert (span.counted, span.from_, span.to) == (True, desk.now, SPRING)
    newer = desk.calendars.current
    assert clock.by_calendar(newer) is clock


def test_a_worker_is_assigned_and_must_be_taken_back_before_the_case_is_returned(
    desk: Desk,
) -> None:
    desk.open_dispatched()
    assigned = desk.act("assign", "handler", worker="w7")
    assert (desk.marks["assignee"], assigned.raises_version) == ("w7", False)
    assert assigned.events[0].body["marks"] == {"assignee": "w7"}
    with pytest.raises(NotPossible, match="take the assignment back"):
        desk.act("return", "handler")
    desk.act("assign", "handler", worker="w8")
    assert desk.marks["assignee"] == "w8"
    desk.act("assign", "handler")
    assert "assignee" not in desk.marks
    desk.act("return", "handler")
    assert desk.state == "returned"


@pytest.mark.parametrize("worker", ["", " ", 7])
def test_an_account_that_is_none_is_refused(desk: Desk, worker: object) -> None:
    desk.open_dispatched()
    with pytest.raises(FieldsMissing, match="worker"):
        desk.act("assign", "handler", worker=worker)


def test_taking_an_assignment_back_voids_what_the_worker_asked_for(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("assign", "handler", worker="w7")
    desk.act("request-extension", "handler")
    desk.act("assign", "handler")
    assert desk.marks == {}
    with pytest.raises(NotPossible, match="no extension"):
        desk.act("approve-extension", "dispatcher")


def test_a_rung_whose_action_is_refused_tells_and_stops_no_clock(
    desk: Desk, definition_document: dict[str, Any]
) -> None:
    # No case comes there by the definition's own ways: this one lost its condition.
    handling(desk)
    desk.act("suspend", "dispatcher", until=SPRING)
    desk.condition = None
    desk.now = SPRING
    (event,) = desk.fire().events
    assert event.type == "wangge.case.escalated.v1"
    assert event.body["tell"] == "department"
    assert "no filing condition" in event.body["refused"]
    assert (desk.state, desk.last.timer) == ("suspended", None)


BAD = {
    "a rung that does nothing": (
        drop("ladders", "resumption", 0, "action"),
        r"ladders\.resumption\[0\]: does nothing",
    ),
    "a rung after one that acts": (
        set_at("ladders", "standard", 1, "action", "resume"),
        r"ladders\.standard: goes on after a rung with an action",
    ),
    "a rung that acts before the limit": (
        set_at("ladders", "resumption", 0, "at", "0.5"),
        r"ladders\.resumption: must have one rung at the whole limit",
    ),
    "a rung of an unknown action": (
        set_at("ladders", "resumption", 0, "action", "sing"),
        r"stages\.suspend\.ladder: does the unknown action 'sing'",
    ),
    "a rung of an action that the system may not do": (
        set_at("actions", "resume", "steps", 0, "roles", ["dispatcher"]),
        r"stages\.suspend\.ladder: does resume where the system may not",
    ),
    "a rung whose action asks for more": (
        set_at("ladders", "resumption", 0, "action", "force-close"),
        r"stages\.suspend\.ladder: does force-close where the system may not",
    ),
    "a rung whose action needs a field": (
        set_at("actions", "resume", "fields", {"text": {
            "type": "text", "required": True, "label": {"zh": "文", "en": "text"}}}),
        r"does resume, which asks for more than the system can know",
    ),
    "a chosen limit without the moment": (
        set_at("actions", "suspend", "fields", "until", "required", False),
        r"actions\.suspend\.fields: must have a required field of the type moment",
    ),
    "a chosen limit that goes on": (
        set_at("stages", "suspend", "again", "continues"),
        r"stages\.suspend\.again: must be fresh",
    ),
    "two moments": (
        set_at("actions", "suspend", "fields", "since", {
            "type": "moment", "required": True, "label": {"zh": "起", "en": "since"}}),
        r"actions\.suspend\.fields: has two fields of the type moment",
    ),
    "days for what is no moment": (
        set_at("actions", "assign", "fields", "worker", "within_days", 3),
        r"fields\.worker\.within_days: must be given for the type moment only",
    ),
    "an account kept that nobody gives": (
        set_at("actions", "sign", "marks", {"assignee": "given"}),
        r"actions\.sign\.marks: keep the account that was given",
    ),
    "a guard for the same person as a number": (
        set_at("actions", "feedback", "when", [
            {"mark": "returns", "same": True, "refusal": {"zh": "否", "en": "no"}}]),
        r"actions\.feedback\.when: asks for the mark returns, which no action names somebody in",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_definition_whose_waiting_could_not_end_is_refused(
    case: str, definition_document: dict[str, Any]
) -> None:
    check_refused(definition_document, *BAD[case])
