import json
from typing import Any

import pytest

from tests.unit.workflows.desk import ACTORS, Desk, local
from tests.unit.workflows.table import (
    ACTIONS,
    ASIDE,
    ROLES,
    STATES,
    TABLE,
    actor_of,
    free,
    in_state,
)
from workflows import (
    ActionRefused,
    Actor,
    Calendars,
    CaseView,
    Category,
    Definition,
    FieldsMissing,
    Filing,
    NotAllowed,
    NotPossible,
    decide,
    open_case,
)


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
    offered = {form.name for form in desk.offered(actor_of(role))} - ASIDE
    assert offered == {a for a, s, r in TABLE if (s, r) == (state, role) and free(a, desk)}


def test_a_refusal_names_the_actions_of_the_state(desk: Desk) -> None:
    in_state(desk, "handled")
    with pytest.raises(NotPossible, match="while handled") as refused:
        desk.act("accept", "acceptor")
    assert set(refused.value.possible) == {
        "inspect-pass", "inspect-fail", "void", "urge", "supervise", "instruct", "escalate",
        "force-close", "merge", "hand-over", "next-condition", "appoint",
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


def test_a_case_may_be_opened_from_a_bare_view(
    definition: Definition, calendars: Calendars
) -> None:
    view = CaseView(state="", category="E0603")
    assert open_case(definition, view, local("2026-09-16T08:00"), calendars).state == "reported"
