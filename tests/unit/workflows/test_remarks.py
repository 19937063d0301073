"""What is said of a case and moves nothing: signing, supervising, instructing, passing a level."""

from typing import Any

import pytest

from tests.unit.workflows.desk import Desk
from workflows import Actor, FieldsMissing, NotAllowed, NotPossible


@pytest.mark.parametrize(
    ("action", "role", "tells"),
    [
        ("urge", "dispatcher", "holder"),
        ("supervise", "supervisor", "department"),
        ("instruct", "supervisor", "department"),
        ("escalate", "acceptor", "city_centre"),
        ("escalate", "dispatcher", "city_centre"),
        ("sign", "handler", None),
    ],
)
def test_it_is_told_and_neither_state_nor_clock_nor_version_changes(
    desk: Desk, action: str, role: str, tells: str | None
) -> None:
    before = desk.open_dispatched()
    decision = desk.act(action, role)
    assert not decision.raises_version
    assert (decision.state, decision.deadlines, decision.timer) == (
        before.state, before.deadlines, before.timer,
    )  # fmt: skip
    (event,) = decision.events
    assert event.body.get("tell") == tells
    assert event.body["deadlines"] == []


def test_a_department_signs_once_for_each_dispatch(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("sign", "handler")
    assert desk.marks == {"signed": 1}
    with pytest.raises(NotPossible, match="signed for"):
        desk.act("sign", "handler")
    offered = desk.offered(desk.command("sign", "handler").actor)
    assert {form.name for form in offered} == {"assign", "start", "return", "request-extension"}
    desk.act("return", "handler")
    desk.act("dispatch", "dispatcher", department="ROADS")
    assert desk.marks == {"returns": 1, "resent": 1}
    assert desk.events[-1][1]["marks"] == {"signed": None, "resent": 1}
    desk.act("sign", Actor(id="h2", role="handler", department="ROADS"))
    assert desk.marks["signed"] == 1


def test_only_the_department_that_holds_the_case_signs_and_only_before_it_starts(
    desk: Desk,
) -> None:
    desk.open_dispatched()
    with pytest.raises(NotAllowed):
        desk.act("sign", Actor(id="h2", role="handler", department="ROADS"))
    desk.act("start", "handler")
    with pytest.raises(NotPossible):
        desk.act("sign", "handler")


def test_a_case_stays_under_supervision_and_the_words_stay_out_of_the_events(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("supervise", "supervisor", reason="secret words")
    desk.act("supervise", "supervisor")
    assert desk.marks == {"supervised": 1}
    assert "marks" not in desk.events[-1][1]
    desk.act("instruct", "supervisor", text="secret words", reason=None)
    assert "secret" not in str(desk.events)


@pytest.mark.parametrize(
    ("action", "role", "wrong"),
    [
        ("instruct", "supervisor", {"text": " "}),
        ("escalate", "acceptor", {"reason": ""}),
    ],
)
def test_words_that_must_be_given_are_asked_for(
    desk: Desk, action: str, role: str, wrong: dict[str, Any]
) -> None:
    desk.open()
    with pytest.raises(FieldsMissing):
        desk.act(action, role, **wrong)


@pytest.mark.parametrize(
    ("action", "role"),
    [("supervise", "dispatcher"), ("instruct", "acceptor"), ("escalate", "handler")],
)
def test_others_may_not(desk: Desk, action: str, role: str) -> None:
    desk.open_dispatched()
    with pytest.raises(NotAllowed):
        desk.act(action, role)


@pytest.mark.parametrize("action", ["supervise", "instruct", "escalate"])
def test_nothing_is_said_of_a_case_that_is_over(desk: Desk, action: str) -> None:
    desk.open()
    desk.act("reject", "acceptor")
    with pytest.raises(NotPossible):
        desk.act(action, "acceptor" if action == "escalate" else "supervisor")
