"""Public service: papers that are missing stop the clock, and a promise keeps within the limit."""

from datetime import timedelta

import pytest

from tests.unit.workflows.desk import Desk, local
from workflows import (
    DEFINITIONS,
    Actor,
    Calendars,
    Category,
    Definition,
    FieldsMissing,
    Filing,
    NotAllowed,
    NotPossible,
    load_definition,
    read_document,
)

COUNTER, OTHER = (
    Actor(id=f"h-{code}", role="handler", department=code) for code in ("S", "D")
)  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Definition:
    return load_definition(read_document(DEFINITIONS / "public_service.yaml"))


@pytest.fixture
def case(service: Definition, calendars: Calendars, categories: dict[str, Category]) -> Desk:
    """A residence permit asked for at a station's counter on Monday at eight."""
    desk = Desk(service, calendars, categories)
    desk.category, desk.now = "M5201", local("2026-09-14T08:00")
    desk.open(Filing(condition=desk.row(), department="S"))
    return desk


def answer(desk: Desk, actor: Actor = COUNTER) -> None:
    desk.act("feedback", actor, text="ready", outcome="done")


def test_the_counter_has_it_for_the_limit_of_what_is_asked_for(case: Desk) -> None:
    clock = case.clock("handle")
    assert (case.state, clock.limit, clock.holder) == ("handling", "5 工作日", "S")
    assert clock.due_at == local("2026-09-18T18:00")


def test_while_papers_are_missing_the_clock_stands_and_then_goes_on(case: Desk) -> None:
    case.now = local("2026-09-15T08:00")  # one of five days is used
    with pytest.raises(FieldsMissing, match="reason is required"):
        case.act("request-documents", COUNTER, reason="")
    case.act("request-documents", COUNTER, reason="the lease")
    assert (case.state, case.clock("handle").due_at) == ("supplementing", None)
    assert case.clock("supplement").limit == "10 工作日"
    case.now = local("2026-09-17T08:00")
    with pytest.raises(FieldsMissing, match="text is required"):
        case.act("add-documents", COUNTER)
    case.act("add-documents", "acceptor", text="the lease", photos=["p1"])
    clock = case.clock("handle")
    # Four days are left: Thursday, Friday, Sunday the 20th, which is worked, and Monday.
    assert (clock.running, clock.due_at) == (True, local("2026-09-21T18:00"))
    assert case.marks == {"supplements": 1}
    assert case.history[-1].body["photos"] == ["p1"]


def test_papers_that_never_come_are_told_of_and_the_case_waits(case: Desk) -> None:
    case.act("request-documents", COUNTER)
    case.now = local("2026-12-01T09:00")
    case.fire()
    assert [event.type.split(".")[2] for event in case.history[-2:]] == ["reminded", "overdue"]
    assert (case.state, case.last.timer) == ("supplementing", None)


def test_a_promise_is_a_fact_within_the_limit(case: Desk) -> None:
    due = case.clock("handle").due_at
    with pytest.raises(FieldsMissing, match="must not be later than 2026-09-18T10:00"):
        case.act("promise", COUNTER, until=due + timedelta(seconds=1))
    with pytest.raises(FieldsMissing, match="must lie ahead"):
        case.act("promise", COUNTER, until=case.now)
    before = case.last.deadlines
    decision = case.act("promise", COUNTER, until=due)
    assert decision.events[0].body["moments"] == {"until": "2026-09-18T10:00:00.000000Z"}
    assert (decision.raises_version, decision.deadlines, case.marks) == (
        False, before, {"promised": 1},
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        case.act("promise", OTHER, until=due)


def test_another_department_takes_it_over_under_the_clock_that_runs(case: Desk) -> None:
    due = case.clock("handle").due_at
    case.now = local("2026-09-15T08:00")
    case.act("transfer", "dispatcher", department="D")
    clock = case.clock("handle")
    assert (case.department, clock.holder, clock.due_at) == ("D", "D", due)
    assert case.history[-1].body["deadlines"][0]["holder"] == "D"
    with pytest.raises(NotAllowed):
        answer(case)
    answer(case, OTHER)


@pytest.mark.parametrize(
    ("department", "due"), [("S", "2026-09-20T18:00"), ("D", "2026-09-21T18:00")]
)
def test_what_was_returned_goes_on_with_the_time_left_only_at_the_same(
    case: Desk, department: str, due: str
) -> None:
    case.now = local("2026-09-15T08:00")
    case.act("return", COUNTER)
    assert (case.state, case.department) == ("filed", None)
    case.now = local("2026-09-16T08:00")
    case.act("dispatch", "dispatcher", department=department)
    assert case.clock("handle").due_at == local(due)


def test_an_answer_is_closed_only_after_the_citizen_was_asked(case: Desk) -> None:
    answer(case)
    assert case.history[-1].body["chosen"] == {"outcome": "done"}
    with pytest.raises(NotPossible, match="has not been asked yet"):
        case.act("close", "acceptor", closing_met=True)
    case.act("call-back", "acceptor", satisfaction="not_reached")
    with pytest.raises(NotAllowed):
        case.act("close", Actor(id="a", role="acceptor", department="S"), closing_met=True)
    case.act("close", "acceptor", closing_met=True)
    assert case.state == "closed"
    case.act("reopen", "acceptor")
    assert (case.state, case.marks) == ("filed", {"reopened": 1})


def test_a_dissatisfied_citizen_s_request_goes_back_and_is_asked_again(case: Desk) -> None:
    answer(case)
    case.act("call-back", "acceptor", satisfaction="dissatisfied")
    case.act("inspect-fail", "acceptor")
    assert (case.state, case.marks) == ("handling", {"reworks": 1})
    assert case.clock("handle").running
    answer(case)
    case.act("call-back", "acceptor", satisfaction="satisfied")


@pytest.mark.parametrize("action", ["void", "urge", "supervise", "instruct"])
def test_every_open_request_can_be_voided_urged_and_supervised(
    service: Definition, action: str
) -> None:
    still = {name for name, state in service.states.items() if not state.final}
    assert set(service.actions[action].steps) == still


def test_an_acceptor_rejects_with_a_reason_and_a_department_never_does(case: Desk) -> None:
    with pytest.raises(NotAllowed):
        case.act("reject", COUNTER)
    case.act("return", COUNTER)
    case.act("reject", "acceptor", reason="asked for twice")
    assert case.state == "rejected"
