"""Is the report true: the acceptor asks before filing, a member who did not report it answers."""

import pytest

from tests.unit.workflows.desk import Desk, local
from workflows import Actor, NotAllowed, NotPossible

MEMBER = Actor(id="m1", role="member")


@pytest.mark.parametrize("answer", ["verify-yes", "verify-no"])
def test_the_clock_of_accepting_stands_meanwhile_and_goes_on_with_the_time_left(
    desk: Desk, answer: str
) -> None:
    desk.open()  # 0.25 工作时 from 08:00
    desk.wait(minutes=5)
    decision = desk.act("verify", "acceptor", reason=None)
    assert decision.raises_version
    assert desk.clock("accept").due_at is None
    assert desk.clock("verify").due_at == local("2026-09-16T08:35")
    desk.wait(minutes=20)
    desk.act(answer, "member", text="看过了")
    assert desk.state == "accepted"
    assert desk.clock("accept").due_at == local("2026-09-16T08:35")  # 10 minutes left
    assert desk.clock("verify").stopped_at == desk.now
    assert "看过了" not in str(desk.events)


def test_a_second_verification_has_a_clock_of_its_own(desk: Desk) -> None:
    desk.open()
    for _ in range(2):
        desk.act("verify", "acceptor")
        desk.wait(minutes=10)
        assert desk.clock("verify").used_us == 0
        desk.act("verify-yes", "member")
    assert desk.clock("accept").due_at == local("2026-09-16T08:35")


def test_a_rung_that_fired_does_not_fire_again_after_the_answer(desk: Desk) -> None:
    desk.open()
    desk.wait(minutes=13)
    assert [event.body["rung"] for event in desk.fire().events] == [0]
    desk.act("verify", "acceptor")
    desk.act("verify-no", "member")
    assert desk.clock("accept").rung == 1
    assert desk.fire().events == ()


@pytest.mark.parametrize("answer", ["verify-yes", "verify-no"])
def test_no_one_who_reported_a_case_verifies_it(desk: Desk, answer: str) -> None:
    desk.reporters = frozenset({"r1", "m1"})
    desk.open()
    desk.act("verify", "acceptor")
    offered = {form.name for form in desk.offered(MEMBER)}
    assert answer not in offered
    with pytest.raises(NotAllowed, match="reported"):
        desk.act(answer, "member")
    desk.act(answer, Actor(id="m2", role="member"))
    assert desk.state == "accepted"


def test_a_case_that_is_being_verified_is_neither_filed_nor_accepted(desk: Desk) -> None:
    desk.open()
    desk.act("verify", "acceptor")
    for action in ("accept", "file", "reject", "verify"):
        with pytest.raises(NotPossible):
            desk.act(action, "acceptor")
    with pytest.raises(NotAllowed):
        desk.act("verify-yes", "acceptor")


def test_what_is_not_true_is_rejected_by_the_acceptor_with_the_answer_in_the_history(
    desk: Desk,
) -> None:
    desk.open()
    desk.act("verify", "acceptor")
    desk.act("verify-no", "member")
    desk.act("reject", "acceptor")
    assert desk.state == "rejected"
    assert [type_.split(".")[2] for type_, _ in desk.events] == [
        "opened", "verification-requested", "verified-untrue", "rejected",
    ]  # fmt: skip


def test_a_case_that_comes_back_from_dispatch_has_a_fresh_clock_of_accepting(desk: Desk) -> None:
    desk.open()
    desk.wait(minutes=10)
    desk.act("file", "acceptor")
    desk.act("return-to-acceptor", "dispatcher")
    assert desk.clock("accept").due_at == local("2026-09-16T08:25")
