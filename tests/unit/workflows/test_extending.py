"""Extensions: the department asks in time, the dispatcher adds the limit again, twice at most."""

import pytest

from tests.unit.workflows.desk import Desk, local
from workflows import Actor, Deadline, FieldsMissing, NotAllowed, NotPossible, explain

HANDLER = Actor(id="h1", role="handler", department="LIGHTS")


def extended(desk: Desk) -> Desk:
    desk.act("request-extension", "handler")
    desk.act("approve-extension", "dispatcher")
    return desk


def test_each_of_two_extensions_adds_the_limit_to_the_due_moment_and_a_third_is_refused(
    desk: Desk,
) -> None:
    desk.open_dispatched(2)  # 2 工作日, from Wednesday 08:00
    assert desk.clock("handle").due_at == local("2026-09-17T18:00")
    extended(desk)
    assert desk.clock("handle").due_at == local("2026-09-20T18:00")  # Sunday, a make-up workday
    desk.wait(days=3)
    extended(desk)
    assert desk.clock("handle").due_at == local("2026-09-22T18:00")  # 4 工作日 more than at first
    assert desk.clock("handle").limit == "2 工作日"
    assert desk.clock("handle").extensions == 2
    with pytest.raises(NotPossible, match="twice"):
        desk.act("request-extension", "handler")
    assert "request-extension" not in {form.name for form in desk.offered(HANDLER)}


def test_asking_changes_no_clock_and_approving_raises_the_version(desk: Desk) -> None:
    before = desk.open_dispatched()
    asked = desk.act("request-extension", "handler")
    assert (asked.raises_version, asked.deadlines, asked.timer) == (
        False, before.deadlines, before.timer,
    )  # fmt: skip
    with pytest.raises(NotPossible, match="waits for its answer"):
        desk.act("request-extension", "handler")
    approved = desk.act("approve-extension", "dispatcher")
    assert approved.raises_version
    (told,) = approved.events[0].body["deadlines"]
    assert (told["extensions"], told["limit"]) == (1, "1 工作日")
    assert Deadline.from_json(told) == desk.clock("handle")
    with pytest.raises(NotPossible, match="no extension"):
        desk.act("approve-extension", "dispatcher")


def test_once_overdue_nothing_is_asked_for_or_approved_but_it_may_be_refused(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("request-extension", "handler")
    desk.wait(hours=10)  # 18:00, the due moment
    with pytest.raises(NotPossible, match="overdue"):
        desk.act("approve-extension", "dispatcher")
    desk.act("refuse-extension", "dispatcher")
    with pytest.raises(NotPossible, match="overdue"):
        desk.act("request-extension", "handler")


def test_a_refusal_does_not_count(desk: Desk) -> None:
    desk.open_dispatched()
    for _ in range(3):
        desk.act("request-extension", "handler")
        with pytest.raises(FieldsMissing):
            desk.act("refuse-extension", "dispatcher", reason="")
        assert not desk.act("refuse-extension", "dispatcher").raises_version
    assert desk.marks == {}
    extended(desk)
    extended(desk)
    assert desk.clock("handle").extensions == 2


def test_reminders_come_at_their_part_of_the_longer_limit(desk: Desk) -> None:
    desk.open_dispatched()
    desk.wait(hours=9)  # 17:00, the reminder was due at 16:24
    desk.fire()
    assert desk.clock("handle").rung == 1
    extended(desk)
    assert desk.clock("handle").rung == 0
    assert desk.last.timer is not None
    assert desk.last.timer.due_at == local("2026-09-17T14:48")  # 12.8 of 16 hours
    desk.wait(hours=25)
    assert [event.body["at"] for event in desk.fire().events] == ["4/5", "1"]


def test_a_rework_and_a_return_to_the_same_department_keep_the_extension(desk: Desk) -> None:
    desk.open_dispatched()
    extended(desk)
    desk.wait(hours=3)
    desk.act("return", "handler")
    desk.act("dispatch", "dispatcher", department="LIGHTS")
    assert desk.clock("handle").due_at == local("2026-09-17T18:00")
    for action, role in [
        ("start", "handler"), ("feedback", "handler"), ("inspect-fail", "member"),
    ]:  # fmt: skip
        desk.act(action, role)
    assert desk.clock("handle").due_at == local("2026-09-17T18:00")
    span = explain(desk.clock("handle"), desk.calendars)[-1]
    assert (span.to, span.counted) == (local("2026-09-17T18:00"), True)


def test_another_department_or_another_limit_begins_without_the_extension(desk: Desk) -> None:
    desk.open_dispatched()
    extended(desk)
    desk.act("reclassify", "dispatcher", condition=desk.row(3))  # 2 工作时
    assert desk.clock("handle").due_at == local("2026-09-16T10:00")
    extended(desk)
    assert desk.clock("handle").due_at == local("2026-09-16T12:00")
    desk.act("return", "handler")
    desk.act("dispatch", "dispatcher", department="ROADS")
    assert desk.clock("handle").due_at == local("2026-09-16T10:00")
    assert desk.clock("handle").extensions == 0


@pytest.mark.parametrize(
    ("action", "role"),
    [("feedback", "handler"), ("return", "handler"), ("withdraw", "dispatcher")],
)
def test_what_was_asked_for_is_void_once_the_department_let_go(
    desk: Desk, action: str, role: str
) -> None:
    desk.open_dispatched()
    if action == "feedback":
        desk.act("start", "handler")
    desk.act("request-extension", "handler")
    desk.act(action, role)
    assert "extension_asked" not in desk.marks


def test_whether_a_handled_case_was_late_is_judged_by_the_longer_limit(desk: Desk) -> None:
    desk.open_dispatched()
    extended(desk)
    desk.act("start", "handler")
    desk.wait(hours=11)  # 19:00, late without the extension
    desk.act("feedback", "handler")
    assert not desk.clock("handle").overdue(desk.now, desk.calendars)


def test_others_may_not_and_a_reason_is_needed(desk: Desk) -> None:
    desk.open_dispatched()
    with pytest.raises(NotAllowed):
        desk.act("request-extension", Actor(id="h2", role="handler", department="ROADS"))
    with pytest.raises(FieldsMissing):
        desk.act("request-extension", "handler", reason=None)
    desk.act("request-extension", "handler")
    for action in ("approve-extension", "refuse-extension"):
        with pytest.raises(NotAllowed):
            desk.act(action, "handler")
    desk.open()
    with pytest.raises(NotPossible, match="while reported"):
        desk.act("approve-extension", "dispatcher")
