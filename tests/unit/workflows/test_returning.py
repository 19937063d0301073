"""Returns: by a department, by the dispatcher, and what follows the third by departments."""

import pytest

from tests.unit.workflows.desk import Desk, local
from workflows import Actor, FieldsMissing, NotAllowed, NotPossible


def returned(desk: Desk, times: int) -> Desk:
    """A case that departments have returned so many times, one after the other."""
    desk.open()
    desk.act("file", "acceptor")
    for department in ("ROADS", "WATER", "PARKS")[:times]:
        desk.act("dispatch", "dispatcher", department=department)
        desk.act("return", Actor(id="h", role="handler", department=department))
    return desk


def test_returns_by_departments_are_counted_and_told(desk: Desk) -> None:
    returned(desk, 2)
    assert desk.marks["returns"] == 2
    assert desk.events[-1][1]["marks"] == {"returns": 2}
    desk.act("return-to-acceptor", "dispatcher")
    assert desk.marks["returns"] == 2
    assert "marks" not in desk.events[-1][1]


def test_after_the_third_return_only_a_supervisor_sends_the_case_on(desk: Desk) -> None:
    returned(desk, 3)
    for role in ("dispatcher", "system"):
        with pytest.raises(NotPossible, match="three times") as refused:
            desk.act("dispatch", role)
        assert refused.value.words is not None
        assert refused.value.words.zh == "部门已退回三次，须由督查员裁定"
    with pytest.raises(NotAllowed):
        desk.act("adjudicate", "dispatcher")
    for missing in ({"reason": " "}, {"department": None}):
        with pytest.raises(FieldsMissing):
            desk.act("adjudicate", "supervisor", **missing)
    desk.act("adjudicate", "supervisor", department="LIGHTS")
    assert (desk.state, desk.department) == ("dispatched", "LIGHTS")
    assert desk.clock("handle").holder == "LIGHTS"


def test_the_way_through_the_acceptor_does_not_forget_the_returns(desk: Desk) -> None:
    returned(desk, 3)
    desk.act("return-to-acceptor", "dispatcher")
    desk.act("file", "acceptor", condition=None)
    with pytest.raises(NotPossible, match="three times"):
        desk.act("dispatch", "dispatcher")


def test_the_department_named_by_the_supervisor_cannot_return_the_case(desk: Desk) -> None:
    returned(desk, 3)
    desk.act("adjudicate", "supervisor", department="LIGHTS")
    handler = Actor(id="h1", role="handler", department="LIGHTS")
    assert {form.name for form in desk.offered(handler)} == {
        "sign",
        "assign",
        "start",
        "request-extension",
    }
    with pytest.raises(NotPossible, match="adjudicated"):
        desk.act("return", "handler")
    desk.act("start", "handler")
    assert desk.state == "handling"


@pytest.mark.parametrize("times", [0, 1, 2])
def test_before_the_third_return_nobody_adjudicates(desk: Desk, times: int) -> None:
    returned(desk, times)
    with pytest.raises(NotPossible, match="a dispatcher dispatches it"):
        desk.act("adjudicate", "supervisor")


def test_a_department_that_had_the_case_before_goes_on_with_the_time_that_it_left(
    desk: Desk,
) -> None:
    returned(desk, 2)
    desk.act("dispatch", "dispatcher", department="LIGHTS")
    desk.wait(hours=3)
    desk.act("return", "handler")
    desk.act("adjudicate", "supervisor", department="LIGHTS")
    assert desk.clock("handle").due_at == local("2026-09-16T18:00")


def test_the_dispatcher_s_return_needs_a_reason_and_keeps_the_condition(desk: Desk) -> None:
    desk.open()
    desk.act("file", "acceptor")
    with pytest.raises(FieldsMissing):
        desk.act("return-to-acceptor", "dispatcher", reason=None)
    desk.act("return-to-acceptor", "dispatcher")
    assert (desk.state, desk.condition) == ("accepted", desk.row())
