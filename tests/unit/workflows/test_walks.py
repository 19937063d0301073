"""Random walks of desks over one case: no sequence of actions breaks the rules."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.workflows.desk import ACTORS, Desk
from tests.unit.workflows.table import ACTIONS, ASKS, TABLE
from workflows import ActionRefused, Actor, Calendars, Category, Decision, Definition

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
        if action == "joint-dispatch":
            given = {"department": "LIGHTS"}
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
    for department in ([] if role == "handler" else [None]) + ["LIGHTS", "ROADS", "WATER"]
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
        offers = [(form.name, actor) for actor in PEOPLE for form in desk.offered(actor)]
        # What ends a case for good would end most walks early.
        offers = [one for one in offers if one[0] not in ("void", "reject")] or offers
        if not offers:
            return
        action, actor = offers[choice * len(offers) // 1000]
        before, held = desk.state, desk.handled_by
        ways = TABLE | {
            ("assist", before, "handler"): before,
            ("unmerge", "merged", actor.role): str(desk.marks.get("merged_from")),
        }
        decision = desk.act(action, actor, **fields_of(action, department))
        assert ways[action, before, actor.role] == decision.state
        assert action != "feedback" or all(desk.assistants.values())
        assert action not in JUDGES or actor.department not in held
        assert action not in CHECKS_ON_SITE or actor.id not in desk.reporters
        check_clocks(desk, decision)
        assert all(clock.extensions <= 2 for clock in decision.deadlines)
        if decision.timer is not None and decision.timer.due_at <= desk.now:
            check_clocks(desk, desk.fire())


def fields_of(action: str, department: str) -> dict[str, Any]:
    """What a walk chooses itself: the departments."""
    if action in ("dispatch", "adjudicate"):
        return {"department": department}
    if action == "joint-dispatch":
        others = {"LIGHTS": "ROADS", "ROADS": "LIGHTS"}
        return {"department": department, "assistants": ["WATER", others[department]]}
    return {}


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
    last = len(stage.ladder) if stage else 0
    assert (decision.timer is None) == (not running or running[0].rung >= last)
    for event in decision.events:
        assert_no_floats(event.body)


def assert_no_floats(value: object) -> None:
    assert isinstance(value, dict | list | str | bool | int | None), value
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        assert_no_floats(part)
