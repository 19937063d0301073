"""Joint dispatch with main and assisting departments, and merging with its undoing."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.workflows.desk import Desk, local
from tests.unit.workflows.test_definition import check_refused, drop, set_at
from workflows import (
    Actor,
    FieldsMissing,
    NotAllowed,
    NotPossible,
)

ROADS = Actor(id="h2", role="handler", department="ROADS")
WATER = Actor(id="h3", role="handler", department="WATER")


def jointly(desk: Desk) -> Desk:
    desk.open()
    desk.act("file", "acceptor")
    desk.act("joint-dispatch", "dispatcher")
    return desk


def test_the_main_department_answers_and_all_finish_before_the_inspection(desk: Desk) -> None:
    jointly(desk)
    assert (desk.department, desk.assistants) == ("LIGHTS", {"ROADS": False, "WATER": False})
    assert desk.events[-1][1]["assistants"] == {"ROADS": False, "WATER": False}
    assert desk.clock("handle").holder == "LIGHTS"
    desk.act("start", "handler")
    with pytest.raises(NotPossible, match="has not reported its part") as refused:
        desk.act("feedback", "handler")
    assert refused.value.words is not None
    assert refused.value.words.zh == "协办部门尚未全部反馈"
    assert not desk.act("assist", ROADS).raises_version
    assert desk.events[-1][1]["assistants"] == {"ROADS": True, "WATER": False}
    with pytest.raises(NotPossible, match="already"):
        desk.act("assist", ROADS)
    with pytest.raises(NotPossible):
        desk.act("feedback", "handler")
    desk.act("assist", WATER)
    assert desk.act("feedback", "handler").state == "handled"


def test_an_assisting_department_only_assists(desk: Desk) -> None:
    jointly(desk)
    assert {form.name for form in desk.offered(ROADS)} == {"assist"}
    for action in ("start", "return", "sign", "assign", "request-extension"):
        with pytest.raises(NotAllowed, match="holds"):
            desk.act(action, ROADS)
    with pytest.raises(NotAllowed, match="assists in"):
        desk.act("assist", "handler")
    with pytest.raises(NotAllowed, match="assists in"):
        desk.act("assist", Actor(id="h9", role="handler"))


def test_who_assisted_neither_inspects_nor_closes(desk: Desk) -> None:
    jointly(desk)
    desk.act("start", "handler")
    desk.act("assist", ROADS)
    desk.act("assist", WATER)
    desk.act("feedback", "handler")
    with pytest.raises(NotAllowed, match="handled the case"):
        desk.act("inspect-pass", Actor(id="m9", role="member", department="WATER"))
    desk.act("inspect-pass", "member")
    with pytest.raises(NotAllowed, match="handled the case"):
        desk.act("close", Actor(id="a9", role="acceptor", department="ROADS"))


@pytest.mark.parametrize("action", ["return", "withdraw"])
def test_who_lets_go_of_the_case_lets_go_of_its_assistants(desk: Desk, action: str) -> None:
    jointly(desk)
    desk.act("assist", ROADS)
    desk.act(action, {"return": "handler", "withdraw": "dispatcher"}[action])
    assert desk.assistants == {}
    assert desk.events[-1][1]["assistants"] == {}
    desk.act("dispatch", "dispatcher")
    assert desk.assistants == {}


@pytest.mark.parametrize(
    ("assistants", "wrong"),
    [
        (None, "is required"),
        ([], "is required"),
        (["ROADS", "ROADS"], "names a department twice"),
        ("ROADS", "must be a list of department codes"),
        (["ROADS", " "], "must be a list of department codes"),
        (["ROADS", "LIGHTS"], "names the main department, too"),
    ],
)
def test_assistants_are_other_departments_each_once(
    desk: Desk, assistants: object, wrong: str
) -> None:
    desk.open()
    desk.act("file", "acceptor")
    with pytest.raises(FieldsMissing) as missing:
        desk.act("joint-dispatch", "dispatcher", assistants=assistants)
    assert missing.value.errors == (("assistants", wrong),)


@pytest.mark.parametrize("state", ["reported", "dispatched", "handling", "suspended"])
def test_a_merged_case_comes_back_where_it_was_with_the_time_that_was_left(
    desk: Desk, state: str
) -> None:
    if state == "reported":
        desk.open()
    else:
        desk.open_dispatched(2)
    if state in ("handling", "suspended"):
        desk.act("start", "handler")
    if state == "suspended":
        desk.act("suspend", "dispatcher", until=local("2026-10-01T08:00"))
    desk.wait(minutes=7)
    stage = desk.definition.stage_of[state].name
    before = desk.clock(stage)
    merged = desk.act("merge", "acceptor")
    assert (desk.state, merged.timer, desk.marks["merged_from"]) == ("merged", None, state)
    assert not any(clock.running for clock in merged.deadlines)
    desk.wait(hours=1)
    back = desk.act("unmerge", "dispatcher")
    assert (desk.state, "merged_from" in desk.marks) == (state, False)
    assert back.timer is not None
    # A suspension ends on its day all the same; any other clock stood for an hour.
    later = {"reported": before.due_at + timedelta(hours=1), "suspended": before.due_at}
    assert desk.clock(stage).due_at == later.get(state, local("2026-09-18T09:00"))


def test_a_case_that_was_not_merged_is_not_taken_out(desk: Desk) -> None:
    desk.open_dispatched()
    with pytest.raises(NotPossible):
        desk.act("unmerge", "acceptor")
    desk.act("merge", "acceptor")
    with pytest.raises(NotPossible, match="merged"):
        desk.act("merge", "acceptor")
    for action in ("merge", "unmerge"):
        with pytest.raises(NotAllowed):
            desk.act(action, "member")


def test_splitting_changes_nothing_of_the_case_itself(desk: Desk) -> None:
    before = desk.open_dispatched()
    split = desk.act("split", "acceptor", category="E0110")
    assert not split.raises_version
    assert (split.category, split.condition, split.deadlines, split.timer) == (
        before.category, before.condition, before.deadlines, before.timer,
    )  # fmt: skip
    with pytest.raises(FieldsMissing, match="category"):
        desk.act("split", "acceptor", category=None)


BAD = {
    "a way back by a mark that keeps no state": (
        set_at("actions", "merge", "marks", {"merged_from": "set"}),
        r"actions\.unmerge\.steps: lead back from merged by the mark merged_from, which merge",
    ),
    "a way back and a way on": (
        set_at("actions", "unmerge", "steps", 0, "to", "filed"),
        r"actions\.unmerge\.steps\[0\]\.back: must not stand beside `to`",
    ),
    "a way back by an unknown mark": (
        set_at("actions", "unmerge", "steps", 0, "back", "luck"),
        r"steps\[0\]\.back: names the unknown mark 'luck'",
    ),
    "a way back with a clock that starts over": (
        drop("actions", "unmerge", "steps", 0, "again"),
        r"actions\.unmerge\.steps: lead back from merged; there the clock goes on",
    ),
    "an unknown effect": (
        set_at("actions", "merge", "effect", "sing"),
        r"actions\.merge\.effect: must be one of",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_definition_that_leads_back_nowhere_is_refused(
    case: str, definition_document: dict[str, Any]
) -> None:
    check_refused(definition_document, *BAD[case])
