"""Desk operations of the other lines: suspended, assigned, joint, merged, split."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.workflows.desk import Desk, local
from workflows import (
    DEFINITIONS,
    Actor,
    Calendars,
    Category,
    FieldsMissing,
    Filing,
    NotAllowed,
    NotPossible,
    load_definition,
    read_document,
)
from workflows.definition import Office
from workflows.replaying import replay

OFFICES = {
    Office.DISTRICT_DEPARTMENT: "D", Office.CITY_DEPARTMENT: "C", Office.CITY_CENTRE: "Z",
}  # fmt: skip
STATION, DISTRICT, HELPER = (
    Actor(id=f"h-{code}", role="handler", department=code) for code in ("S", "D", "H")
)
FRIDAY = local("2026-09-18T08:00")


def line_desk(
    name: str, category: str, calendars: Calendars, categories: dict[str, Category]
) -> Desk:
    definition = load_definition(read_document(DEFINITIONS / f"{name}.yaml"))
    desk = Desk(definition, calendars, categories)
    desk.category, desk.now = category, local("2026-09-14T08:00")
    desk.office = OFFICES.get
    return desk


@pytest.fixture
def dispute(calendars: Calendars, categories: dict[str, Category]) -> Desk:
    """A dispute of 3 工作日, reported on Monday at eight."""
    return line_desk("social_governance", "M0701", calendars, categories)


@pytest.fixture
def permit(calendars: Calendars, categories: dict[str, Category]) -> Desk:
    """A residence permit of 5 工作日, asked for on Monday at eight."""
    return line_desk("public_service", "M5201", calendars, categories)


def dispatched(desk: Desk) -> Desk:
    desk.open(Filing(condition=desk.row(), department="S"))
    return desk


def jointly(desk: Desk) -> Desk:
    desk.open()
    desk.act("file", "acceptor", condition=desk.row())
    desk.act("joint-dispatch", "dispatcher", department="S", assistants=["H"])
    return desk


def replayed(desk: Desk) -> tuple[str, Any]:
    found = replay(desk.definition, desk.history)
    return found.state, found.marks


@pytest.mark.parametrize(
    ("level", "state", "stage"), [(0, "first_level", "first"), (1, "at_district", "district")]
)
def test_a_suspended_matter_goes_back_to_its_level_with_the_time_left(
    dispute: Desk, level: int, state: str, stage: str
) -> None:
    dispatched(dispute)
    for _ in range(level):
        dispute.act("pass-up", STATION)
    due = dispute.clock(stage).due_at
    dispute.wait(hours=2)
    with pytest.raises(FieldsMissing, match="until"):
        dispute.act("suspend", "dispatcher", until=None)
    dispute.act("suspend", "dispatcher", until=FRIDAY)
    assert (dispute.state, dispute.clock(stage).due_at) == ("suspended", None)
    assert dispute.marks["suspended_at"] == state
    dispute.now = FRIDAY
    dispute.fire()
    assert (dispute.state, dispute.events[-1][1]["role"]) == (state, "system")
    assert "suspended_at" not in dispute.marks
    # Two of the hours were used before.
    left = dispute.calendars.current.counted(
        dispute.now, dispute.clock(stage).due_at, dispute.clock(stage).clock
    )
    whole = dispute.calendars.current.counted(
        local("2026-09-14T08:00"), due, dispute.clock(stage).clock
    )
    assert whole - left == timedelta(hours=2)
    with pytest.raises(NotPossible, match="suspended once already"):
        dispute.act("suspend", "dispatcher", until=local("2026-10-20T08:00"))
    assert replayed(dispute) == (dispute.state, dispute.marks)


def test_a_summons_is_not_suspended(dispute: Desk) -> None:
    dispatched(dispute).act("whistle", "supervisor", department="D")
    with pytest.raises(NotPossible):
        dispute.act("suspend", "supervisor", until=FRIDAY)


def test_an_assignment_ends_when_the_matter_is_passed_up(dispute: Desk) -> None:
    dispatched(dispute).act("assign", STATION, worker="w1")
    assert dispute.marks["assignee"] == "w1"
    with pytest.raises(NotAllowed):
        dispute.act("assign", DISTRICT, worker="w2")
    dispute.act("pass-up", STATION)
    assert "assignee" not in dispute.marks


def test_a_matter_dispatched_jointly_is_solved_once_all_have_done_their_part(
    dispute: Desk,
) -> None:
    jointly(dispute)
    with pytest.raises(NotPossible, match="has not reported its part"):
        dispute.act("solve", STATION, text="settled", way="mediation")
    dispute.act("assist", HELPER, text="heard both")
    dispute.act("solve", STATION, text="settled", way="mediation")
    assert (dispute.state, dispute.assistants) == ("solved", {"H": True})


def test_assistants_stay_behind_when_a_matter_is_passed_up(dispute: Desk) -> None:
    jointly(dispute).act("pass-up", STATION)
    assert (dispute.department, dispute.assistants) == ("D", {})


def test_a_merged_matter_comes_back_to_its_level_with_its_clock(dispute: Desk) -> None:
    dispatched(dispute).act("pass-up", STATION)
    due = dispute.clock("district").due_at
    dispute.act("merge", "acceptor")
    assert (dispute.state, dispute.last.timer) == ("merged", None)
    dispute.act("unmerge", "supervisor")
    assert (dispute.state, dispute.clock("district").due_at) == ("at_district", due)
    assert replayed(dispute) == ("at_district", dispute.marks)


def test_a_matter_and_a_request_are_split(dispute: Desk, permit: Desk) -> None:
    for desk, category in ((dispute, "M0601"), (permit, "M5303")):
        before = dispatched(desk).state
        decision = desk.act("split", "dispatcher", category=category)
        assert (desk.state, decision.raises_version) == (before, False)
        assert desk.category != category


def test_a_suspended_request_goes_on_with_the_time_left(permit: Desk) -> None:
    dispatched(permit).wait(hours=2)
    permit.act("suspend", "supervisor", until=FRIDAY)
    assert (permit.state, permit.clock("handle").due_at) == ("suspended", None)
    permit.now = FRIDAY
    permit.fire()
    clock = permit.clock("handle")
    assert (permit.state, clock.used_us) == ("handling", 2 * 3_600_000_000)
    with pytest.raises(NotPossible, match="suspended once already"):
        permit.act("suspend", "supervisor", until=local("2026-10-20T08:00"))


def test_an_overdue_request_is_not_suspended(permit: Desk) -> None:
    dispatched(permit).wait(days=10)
    with pytest.raises(NotPossible, match="overdue"):
        permit.act("suspend", "supervisor", until=local("2026-10-20T08:00"))


def test_a_request_handed_on_jointly_is_answered_once_all_have_done_their_part(
    permit: Desk,
) -> None:
    jointly(permit)
    with pytest.raises(NotPossible, match="has not reported its part"):
        permit.act("feedback", STATION, text="ready", outcome="done")
    permit.act("assign", STATION, worker="w1")
    permit.act("assist", HELPER, text="looked at the plans")
    permit.act("feedback", STATION, text="ready", outcome="done")
    assert (permit.state, permit.marks["assignee"]) == ("answered", "w1")


def test_another_department_begins_without_assistants_and_assignment(permit: Desk) -> None:
    jointly(permit).act("assign", STATION, worker="w1")
    permit.act("transfer", "dispatcher", department="D")
    assert (permit.department, permit.assistants) == ("D", {})
    assert "assignee" not in permit.marks


def test_requests_are_not_merged(permit: Desk) -> None:
    assert "merge" not in permit.definition.actions
