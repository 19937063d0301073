"""Taking a dispatch back, closing by force, reopening, and asking the caller afterwards."""

import pytest

from tests.unit.workflows.desk import Desk, local
from workflows import Actor, FieldsMissing, NotAllowed, NotPossible

FROM_LIGHTS = {
    "supervisor": Actor(id="s9", role="supervisor", department="LIGHTS"),
    "acceptor": Actor(id="a9", role="acceptor", department="LIGHTS"),
}


def closed(desk: Desk) -> Desk:
    """A case that was handled, inspected and closed within two hours."""
    desk.open_dispatched()
    for action, role in [
        ("start", "handler"), ("feedback", "handler"), ("inspect-pass", "member"),
        ("close", "acceptor"),
    ]:  # fmt: skip
        desk.wait(minutes=30)
        desk.act(action, role)
    return desk


# --- withdraw --------------------------------------------------------------------------------


def test_a_dispatch_is_taken_back_before_work_starts_and_the_department_lets_go(
    desk: Desk,
) -> None:
    desk.open_dispatched()
    desk.act("sign", "handler")
    desk.wait(hours=1)
    desk.act("withdraw", "dispatcher")
    assert (desk.state, desk.department, desk.marks) == ("filed", None, {})
    assert desk.clock("handle").stopped_at == desk.now
    with pytest.raises(NotAllowed):
        desk.act("start", "handler")
    desk.act("dispatch", "dispatcher", department="LIGHTS")
    assert desk.clock("handle").used_us == 3_600_000_000


def test_what_is_being_handled_or_was_adjudicated_is_not_taken_back(desk: Desk) -> None:
    desk.open_dispatched()
    desk.marks = {"adjudicated": 1, "returns": 3}
    with pytest.raises(NotPossible, match="adjudicated"):
        desk.act("withdraw", "dispatcher")
    desk.act("start", "handler")
    desk.marks = {}
    with pytest.raises(NotPossible, match="while handling"):
        desk.act("withdraw", "dispatcher")
    with pytest.raises(NotAllowed):
        desk.act("withdraw", "supervisor")


# --- force-close -----------------------------------------------------------------------------


def test_a_supervisor_closes_by_force_and_the_case_says_so(desk: Desk) -> None:
    desk.open_dispatched()
    decision = desk.act("force-close", "supervisor")
    assert (desk.state, decision.timer, desk.marks) == ("closed", None, {"forced": 1})
    (event,) = decision.events
    assert (event.type, event.body["marks"]) == ("wangge.case.force-closed.v1", {"forced": 1})


def test_a_department_that_had_the_case_does_not_close_it_by_force_or_reopen_it(
    desk: Desk,
) -> None:
    desk.open_dispatched()
    desk.act("return", "handler")
    with pytest.raises(NotAllowed, match="handled"):
        desk.act("force-close", FROM_LIGHTS["supervisor"])
    desk.act("force-close", "supervisor")
    for actor in FROM_LIGHTS.values():
        with pytest.raises(NotAllowed, match="handled"):
            desk.act("reopen", actor)
    with pytest.raises(NotAllowed, match="handled"):
        desk.act("call-back", FROM_LIGHTS["acceptor"])


def test_a_case_without_a_condition_is_not_closed_by_force(desk: Desk) -> None:
    desk.open()
    with pytest.raises(NotPossible):
        desk.act("force-close", "supervisor")
    desk.act("file", "acceptor")
    desk.condition = None
    with pytest.raises(NotPossible, match="condition"):
        desk.act("force-close", "supervisor")
    with pytest.raises(NotAllowed):
        desk.act("force-close", "acceptor")


# --- reopen ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["acceptor", "supervisor"])
def test_a_reopened_case_begins_again_with_fresh_clocks_and_rungs(desk: Desk, role: str) -> None:
    desk.open_dispatched()
    desk.wait(hours=9)  # 17:00, 7 of 8 hours used
    desk.fire()
    assert desk.clock("handle").rung == 1
    desk.act("force-close", "supervisor")
    desk.wait(hours=15)  # next morning, 08:00
    decision = desk.act("reopen", role)
    assert (desk.state, desk.department, desk.marks) == ("filed", None, {"reopened": 1})
    assert [clock.stage for clock in decision.deadlines] == ["dispatch"]
    assert desk.clock("dispatch").due_at == local("2026-09-17T08:15")
    assert decision.events[0].body["reopened"] is True
    desk.act("dispatch", "dispatcher", department="LIGHTS")
    assert desk.clock("handle").due_at == local("2026-09-17T18:00")
    assert (desk.clock("handle").rung, desk.clock("handle").used_us) == (0, 0)


def test_reopening_is_counted_and_forgets_returns(desk: Desk) -> None:
    closed(desk)
    desk.marks = {"returns": 3, "adjudicated": 1, "supervised": 1}
    desk.act("reopen", "acceptor")
    assert desk.marks == {"supervised": 1, "reopened": 1}
    desk.act("force-close", "supervisor")
    desk.act("reopen", "acceptor")
    assert desk.marks == {"supervised": 1, "reopened": 2}


def test_only_a_closed_case_is_reopened(desk: Desk) -> None:
    desk.open()
    with pytest.raises(NotPossible):
        desk.act("reopen", "acceptor")
    desk.act("void", "acceptor")
    with pytest.raises(NotPossible, match="final"):
        desk.act("reopen", "acceptor")
    with pytest.raises(NotAllowed):
        desk.act("reopen", "dispatcher")


# --- call-back -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["very_satisfied", "satisfied", "dissatisfied"])
def test_the_caller_s_answer_is_told_and_the_case_stays_closed(desk: Desk, answer: str) -> None:
    before = closed(desk).last
    decision = desk.act("call-back", "acceptor", satisfaction=answer)
    assert (desk.state, decision.raises_version) == ("closed", False)
    assert decision.deadlines == before.deadlines
    assert decision.events[0].body["chosen"] == {"satisfaction": answer}


def test_the_answers_to_choose_from_come_with_their_words(desk: Desk) -> None:
    closed(desk)
    actor = desk.command("call-back", "acceptor").actor
    forms = {form.name: form for form in desk.offered(actor)}
    field = forms["call-back"].fields[1]
    assert (field.type, field.required) == ("choice", True)
    assert field.choices == ("very_satisfied", "satisfied", "dissatisfied")
    assert field.choice_labels is not None
    assert field.choice_labels["dissatisfied"].zh == "不满意"


def test_an_open_case_is_not_called_back_and_an_answer_must_be_one_of_three(desk: Desk) -> None:
    desk.open()
    with pytest.raises(NotPossible):
        desk.act("call-back", "acceptor")
    closed(desk)
    with pytest.raises(FieldsMissing, match="very_satisfied, satisfied, dissatisfied"):
        desk.act("call-back", "acceptor", satisfaction="")
    with pytest.raises(NotAllowed):
        desk.act("call-back", "member")
