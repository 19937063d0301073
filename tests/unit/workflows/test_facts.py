"""Base counts are told in the events in which they happen, and settled when a case is over."""

from typing import Any

from tests.unit.workflows.desk import Desk, local
from workflows import Actor

ROADS = Actor(id="h2", role="handler", department="ROADS")


def facts(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.events[-1][1].get("facts", {})
    return found


def to_the_end(desk: Desk) -> dict[str, Any]:
    for action, role in (
        ("start", "handler"), ("feedback", "handler"), ("inspect-pass", "member"),
        ("close", "acceptor"),
    ):  # fmt: skip
        desk.act(action, role)
    return facts(desk)


def test_each_stage_that_is_left_tells_whether_that_was_in_time(desk: Desk) -> None:
    desk.open()  # Wednesday 08:00; accepting within 15 minutes
    desk.act("accept", "acceptor")
    assert facts(desk) == {}  # still in the stage
    desk.wait(minutes=15)
    desk.act("file", "acceptor")
    assert facts(desk) == {
        "left": [{"stage": "accept", "holder": None, "in_time": False, "late_s": 0}]
    }
    desk.wait(minutes=14, seconds=59)
    desk.act("dispatch", "dispatcher")
    assert facts(desk) == {
        "left": [{"stage": "dispatch", "holder": None, "in_time": True, "late_s": 0}],
        "resent": False,
    }
    desk.wait(days=1, hours=1)
    desk.act("start", "handler")
    assert facts(desk) == {}
    desk.act("feedback", "handler")
    (left,) = facts(desk)["left"]
    assert (left["stage"], left["holder"], left["in_time"]) == ("handle", "LIGHTS", False)
    assert left["late_s"] == 3600  # of 1 工作日, eight working hours from 08:29:59


def test_a_case_that_passes_once_through_one_department_is_settled_as_exact(desk: Desk) -> None:
    desk.open_dispatched()
    assert to_the_end(desk)["settled"] == {
        "dispatched_exactly": True, "reworked": 0, "extensions": 0, "waited_s": 0, "overdue": [],
    }  # fmt: skip


def test_another_department_is_a_wrong_dispatch_and_the_same_one_again_is_not(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("return", "handler")
    desk.act("dispatch", "dispatcher")
    assert facts(desk)["resent"] is False
    assert "resent" not in desk.marks
    desk.act("withdraw", "dispatcher")
    desk.act("dispatch", "dispatcher", department="ROADS")
    assert facts(desk)["resent"] is True
    desk.act("return", ROADS)
    desk.act("dispatch", "dispatcher")
    assert facts(desk)["resent"] is True
    assert to_the_end(desk)["settled"]["dispatched_exactly"] is False


def test_rework_extensions_and_waiting_are_settled_at_the_end(desk: Desk) -> None:
    desk.open_dispatched(2)
    desk.act("request-extension", "handler")
    desk.act("approve-extension", "dispatcher")
    desk.act("start", "handler")
    desk.act("suspend", "dispatcher", until=local("2026-09-16T09:00"))
    desk.wait(minutes=30)
    desk.act("resume", "dispatcher")
    desk.act("feedback", "handler")
    desk.act("inspect-fail", "member")
    desk.wait(days=30)
    assert to_the_end(desk)["settled"] == {
        "dispatched_exactly": True, "reworked": 1, "extensions": 1, "waited_s": 1800,
        "overdue": ["handle"],
    }  # fmt: skip


def test_a_case_that_nobody_held_settles_no_dispatch(desk: Desk) -> None:
    desk.open()
    desk.act("void", "acceptor")
    assert facts(desk)["settled"]["dispatched_exactly"] is None
    assert facts(desk)["left"][0]["stage"] == "accept"


def test_what_happens_after_the_end_settles_nothing_anew(desk: Desk) -> None:
    desk.open_dispatched()
    to_the_end(desk)
    desk.act("call-back", "acceptor")
    assert facts(desk) == {}
