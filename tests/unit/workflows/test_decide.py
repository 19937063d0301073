import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.workflows.desk import ACTORS, Desk, local
from workflows import (
    ActionRefused,
    Actor,
    Calendars,
    CaseView,
    Category,
    Decision,
    Definition,
    FieldsMissing,
    Filing,
    NotAllowed,
    NotPossible,
    decide,
    open_case,
)

OPEN = (
    "reported accepted verifying filed dispatched handling handled inspecting returned reworked"
).split()
EARLY = "reported accepted filed dispatched handling returned reworked".split()

# The whole table once more, by hand: (action, from, role) to the state after.
TABLE: dict[tuple[str, str, str], str] = {
    ("accept", "reported", "acceptor"): "accepted",
    ("reject", "reported", "acceptor"): "rejected",
    ("reject", "accepted", "acceptor"): "rejected",
    ("verify", "reported", "acceptor"): "verifying",
    ("verify", "accepted", "acceptor"): "verifying",
    ("verify-yes", "verifying", "member"): "accepted",
    ("verify-no", "verifying", "member"): "accepted",
    **{
        ("file", state, role): "filed"
        for state in ("reported", "accepted")
        for role in ("acceptor", "system")
    },
    **{
        ("dispatch", state, role): "dispatched"
        for state in ("filed", "returned")
        for role in ("dispatcher", "system")
    },
    ("return", "dispatched", "handler"): "returned",
    ("return-to-acceptor", "filed", "dispatcher"): "accepted",
    ("return-to-acceptor", "returned", "dispatcher"): "accepted",
    ("adjudicate", "filed", "supervisor"): "dispatched",
    ("adjudicate", "returned", "supervisor"): "dispatched",
    ("start", "dispatched", "handler"): "handling",
    ("start", "reworked", "handler"): "handling",
    ("feedback", "handling", "handler"): "handled",
    ("inspect-pass", "handled", "member"): "inspecting",
    ("inspect-fail", "handled", "member"): "reworked",
    ("close", "inspecting", "acceptor"): "closed",
    **{("void", s, role): "voided" for s in OPEN for role in ("acceptor", "supervisor")},
    ("withdraw", "dispatched", "dispatcher"): "filed",
    **{
        ("force-close", s, "supervisor"): "closed"
        for s in "filed dispatched handling handled inspecting returned reworked".split()
    },
    **{("reopen", "closed", role): "filed" for role in ("acceptor", "supervisor")},
    ("call-back", "closed", "acceptor"): "closed",
    **{
        (action, s, role): s
        for action, role in (
            ("request-extension", "handler"),
            ("approve-extension", "dispatcher"),
            ("refuse-extension", "dispatcher"),
        )
        for s in ("dispatched", "handling", "reworked")
    },
    ("appeal", "closed", "handler"): "closed",
    ("approve-appeal", "closed", "supervisor"): "closed",
    ("refuse-appeal", "closed", "supervisor"): "closed",
    ("sign", "dispatched", "handler"): "dispatched",
    **{(action, s, "supervisor"): s for action in ("supervise", "instruct") for s in OPEN},
    **{("escalate", s, role): s for s in OPEN for role in ("acceptor", "dispatcher")},
    **{("urge", s, role): s for s in OPEN for role in ("dispatcher", "supervisor")},
    **{
        (action, s, role): s
        for action in ("relocate", "reclassify")
        for s in EARLY
        for role in ("acceptor", "dispatcher")
    },
}


def height(marks: Mapping[str, int | str], name: str) -> int:
    return int(marks.get(name, 0))


# What an action asks of the marks of a case, once more by hand.
ASKS: dict[str, Callable[[Mapping[str, int | str]], bool]] = {
    "request-extension": lambda marks: "extension_asked" not in marks,
    "approve-extension": lambda marks: "extension_asked" in marks,
    "refuse-extension": lambda marks: "extension_asked" in marks,
    "approve-appeal": lambda marks: "appealed" in marks,
    "refuse-appeal": lambda marks: "appealed" in marks,
    "dispatch": lambda marks: height(marks, "returns") < 3,
    "adjudicate": lambda marks: height(marks, "returns") >= 3,
    "return": lambda marks: "adjudicated" not in marks,
    "withdraw": lambda marks: "adjudicated" not in marks,
    "sign": lambda marks: "signed" not in marks,
}
ROLES = [*ACTORS, "reporter", "auditor", "admin", "gateway"]
ACTIONS = sorted({action for action, _, _ in TABLE})
STATES = [*OPEN, "closed", "rejected", "voided"]


def actor_of(role: str) -> Actor:
    return ACTORS.get(role, Actor(id="x", role=role))


# Only for a case that was late; in a table of states it is in time.
ONLY_LATE = {"appeal"}


def free(action: str, desk: Desk) -> bool:
    """Whether marks and clocks of a case that is in time let the action pass."""
    return action not in ONLY_LATE and (action not in ASKS or ASKS[action](desk.marks))


def in_state(desk: Desk, state: str) -> Desk:
    """Bring a case into a state by the shortest way through real decisions."""
    ways: dict[str, list[tuple[str, str]]] = {
        "reported": [],
        "accepted": [("accept", "acceptor")],
        "verifying": [("verify", "acceptor")],
        "filed": [("file", "acceptor")],
        "rejected": [("reject", "acceptor")],
        "voided": [("void", "supervisor")],
    }
    ways["dispatched"] = [*ways["filed"], ("dispatch", "dispatcher")]
    ways["returned"] = [*ways["dispatched"], ("return", "handler")]
    ways["handling"] = [*ways["dispatched"], ("start", "handler")]
    ways["handled"] = [*ways["handling"], ("feedback", "handler")]
    ways["reworked"] = [*ways["handled"], ("inspect-fail", "member")]
    ways["inspecting"] = [*ways["handled"], ("inspect-pass", "member")]
    ways["closed"] = [*ways["inspecting"], ("close", "acceptor")]
    desk.open()
    for action, role in ways[state]:
        desk.act(action, role)
        desk.wait(minutes=3)
    return desk


@pytest.mark.parametrize("state", STATES)
def test_every_action_and_role_does_what_the_table_says_and_nothing_else(
    desk: Desk, state: str
) -> None:
    in_state(desk, state)
    for action in ACTIONS:
        for role in ROLES:
            command, view = desk.command(action, actor_of(role)), desk.view()
            expected = TABLE.get((action, state, role))
            if expected is not None and free(action, desk):
                decision = decide(desk.definition, view, command, desk.now, desk.calendars)
                assert decision.state == view.state == expected, (action, state, role)
                continue
            with pytest.raises(ActionRefused) as refused:
                decide(desk.definition, view, command, desk.now, desk.calendars)
            may = any(a == action and r == role for a, _, r in TABLE)
            own = role != "handler" or desk.department == "LIGHTS"
            assert isinstance(refused.value, NotPossible if may and own else NotAllowed)
            assert view.state == state


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
def test_the_actions_offered_are_exactly_those_that_work(desk: Desk, state: str, role: str) -> None:
    in_state(desk, state)
    offered = {form.name for form in desk.offered(actor_of(role))}
    assert offered == {a for a, s, r in TABLE if (s, r) == (state, role) and free(a, desk)}


def test_a_refusal_names_the_actions_of_the_state(desk: Desk) -> None:
    in_state(desk, "handled")
    with pytest.raises(NotPossible, match="while handled") as refused:
        desk.act("accept", "acceptor")
    assert set(refused.value.possible) == {
        "inspect-pass", "inspect-fail", "void", "urge", "supervise", "instruct", "escalate",
        "force-close",
    }  # fmt: skip
    in_state(desk, "voided")
    with pytest.raises(NotPossible, match="final") as refused:
        desk.act("void", "acceptor")
    assert refused.value.possible == ()
    with pytest.raises(NotPossible, match="fly"):
        desk.act("fly", "acceptor")


# --- Opening ---------------------------------------------------------------------------------


def test_a_case_opens_in_reported_under_the_clock_of_accepting(desk: Desk) -> None:
    decision = desk.open()
    assert (decision.state, decision.department, decision.condition) == ("reported", None, None)
    assert [d.stage for d in decision.deadlines] == ["accept"]
    assert desk.clock("accept").due_at == local("2026-09-16T08:15")
    assert decision.timer is not None
    assert decision.timer.due_at == local("2026-09-16T08:12")
    (event,) = decision.events
    assert event.type == "wangge.case.opened.v1"
    assert "steps" not in event.body


def test_a_case_opens_filed_and_dispatched_in_one_event(desk: Desk) -> None:
    decision = desk.open_dispatched()
    (event,) = decision.events
    assert event.body["steps"] == [
        {"action": "file", "state": "filed"},
        {"action": "dispatch", "state": "dispatched"},
    ]
    assert (event.body["state"], event.body["condition"]) == ("dispatched", "P0137-1")
    assert [d.stage for d in decision.deadlines] == ["handle"]
    assert desk.clock("handle").due_at == local("2026-09-16T18:00")
    assert desk.clock("handle").holder == "LIGHTS"


def test_opening_with_filing_ends_where_the_desks_would_have_brought_it(
    desk: Desk, definition: Definition, calendars: Calendars, categories: dict[str, Category]
) -> None:
    at_once = desk.open_dispatched()
    slow = Desk(definition, calendars, categories)
    slow.open()
    slow.act("file", "acceptor")
    slow.act("dispatch", "dispatcher")
    assert at_once.state == slow.state
    assert desk.clock("handle") == slow.clock("handle")
    assert at_once.timer == slow.last.timer


def test_a_filing_with_a_row_of_another_category_is_refused(desk: Desk) -> None:
    row = desk.categories["E0110"].conditions[0]
    with pytest.raises(FieldsMissing) as refused:
        desk.open(Filing(condition=row, department="LIGHTS"))
    assert refused.value.errors[0][0] == "condition"
    with pytest.raises(FieldsMissing):
        desk.open(Filing(condition=desk.row(), department=" "))


# --- Invariant 7 -----------------------------------------------------------------------------


def test_the_department_that_handles_a_case_never_closes_it(desk: Desk) -> None:
    in_state(desk, "inspecting")
    inside = Actor(id="a9", role="acceptor", department="LIGHTS")
    with pytest.raises(NotAllowed, match="handled"):
        desk.act("close", inside)
    assert "close" not in {f.name for f in desk.offered(inside)}
    desk.act("close", Actor(id="a8", role="acceptor", department="CENTRE"))
    assert desk.state == "closed"


def test_a_department_that_handled_the_case_earlier_does_not_close_it_either(desk: Desk) -> None:
    desk.open_dispatched(department="ROADS")
    desk.act("return", Actor(id="h2", role="handler", department="ROADS"))
    desk.act("dispatch", "dispatcher")
    for action, role in [("start", "handler"), ("feedback", "handler"), ("inspect-pass", "member")]:
        desk.act(action, role)
    with pytest.raises(NotAllowed):
        desk.act("close", Actor(id="a9", role="acceptor", department="ROADS"))


@pytest.mark.parametrize("action", ["inspect-pass", "inspect-fail"])
def test_no_one_who_reported_a_case_inspects_it(desk: Desk, action: str) -> None:
    desk.reporters = frozenset({"r1", "m1"})
    in_state_without_member(desk)
    with pytest.raises(NotAllowed, match="reported"):
        desk.act(action, "member")
    with pytest.raises(NotAllowed, match="handled"):
        desk.act(action, Actor(id="m2", role="member", department="LIGHTS"))
    desk.act(action, Actor(id="m2", role="member"))


def in_state_without_member(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("start", "handler")
    desk.act("feedback", "handler")


def test_a_handler_acts_only_for_the_department_that_holds_the_case(desk: Desk) -> None:
    desk.open_dispatched()
    for stranger in ("ROADS", None):
        with pytest.raises(NotAllowed, match="own department"):
            desk.act("start", Actor(id="h9", role="handler", department=stranger))
    desk.act("return", "handler")
    with pytest.raises(NotAllowed):
        desk.act("start", "handler")


# --- Reasons and fields ----------------------------------------------------------------------


@pytest.mark.parametrize("blank", [None, "", "  ", "\n\t", "\u3000", "\u200b\u2060"])
@pytest.mark.parametrize(
    ("state", "action", "role"),
    [
        ("reported", "reject", "acceptor"),
        ("dispatched", "return", "handler"),
        ("filed", "return-to-acceptor", "dispatcher"),
        ("handling", "escalate", "dispatcher"),
        ("dispatched", "withdraw", "dispatcher"),
        ("handling", "force-close", "supervisor"),
        ("closed", "reopen", "acceptor"),
        ("verifying", "verify-no", "member"),
        ("handled", "inspect-fail", "member"),
        ("handling", "void", "supervisor"),
        ("reported", "relocate", "acceptor"),
        ("reported", "reclassify", "acceptor"),
    ],
)
def test_a_reason_that_must_be_given_may_not_be_blank(
    desk: Desk, state: str, action: str, role: str, blank: str | None
) -> None:
    in_state(desk, state)
    with pytest.raises(FieldsMissing) as refused:
        desk.act(action, role, reason=blank)
    assert refused.value.errors == (("reason", "is required"),)


@pytest.mark.parametrize(
    ("state", "action", "role", "fields", "wrong"),
    [
        ("reported", "file", "acceptor", {"condition": None}, "condition"),
        ("reported", "file", "acceptor", {"condition": "P0137-1"}, "condition"),
        ("filed", "dispatch", "dispatcher", {"department": None}, "department"),
        ("filed", "dispatch", "dispatcher", {"department": " "}, "department"),
        ("handling", "feedback", "handler", {"text": ""}, "text"),
        ("handling", "instruct", "supervisor", {"text": None}, "text"),
        ("closed", "call-back", "acceptor", {"satisfaction": None}, "satisfaction"),
        ("closed", "call-back", "acceptor", {"satisfaction": "glad"}, "satisfaction"),
        ("closed", "call-back", "acceptor", {"satisfaction": ["satisfied"]}, "satisfaction"),
        ("handling", "feedback", "handler", {"photos": "p1"}, "photos"),
        ("handling", "feedback", "handler", {"photos": ["p"] * 10}, "photos"),
        ("handling", "feedback", "handler", {"photos": [""]}, "photos"),
        ("inspecting", "close", "acceptor", {"closing_met": None}, "closing_met"),
        ("inspecting", "close", "acceptor", {"closing_met": False}, "closing_met"),
        ("inspecting", "close", "acceptor", {"closing_met": "yes"}, "closing_met"),
        ("filed", "relocate", "dispatcher", {"location": None}, "location"),
        ("filed", "reclassify", "dispatcher", {"category": None}, "category"),
        ("filed", "reclassify", "dispatcher", {"condition": None}, "condition"),
        ("filed", "reclassify", "dispatcher", {"category": "E0110"}, "condition"),
    ],
)
def test_a_missing_or_wrong_field_is_named(
    desk: Desk, state: str, action: str, role: str, fields: dict[str, Any], wrong: str
) -> None:
    in_state(desk, state)
    before = desk.view()
    with pytest.raises(FieldsMissing) as refused:
        desk.act(action, role, **fields)
    assert [name for name, _ in refused.value.errors] == [wrong]
    assert desk.view() == before


def test_all_that_is_wrong_is_named_at_once(desk: Desk) -> None:
    in_state(desk, "filed")
    with pytest.raises(FieldsMissing) as refused:
        desk.act("reclassify", "dispatcher", reason="", category=None, condition=None)
    assert [name for name, _ in refused.value.errors] == ["reason", "category", "condition"]


def test_photos_are_not_needed_for_feedback_and_its_words_stay_out_of_the_event(
    desk: Desk,
) -> None:
    in_state(desk, "handling")
    decision = desk.act("feedback", "handler", photos=None, text="secret words")
    assert "photos" not in decision.events[0].body
    assert "secret" not in json.dumps(decision.events[0].body)


def test_a_case_that_has_a_condition_is_filed_again_without_one(desk: Desk) -> None:
    in_state(desk, "filed")
    desk.act("return-to-acceptor", "dispatcher")
    (form,) = [f for f in desk.offered(ACTORS["acceptor"]) if f.name == "file"]
    assert [(field.name, field.required) for field in form.fields] == [
        ("reason", False),
        ("condition", False),
    ]
    desk.act("file", "acceptor", condition=None)
    assert desk.condition == desk.row()


def test_dispatch_without_a_condition_is_not_possible(desk: Desk) -> None:
    in_state(desk, "filed")
    desk.condition = None
    with pytest.raises(NotPossible, match="condition"):
        desk.act("dispatch", "dispatcher")


# --- Clocks ----------------------------------------------------------------------------------


def test_a_case_sent_back_to_the_same_department_goes_on_with_the_time_left(desk: Desk) -> None:
    desk.open_dispatched()  # 1 工作日 from 08:00
    desk.wait(hours=3)
    desk.act("return", "handler")
    assert desk.clock("handle").due_at is None
    assert desk.clock("dispatch").due_at == local("2026-09-16T11:15")
    desk.wait(hours=4)  # 15:00
    desk.act("dispatch", "dispatcher", department="LIGHTS")
    assert desk.clock("handle").used_us == 3 * 3_600_000_000
    assert desk.clock("handle").due_at == local("2026-09-17T10:00")  # 5 h left
    assert desk.clock("dispatch").stopped_at == desk.now


def test_a_case_sent_to_another_department_starts_its_time_afresh(desk: Desk) -> None:
    desk.open_dispatched()
    desk.wait(hours=3)
    desk.act("return", "handler")
    desk.wait(hours=4)
    desk.act("dispatch", "dispatcher", department="ROADS")
    assert desk.clock("handle").used_us == 0
    assert desk.clock("handle").due_at == local("2026-09-17T15:00")  # 8 h
    assert desk.clock("handle").holder == "ROADS"


def test_rework_goes_on_with_the_time_left_and_the_rung_reached(desk: Desk) -> None:
    desk.open_dispatched()
    desk.act("start", "handler")
    desk.wait(hours=9)  # 17:00, 7 h used; the reminder was due at 16:24
    desk.fire()
    assert desk.clock("handle").rung == 1
    desk.act("feedback", "handler")
    desk.wait(hours=16)  # next morning 09:00
    desk.act("inspect-fail", "member")
    assert desk.clock("handle").due_at == local("2026-09-17T10:00")
    assert desk.clock("handle").rung == 1
    assert desk.last.timer is not None
    assert desk.last.timer.due_at == local("2026-09-17T10:00")


def test_starting_leaves_the_handling_clock_alone(desk: Desk) -> None:
    opened = desk.open_dispatched()
    desk.wait(hours=1)
    decision = desk.act("start", "handler")
    assert decision.deadlines == opened.deadlines
    assert decision.events[0].body["deadlines"] == []


def test_reclassifying_counts_the_new_limit_from_the_original_start(desk: Desk) -> None:
    desk.open_dispatched()
    desk.wait(hours=3)
    decision = desk.act("reclassify", "dispatcher", condition=desk.row(3))  # 2 工作时
    assert desk.clock("handle").due_at == local("2026-09-16T10:00")
    assert desk.clock("handle").rung == 0
    body = decision.events[0].body
    assert (body["condition"], body["was"]) == ("P0137-3", {"condition": "P0137-1"})
    fired = desk.fire()
    assert [event.body["rung"] for event in fired.events] == [0, 1, 2]


def test_another_limit_begins_the_ladder_again_and_the_same_limit_does_not(desk: Desk) -> None:
    desk.open_dispatched()
    desk.wait(hours=10)
    desk.fire()
    assert desk.clock("handle").rung == 2
    desk.act("reclassify", "dispatcher", condition=desk.row(1))
    assert desk.clock("handle").rung == 2
    desk.act("reclassify", "dispatcher", condition=desk.row(2))  # 2 工作日
    assert desk.clock("handle").rung == 0
    assert desk.clock("handle").due_at == local("2026-09-17T18:00")


def test_reclassifying_after_a_pause_counts_the_earlier_run_by_the_new_clock(desk: Desk) -> None:
    desk.now = local("2026-09-16T11:00")
    desk.open_dispatched()
    desk.wait(hours=2)  # 13:00: one working hour, two natural
    desk.act("return", "handler")
    desk.wait(hours=1)
    desk.act("dispatch", "dispatcher")
    urgent = desk.categories["P0101"].conditions[0]  # 2 紧急工作时
    desk.act("reclassify", "dispatcher", category="P0101", condition=urgent)
    assert desk.clock("handle").used_us == 2 * 3_600_000_000
    assert desk.clock("handle").due_at == desk.now


def test_reclassifying_a_case_that_waits_drops_the_condition(desk: Desk) -> None:
    in_state(desk, "filed")
    desk.act("return-to-acceptor", "dispatcher")
    desk.act("reclassify", "acceptor", category="E0110", condition=None)
    assert (desk.category, desk.condition, desk.state) == ("E0110", None, "accepted")


def test_final_states_have_no_clock_and_no_timer(desk: Desk) -> None:
    for state in ("closed", "rejected", "voided"):
        in_state(desk, state)
        assert desk.last.timer is None
        assert not any(deadline.running for deadline in desk.last.deadlines)


def test_urging_does_not_raise_the_version_and_changes_nothing(desk: Desk) -> None:
    before = desk.open_dispatched()
    decision = desk.act("urge", "supervisor")
    assert not decision.raises_version
    assert (decision.state, decision.deadlines, decision.timer) == (
        before.state,
        before.deadlines,
        before.timer,
    )
    assert desk.act("relocate", "dispatcher").raises_version


STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTIONS),
        st.sampled_from(list(ACTORS)),
        st.integers(0, 30 * 3600),
        st.sampled_from(["LIGHTS", "ROADS"]),
    ),
    max_size=40,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_no_sequence_of_actions_breaks_the_rules(
    definition: Definition, calendars: Calendars, categories: dict[str, Category], steps: Any
) -> None:
    desk = Desk(definition, calendars, categories)
    desk.open()
    for action, role, seconds, department in steps:
        desk.wait(seconds=seconds)
        actor = ACTORS[role]
        if role == "handler":
            actor = Actor(id="h", role=role, department=department)
        given = {"department": department} if action in ("dispatch", "adjudicate") else {}
        before, marks = desk.state, desk.marks
        try:
            decision = desk.act(action, actor, **given)
        except ActionRefused:
            assert desk.state == before
            continue
        assert TABLE[action, before, role] == decision.state
        assert ASKS.get(action, lambda _marks: True)(marks), action
        check_clocks(desk, decision)


PEOPLE = [
    Actor(id=f"{role}-{number}", role=role, department=department)
    for role in ACTORS
    if role != "system"
    for number in (1, 2)
    for department in ([] if role == "handler" else [None]) + ["LIGHTS", "ROADS"]
]
CHECKS_ON_SITE = {"verify-yes", "verify-no", "inspect-pass", "inspect-fail"}
JUDGES = CHECKS_ON_SITE | {
    "close", "force-close", "reopen", "call-back", "approve-appeal", "refuse-appeal",
}  # fmt: skip
WALK = st.lists(
    st.tuples(st.integers(0, 999), st.integers(0, 20 * 3600), st.sampled_from(["LIGHTS", "ROADS"])),
    max_size=60,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(WALK)
def test_what_is_offered_works_and_no_one_judges_the_own_work(
    definition: Definition, calendars: Calendars, categories: dict[str, Category], walk: Any
) -> None:
    desk = Desk(definition, calendars, categories)
    desk.reporters = frozenset({"r1", "member-1"})
    desk.open_dispatched()
    for choice, seconds, department in walk:
        desk.wait(seconds=seconds)
        ways = [(form.name, actor) for actor in PEOPLE for form in desk.offered(actor)]
        # What ends a case for good would end most walks early.
        ways = [way for way in ways if way[0] not in ("void", "reject")] or ways
        if not ways:
            return
        action, actor = ways[choice * len(ways) // 1000]
        before, held = desk.state, desk.handled_by
        given = {"department": department} if action in ("dispatch", "adjudicate") else {}
        decision = desk.act(action, actor, **given)
        assert TABLE[action, before, actor.role] == decision.state
        assert action not in JUDGES or actor.department not in held
        assert action not in CHECKS_ON_SITE or actor.id not in desk.reporters
        check_clocks(desk, decision)
        assert all(clock.extensions <= 2 for clock in decision.deadlines)
        if decision.timer is not None and decision.timer.due_at <= desk.now:
            check_clocks(desk, desk.fire())


def check_clocks(desk: Desk, decision: Decision) -> None:
    stage = desk.definition.stage_of.get(decision.state)
    running = [deadline for deadline in decision.deadlines if deadline.running]
    assert [deadline.stage for deadline in running] == ([stage.name] if stage else [])
    assert len({deadline.stage for deadline in decision.deadlines}) == len(decision.deadlines)
    for deadline in decision.deadlines:
        assert (deadline.due_at is None) == (deadline.stopped_at is not None)
        assert type(deadline).from_json(json.loads(json.dumps(deadline.to_json()))) == deadline
        assert deadline.used_us == sum(
            desk.calendars.get(deadline.calendar).counted(start, end, deadline.clock)
            // timedelta(microseconds=1)
            for start, end in deadline.runs
        )
    assert (decision.timer is None) == (not running or running[0].rung >= 4)
    for event in decision.events:
        assert_no_floats(event.body)


def assert_no_floats(value: object) -> None:
    assert isinstance(value, dict | list | str | bool | int | None), value
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        assert_no_floats(part)


def test_a_case_may_be_opened_from_a_bare_view(
    definition: Definition, calendars: Calendars
) -> None:
    view = CaseView(state="", category="E0603")
    assert open_case(definition, view, local("2026-09-16T08:00"), calendars).state == "reported"
