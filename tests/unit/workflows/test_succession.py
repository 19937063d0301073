"""One incident passes on from row to row: fence, repair, restore."""

from typing import Any

import pytest

from tests.unit.workflows.desk import Desk, local
from tests.unit.workflows.succession import WATER_MAIN, fence_repair_restore, with_succession
from workflows import Actor, Calendars, Category, Definition, load_definition
from workflows.errors import DefinitionError, FieldsMissing, NotAllowed, NotPossible

ROADS = Actor(id="h2", role="handler", department="ROADS")


@pytest.fixture
def burst(definition: Definition, calendars: Calendars, categories: dict[str, Category]) -> Desk:
    desk = Desk(definition, calendars, with_succession(categories))
    desk.category = WATER_MAIN
    return desk


def handled(desk: Desk, handler: Actor | str = "handler") -> dict[str, Any]:
    """The department does the row; returns the facts of its feedback."""
    desk.act("start", handler)
    desk.act("feedback", handler)
    found: dict[str, Any] = desk.events[-1][1]["facts"]
    return found


def test_the_next_row_has_its_own_limit_from_the_moment_it_begins(burst: Desk) -> None:
    burst.open_dispatched()  # Wednesday 08:00, 3 紧急工作时
    burst.wait(hours=4)
    (left,) = handled(burst)["left"]
    assert (left["condition"], left["in_time"], left["late_s"]) == ("E0501-1", False, 3600)
    assert burst.marks["follows"] == 1
    burst.wait(minutes=30)
    burst.act("next-condition", "dispatcher")
    body = burst.events[-1][1]
    assert (body["condition"], body["was"]) == ("E0501-2", {"condition": "E0501-1"})
    assert body["passed_on"] == {"condition": "E0501-1", "holder": "LIGHTS", "in_time": False}
    assert [left["stage"] for left in body["facts"]["left"]] == ["inspect"]
    assert (burst.state, burst.department) == ("dispatched", "LIGHTS")
    assert burst.marks == {"rows": 1}
    clock = burst.clock("handle")
    assert (clock.due_at, clock.rung, clock.runs) == (local("2026-09-16T20:30"), 0, ())


def test_another_department_does_the_next_row_and_was_not_sent_wrongly(burst: Desk) -> None:
    burst.open_dispatched()
    handled(burst)
    burst.act("next-condition", "dispatcher", department="ROADS", assistants=["WATER"])
    assert (burst.department, burst.assistants) == ("ROADS", {"WATER": False})
    assert burst.events[-1][1]["facts"]["resent"] is False
    assert "resent" not in burst.marks
    assert burst.clock("handle").holder == "ROADS"


def test_assistants_of_a_row_are_gone_with_it(burst: Desk) -> None:
    burst.open()
    burst.act("file", "acceptor")
    burst.act("joint-dispatch", "dispatcher")
    for code in ("ROADS", "WATER"):
        burst.act("assist", Actor(id="x", role="handler", department=code))
    handled(burst)
    with pytest.raises(FieldsMissing, match="assistants"):
        burst.act("next-condition", "dispatcher", assistants=["LIGHTS"])
    burst.act("next-condition", "dispatcher")
    assert burst.assistants == {}


def test_a_case_closes_only_with_the_last_row(burst: Desk) -> None:
    burst.open_dispatched()
    for _ in range(2):
        handled(burst)
        burst.act("inspect-pass", "member")
        with pytest.raises(NotPossible, match="another row follows") as caught:
            burst.act("close", "acceptor")
        assert caught.value.words is not None
        assert "转后续条件" in caught.value.words.zh
        burst.act("next-condition", "dispatcher")
    assert burst.condition == fence_repair_restore()[2]
    handled(burst)
    assert "follows" not in burst.marks
    with pytest.raises(NotPossible, match="no row follows"):
        burst.act("next-condition", "dispatcher")
    burst.act("inspect-pass", "member")
    burst.act("close", "acceptor")
    assert (burst.state, burst.marks) == ("closed", {"rows": 2})
    burst.act("reopen", "supervisor")
    assert burst.marks == {"reopened": 1}


def test_a_row_that_failed_its_inspection_is_done_again_first(burst: Desk) -> None:
    burst.open_dispatched()
    handled(burst)
    burst.act("inspect-fail", "member")
    with pytest.raises(NotPossible):
        burst.act("next-condition", "dispatcher")
    handled(burst)
    burst.act("next-condition", "dispatcher")
    assert burst.marks == {"reworks": 1, "rows": 1}


def test_who_handled_the_row_does_not_pass_it_on(burst: Desk) -> None:
    burst.open_dispatched()
    handled(burst)
    own = Actor(id="d9", role="dispatcher", department="LIGHTS")
    with pytest.raises(NotAllowed, match="has handled the case"):
        burst.act("next-condition", own)
    with pytest.raises(NotAllowed):
        burst.act("next-condition", "handler")


def test_a_row_that_has_gone_from_the_table_holds_no_case_up(burst: Desk) -> None:
    burst.open_dispatched()
    handled(burst)
    burst.act("inspect-pass", "member")
    category = burst.categories[WATER_MAIN]
    kept = type(category)(
        **{name: getattr(category, name) for name in category.__slots__}
        | {"conditions": fence_repair_restore()[:1]}
    )
    burst.categories = {**burst.categories, WATER_MAIN: kept}
    burst.act("close", "acceptor")
    assert burst.state == "closed"


def test_a_case_without_successive_rows_is_as_before(desk: Desk) -> None:
    desk.open_dispatched()
    handled(desk)
    assert "follows" not in desk.marks
    assert "next-condition" not in {form.name for form in desk.offered(ROADS)}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"guards": ["condition_chosen"]}, r"next-condition\.guards: must name row_follows"),
        (
            {"steps": [{"roles": ["dispatcher"], "from": ["handled"], "to": "dispatched"}]},
            r"next-condition\.steps: must say `again: fresh` from handled",
        ),
        (
            {"steps": [{"roles": ["dispatcher"], "from": ["handled"], "to": "filed"}]},
            r"next-condition\.steps: must lead from handled into a stage whose limit",
        ),
        (
            {"steps": [{"roles": ["dispatcher"], "from": ["handling"], "to": "dispatched"}]},
            r"next-condition\.steps: must lead from handling into a stage whose limit",
        ),
    ],
)
def test_a_definition_that_passes_on_wrongly_is_refused(
    definition_document: dict[str, Any], change: dict[str, Any], told: str
) -> None:
    actions = definition_document["actions"]
    action = {**actions["next-condition"], **change}
    with pytest.raises(DefinitionError, match=told):
        load_definition({**definition_document, "actions": {**actions, "next-condition": action}})
