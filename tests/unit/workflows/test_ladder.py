from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.workflows.desk import Desk, local
from workflows import Calendars, Category, Deadline, Definition, WorkflowError, explain


def rungs(desk: Desk) -> list[tuple[str, Any, Any]]:
    fired = [(t, body) for t, body in desk.events if "rung" in body]
    return [(t.split(".")[2], body["rung"], body["notify"]) for t, body in fired]


def test_the_ladder_climbs_from_the_holder_to_the_city_centre(desk: Desk) -> None:
    desk.open_dispatched()  # 1 工作日 from Wednesday 08:00
    moments = []
    while desk.last.timer is not None:
        desk.now = desk.last.timer.due_at
        moments.append(desk.now)
        assert not desk.fire().raises_version
    assert moments == [
        local("2026-09-16T16:24"),
        local("2026-09-16T18:00"),
        local("2026-09-17T12:00"),
        local("2026-09-17T18:00"),
    ]
    bodies = [body for _, body in desk.events if "rung" in body]
    assert [body["tell"] for body in bodies] == [
        "holder",
        "department",
        "district_centre",
        "city_centre",
    ]
    assert rungs(desk) == [
        ("reminded", 0, True),
        ("overdue", 1, True),
        ("escalated", 2, True),
        ("escalated", 3, True),
    ]
    assert {body["late_s"] for body in bodies} == {0}


def test_rungs_missed_in_an_outage_fire_in_order_and_only_the_highest_notifies(desk: Desk) -> None:
    desk.open_dispatched()
    desk.now = local("2026-09-17T12:00:05")
    decision = desk.fire()
    assert rungs(desk) == [("reminded", 0, False), ("overdue", 1, False), ("escalated", 2, True)]
    assert [event.body["late_s"] for event in decision.events] == [70_565, 64_805, 5]
    assert decision.timer is not None
    assert decision.timer.rung == 3


def test_a_rung_has_one_effect(desk: Desk) -> None:
    desk.open_dispatched()
    desk.now = local("2026-09-16T18:00")
    assert len(desk.fire().events) == 2
    assert desk.fire().events == ()


def test_a_timer_that_comes_early_fires_nothing_and_says_when(desk: Desk) -> None:
    opened = desk.open_dispatched()
    assert opened.timer is not None
    desk.now = opened.timer.due_at - timedelta(microseconds=1)
    decision = desk.fire()
    assert (decision.events, decision.timer) == ((), opened.timer)
    assert decision.deadlines == opened.deadlines


def test_a_clock_that_stands_fires_nothing(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("start", "handler")
    desk.act("feedback", "handler")
    desk.wait(days=30)
    assert {body["stage"] for t, body in desk.events[3:]} == set()
    desk.fire()
    assert {body["stage"] for t, body in desk.events if "rung" in body} == {"inspect"}


def test_a_voided_case_fires_nothing(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("void", "supervisor")
    desk.wait(days=30)
    decision = desk.fire()
    assert (decision.events, decision.timer) == ((), None)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 3 * 86_400), max_size=8),
    st.sampled_from([1, 2, 3]),
    st.integers(0, 200 * 86_400),
)
def test_every_ladder_ends_and_each_rung_fires_once_in_order_and_never_early(
    definition: Definition,
    calendars: Calendars,
    categories: dict[str, Category],
    waits: list[int],
    row: int,
    start: int,
) -> None:
    desk = Desk(definition, calendars, categories)
    desk.now = local("2026-01-05T00:00") + timedelta(seconds=start)
    desk.open_dispatched(row)
    begun = desk.now
    limit = timedelta(microseconds=desk.row(row).limit.micros)
    for wait in [*waits, 60 * 86_400]:
        desk.wait(seconds=wait)
        for event in desk.fire().events:
            ladder = definition.stages["handle"].ladder_of(desk.row(row).urgent)
            at = ladder[event.body["rung"]].at
            counted = calendars.current.counted(begun, desk.now, desk.row(row).limit.clock)
            assert counted * at.denominator >= limit * at.numerator
    numbers = [number for _, number, _ in rungs(desk)]
    assert numbers == [0, 1, 2, 3]
    assert desk.last.timer is None


def test_a_deadline_explains_itself_with_its_pauses(desk: Desk) -> None:
    desk.open_dispatched()
    desk.wait(hours=3)
    desk.act("return", "handler")
    desk.wait(hours=4)
    desk.act("dispatch", "dispatcher")
    deadline = desk.clock("handle")
    spans = explain(deadline, desk.calendars)
    assert (spans[0].from_, spans[-1].to) == (local("2026-09-16T08:00"), deadline.due_at)
    assert all(one.to == other.from_ for one, other in pairwise(spans))
    counted = sum((s.to - s.from_ for s in spans if s.counted), timedelta())
    assert counted == timedelta(hours=8)
    paused = [s for s in spans if s.why.zh == "暂停计时"]
    assert [(s.from_, s.to) for s in paused] == [
        (local("2026-09-16T11:00"), local("2026-09-16T15:00"))
    ]


def test_a_standing_clock_explains_what_it_ran(desk: Desk) -> None:
    desk.open_dispatched()
    desk.wait(hours=3)
    desk.act("return", "handler")
    spans = explain(desk.clock("handle"), desk.calendars)
    assert [(s.from_, s.to, s.counted) for s in spans] == [
        (local("2026-09-16T08:00"), local("2026-09-16T11:00"), True)
    ]


def test_a_stored_deadline_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(WorkflowError, match="cannot be read"):
        Deadline.from_json({"stage": "handle"})


def urgent(desk: Desk) -> Desk:
    """A cover that is gone: 2 紧急工作时."""
    desk.category = "P0101"
    assert desk.row().urgent
    return desk


def test_an_urgent_case_is_told_to_both_centres_at_once_and_when_it_is_overdue(desk: Desk) -> None:
    opened = urgent(desk).open_dispatched()
    assert opened.timer is not None
    assert opened.timer.due_at - desk.now == timedelta(seconds=7.2)
    while desk.last.timer is not None:
        desk.now = desk.last.timer.due_at
        desk.fire()
    bodies = [body for _, body in desk.events if "rung" in body]
    assert [body["tell"] for body in bodies] == [
        "both_centres",
        "holder",
        "both_centres",
        "both_centres",
    ]
    assert [name for name, _, _ in rungs(desk)] == ["escalated", "reminded", "overdue", "escalated"]
    assert desk.now - desk.clock("handle").started_at == timedelta(hours=3)


def test_only_handling_hastens_for_an_urgent_case(desk: Desk) -> None:
    urgent(desk).open()
    desk.act("file", "acceptor")
    desk.wait(hours=1)
    desk.fire()
    assert {body["tell"] for _, body in desk.events if "rung" in body} == {
        "holder",
        "department",
        "district_centre",
        "city_centre",
    }


@pytest.mark.parametrize("category", ["P0101", "P0137"])
def test_the_ladder_is_armed_again_when_a_case_is_reopened(desk: Desk, category: str) -> None:
    desk.category = category
    for _ in range(2):
        desk.fire()
        if desk.state == "closed":
            desk.act("reopen", "supervisor")
            desk.act("dispatch", "dispatcher")
        else:
            desk.open_dispatched()
        desk.wait(days=30)
        desk.fire()
        desk.act("force-close", "supervisor")
    handling = [
        body["rung"] for _, body in desk.events if "rung" in body and body["stage"] == "handle"
    ]
    assert handling == [0, 1, 2, 3] * 2


def test_an_extension_does_not_tell_the_centres_of_an_urgent_case_again(desk: Desk) -> None:
    urgent(desk).open_dispatched()
    desk.wait(hours=1, minutes=50)  # the reminder has fired as well
    desk.fire()
    desk.act("request-extension", "handler")
    desk.act("approve-extension", "dispatcher")
    desk.wait(hours=2)
    desk.fire()
    assert [number for _, number, _ in rungs(desk)] == [0, 1, 1]


def test_a_case_that_becomes_urgent_begins_its_ladder_anew(desk: Desk) -> None:
    desk.category = "P0101"
    ordinary = next(row.code for row in desk.categories["P0101"].conditions if not row.urgent)
    desk.open_dispatched(int(ordinary.rpartition("-")[2]))
    desk.wait(minutes=1)
    desk.fire()
    desk.act("reclassify", "dispatcher", condition=desk.row(1))
    desk.fire()
    assert rungs(desk) == [("escalated", 0, True)]
