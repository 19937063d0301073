"""An appeal: the department asks that being late be not counted, and two supervisors agree."""

import pytest

from tests.unit.workflows.desk import Desk
from workflows import Actor, FieldsMissing, NotAllowed, NotPossible

FIRST, SECOND = (Actor(id=name, role="supervisor") for name in ("s1", "s2"))
HANDLER = Actor(id="h1", role="handler", department="LIGHTS")


def closed(desk: Desk, *, late: bool = True) -> Desk:
    """A case closed after its handling took longer than its limit of eight hours, or not."""
    desk.open_dispatched()
    desk.wait(hours=11 if late else 9)  # 19:00 and 17:00
    for action, role in [
        ("start", "handler"), ("feedback", "handler"), ("inspect-pass", "member"),
        ("close", "acceptor"),
    ]:  # fmt: skip
        desk.act(action, role)
    return desk


def test_two_supervisors_make_a_late_case_exempt_and_the_fact_stays(desk: Desk) -> None:
    handle = closed(desk).clock("handle")
    before = desk.last
    assert not desk.act("appeal", "handler").raises_version
    assert desk.marks == {"appealed": 1}
    desk.act("approve-appeal", FIRST)
    assert desk.marks == {"appealed": 1, "appeal_approvals": 1, "appeal_reviewer": "s1"}
    decision = desk.act("approve-appeal", SECOND)
    assert desk.marks == {"appeal_approvals": 2, "appeal_reviewer": "s2", "exempt": 1}
    assert decision.events[0].body["marks"]["exempt"] == 1
    assert (desk.state, desk.clock("handle"), decision.deadlines) == (
        "closed", handle, before.deadlines,
    )  # fmt: skip


def test_one_supervisor_does_not_approve_twice(desk: Desk) -> None:
    closed(desk).act("appeal", "handler")
    desk.act("approve-appeal", FIRST)
    with pytest.raises(NotAllowed, match="another supervisor"):
        desk.act("approve-appeal", FIRST)
    assert {form.name for form in desk.offered(FIRST)} == {"refuse-appeal", "reopen"}
    assert "exempt" not in desk.marks


def test_a_case_that_was_in_time_gives_no_ground(desk: Desk) -> None:
    closed(desk, late=False)
    with pytest.raises(NotPossible, match="not overdue"):
        desk.act("appeal", "handler")
    assert desk.offered(HANDLER) == ()


def test_being_late_counts_from_the_clock_and_not_from_the_rung_that_told_it(desk: Desk) -> None:
    closed(desk)
    assert desk.clock("handle").rung == 0
    assert {form.name for form in desk.offered(HANDLER)} == {"appeal"}


def test_an_appeal_is_made_once_and_again_only_after_a_refusal(desk: Desk) -> None:
    closed(desk).act("appeal", "handler")
    with pytest.raises(NotPossible, match="under review"):
        desk.act("appeal", "handler")
    desk.act("approve-appeal", FIRST)
    with pytest.raises(FieldsMissing):
        desk.act("refuse-appeal", SECOND, reason=" ")
    desk.act("refuse-appeal", SECOND)
    assert desk.marks == {}
    desk.act("appeal", "handler")
    for reviewer in (FIRST, SECOND):
        desk.act("approve-appeal", reviewer)
    with pytest.raises(NotPossible, match="approved already"):
        desk.act("appeal", "handler")


def test_only_the_department_that_handled_it_appeals_and_only_others_review(desk: Desk) -> None:
    closed(desk)
    with pytest.raises(NotAllowed, match="own department"):
        desk.act("appeal", Actor(id="h2", role="handler", department="ROADS"))
    with pytest.raises(NotAllowed):
        desk.act("appeal", "supervisor")
    desk.act("appeal", "handler")
    insider = Actor(id="s3", role="supervisor", department="LIGHTS")
    for action in ("approve-appeal", "refuse-appeal"):
        with pytest.raises(NotAllowed, match="handled"):
            desk.act(action, insider)
        with pytest.raises(NotAllowed):
            desk.act(action, "acceptor")


def test_an_open_case_is_not_appealed(desk: Desk) -> None:
    desk.open_dispatched()
    desk.wait(hours=11)
    with pytest.raises(NotPossible, match="while dispatched"):
        desk.act("appeal", "handler")


def test_an_appeal_needs_a_reason_and_a_review_needs_an_appeal(desk: Desk) -> None:
    closed(desk)
    with pytest.raises(FieldsMissing):
        desk.act("appeal", "handler", reason=None)
    for action in ("approve-appeal", "refuse-appeal"):
        with pytest.raises(NotPossible, match="no appeal"):
            desk.act(action, FIRST)


def test_a_reopened_case_begins_without_its_appeal(desk: Desk) -> None:
    closed(desk).act("appeal", "handler")
    for reviewer in (FIRST, SECOND):
        desk.act("approve-appeal", reviewer)
    desk.act("reopen", FIRST)
    assert desk.marks == {"reopened": 1}
