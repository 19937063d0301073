"""A case's history under another definition: what fits, what does not, what the case becomes."""

import copy
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.workflows.desk import ACTORS, Desk
from workflows import (
    DEFINITIONS,
    ActionRefused,
    Calendars,
    Category,
    Definition,
    load_definition,
    read_document,
)
from workflows.replaying import MIGRATED, DoesNotReplay, Happened, migrate, replay

Damage = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="session")
def first() -> Definition:
    return load_definition(read_document(DEFINITIONS / "urban_management.yaml"))


@pytest.fixture
def old(first: Definition, calendars: Calendars, categories: dict[str, Category]) -> Desk:
    return Desk(first, calendars, categories)


@pytest.fixture
def newer(definition_document: dict[str, Any]) -> Callable[[Damage], Definition]:
    """Version 9 of the newest definition, with a change."""

    def make(change: Damage) -> Definition:
        document = copy.deepcopy(definition_document)
        document["version"] = 9
        change(document)
        return load_definition(document)

    return make


def walk(desk: Desk, seed: int, steps: int = 25) -> None:
    """A random life of a case."""
    pick = random.Random(seed)
    desk.open_dispatched() if pick.random() < 0.5 else desk.open()
    for _ in range(steps):
        desk.wait(minutes=pick.randint(1, 300))
        desk.fire()
        actor = ACTORS[pick.choice(sorted(ACTORS))]
        offered = [form.name for form in desk.offered(actor)]
        if offered:
            try:
                desk.act(pick.choice(offered), actor)
            except ActionRefused:  # what a field needs, the walk does not always bring
                continue


def go(desk: Desk, new: Definition) -> Any:
    return migrate(desk.definition, new, desk.view(), desk.history, desk.now, desk.calendars)


@pytest.mark.parametrize("seed", range(30))
def test_what_a_definition_wrote_replays_under_it(desk: Desk, seed: int) -> None:
    walk(desk, seed)
    replayed = replay(desk.definition, desk.history)
    assert (replayed.state, replayed.marks) == (desk.state, desk.marks)


def test_a_mark_of_the_opening_goes_over_too(old: Desk, definition: Definition) -> None:
    old.marks = {"ownerless": 1}
    old.open()
    old.act("file", "acceptor")
    decision = go(old, definition)
    assert decision.marks["ownerless"] == 1
    assert "ownerless" not in decision.events[0].body.get("marks", {})


@pytest.mark.parametrize("seed", range(20))
def test_what_version_1_wrote_replays_under_the_newest(
    old: Desk, definition: Definition, seed: int
) -> None:
    walk(old, seed)
    assert replay(definition, old.history).state == old.state


def _forgets(document: dict[str, Any]) -> None:
    del document["actions"]["return-to-acceptor"]["formerly"]


def test_an_action_that_was_told_by_another_event_says_so(
    old: Desk, definition: Definition, newer: Callable[[Damage], Definition]
) -> None:
    old.open()
    old.act("file", "acceptor")
    old.act("return", "dispatcher")
    assert go(old, definition).state == "accepted"
    with pytest.raises(DoesNotReplay, match=r"Event 3 .*: return leads from filed to accepted"):
        go(old, newer(_forgets))


def test_a_case_goes_over_with_its_clock_and_its_marks(old: Desk, definition: Definition) -> None:
    old.open()
    old.act("file", "acceptor")
    for _ in range(2):
        old.act("dispatch", "dispatcher")
        old.wait(hours=1)
        old.act("return", "handler")
    assert old.marks == {}
    decision = go(old, definition)
    assert (decision.state, decision.marks) == ("returned", {"owner": "a1", "returns": 2})
    assert (decision.deadlines, decision.timer) == (old.last.deadlines, old.last.timer)
    assert decision.raises_version
    (event,) = decision.events
    assert (event.type, event.body) == (
        MIGRATED,
        {
            "from": "urban_management@1", "to": "urban_management@2", "state": "returned",
            "deadlines": [], "marks": {"owner": "a1", "returns": 2},
        },
    )  # fmt: skip
    old.definition = definition
    old.keep(decision)
    old.act("dispatch", "dispatcher")
    old.act("return", "handler")
    old.act("adjudicate", "supervisor")
    # And once more: what it went through before is no obstacle.
    after = {"owner": "a1", "returns": 3, "adjudicated": 1}
    assert replay(definition, old.history).marks == after


@pytest.mark.parametrize(
    ("actions", "seq", "says"),
    [
        ([("verify", "acceptor")], 2, "no action of urban_management@1 writes it"),
        ([("accept", "acceptor"), ("verify", "acceptor")], 3, "no action"),
        (
            [("file", "acceptor"), ("dispatch", "dispatcher"), ("withdraw", "dispatcher")], 4,
            "no action",
        ),
    ],
)  # fmt: skip
def test_the_first_event_that_does_not_fit_is_named(
    desk: Desk, first: Definition, actions: list[tuple[str, str]], seq: int, says: str
) -> None:
    desk.open()
    for name, actor in actions:
        desk.act(name, actor)
    with pytest.raises(DoesNotReplay) as caught:
        go(desk, first)
    assert caught.value.seq == seq
    assert says in caught.value.why
    assert f"Event {seq} (wangge.case." in str(caught.value)


def _no_dispatch_of_the_engine(document: dict[str, Any]) -> None:
    for name in ("file", "dispatch"):
        document["actions"][f"{name}-2"] = document["actions"].pop(name)


def _handled_is_inspected_elsewhere(document: dict[str, Any]) -> None:
    document["actions"]["inspect-pass"]["steps"][0]["to"] = "closed"
    document["actions"]["close"]["steps"][0]["from"] = ["inspecting", "handled"]
    document["actions"]["start"]["steps"].append(
        {"roles": ["handler"], "from": ["filed"], "to": "inspecting"}
    )
    document["actions"]["start"]["guards"] = ["condition_chosen"]


def test_a_step_that_leads_elsewhere_does_not_fit(
    desk: Desk, newer: Callable[[Damage], Definition]
) -> None:
    desk.open_dispatched()
    for name, actor in (("start", "handler"), ("feedback", "handler"), ("inspect-pass", "member")):
        desk.act(name, actor)
    with pytest.raises(DoesNotReplay, match=r"Event 4 .*inspect-pass leads from handled to insp"):
        go(desk, newer(_handled_is_inspected_elsewhere))


def test_steps_of_the_opening_are_looked_at_too(
    desk: Desk, newer: Callable[[Damage], Definition]
) -> None:
    desk.open_dispatched()
    with pytest.raises(DoesNotReplay, match=r"Event 1 .*urban_management@9 has no action file"):
        replay(newer(_no_dispatch_of_the_engine), desk.history)


def _other_stage(document: dict[str, Any]) -> None:
    document["stages"]["send"] = document["stages"].pop("dispatch") | {"limit": "3 紧急工作时"}


def test_where_the_stage_has_another_name_its_clock_begins_now(
    desk: Desk, newer: Callable[[Damage], Definition]
) -> None:
    desk.open()
    desk.act("file", "acceptor")
    desk.wait(hours=1)
    decision = go(desk, newer(_other_stage))
    clocks = {clock.stage: clock for clock in decision.deadlines}
    assert clocks["dispatch"].stopped_at == desk.now
    assert (clocks["send"].started_at, clocks["send"].limit) == (desk.now, "3 紧急工作时")
    assert decision.timer is not None
    assert decision.timer.stage == "send"
    assert [told["stage"] for told in decision.events[0].body["deadlines"]] == ["dispatch", "send"]


def test_a_case_sent_on_is_known_to_be_from_a_history_that_did_not_count_it(
    old: Desk, definition: Definition
) -> None:
    old.open_dispatched()
    old.act("return", "handler")
    old.act("dispatch", "dispatcher", department="LIGHTS")
    bare = [Happened(seq=h.seq, type=h.type, actor=h.actor, body=_without_facts(h.body))
            for h in old.history]  # fmt: skip
    assert "resent" not in replay(definition, bare).marks
    old.act("return", "handler")
    old.act("dispatch", "dispatcher", department="ROADS")
    last = old.history[-1]
    bare.append(old.history[-2])
    bare.append(Happened(seq=last.seq, type=last.type, actor="d1", body=_without_facts(last.body)))
    assert replay(definition, bare).marks["resent"] == 1
    assert replay(definition, old.history).marks["resent"] == 1


def test_whom_a_case_had_before_it_was_reopened_does_not_count(definition: Definition) -> None:
    def event(type_: str, **body: Any) -> tuple[str, dict[str, Any]]:
        return f"wangge.case.{type_}.v1", body

    events = [
        event("opened", state="dispatched", department="A", steps=[
            {"action": "file", "state": "filed"}, {"action": "dispatch", "state": "dispatched"}]),
        event("force-closed", **{"from": "dispatched", "state": "closed", "department": "A"}),
        event("reopened", **{"from": "closed", "state": "filed", "department": None,
                             "reopened": True}),
        event("dispatched", **{"from": "filed", "state": "dispatched", "department": "B"}),
    ]  # fmt: skip
    told = [Happened(seq=n, type=t, actor="a", body=b) for n, (t, b) in enumerate(events, start=1)]
    assert "resent" not in replay(definition, told).marks
    # Without the reopening it was sent on.
    again = [told[0], *(
        Happened(seq=n, type=t, actor="a", body=b) for n, (t, b) in enumerate([
            event("returned", **{"from": "dispatched", "state": "returned", "department": None}),
            event("dispatched", **{"from": "returned", "state": "dispatched", "department": "B"}),
        ], start=2)
    )]  # fmt: skip
    assert replay(definition, again).marks["resent"] == 1


def _without_facts(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "facts"}


def _suspended_elsewhere(document: dict[str, Any]) -> None:
    document["stages"]["rest"] = document["stages"].pop("suspend")


def test_a_clock_that_ends_when_somebody_chose_cannot_begin_by_itself(
    desk: Desk, newer: Callable[[Damage], Definition]
) -> None:
    desk.open_dispatched()
    desk.act("start", "handler")
    desk.act("suspend", "dispatcher", until=desk.now + timedelta(days=3))
    assert go(desk, newer(lambda _document: None)).deadlines == desk.last.deadlines
    with pytest.raises(DoesNotReplay, match=r"Event 3 .*the stage rest ends at a moment that nobo"):
        go(desk, newer(_suspended_elsewhere))


def _finer_ladder(document: dict[str, Any]) -> None:
    rungs = document["ladders"]["standard"]
    rungs.insert(0, rungs[0] | {"at": "0.5"})
    rungs.insert(2, rungs[0] | {"at": "0.9"})


def test_a_clock_goes_on_with_the_rung_of_the_new_ladder_that_comes_next(
    desk: Desk, newer: Callable[[Damage], Definition]
) -> None:
    desk.open()
    desk.wait(minutes=13)  # past four fifths of 15 minutes
    desk.fire()
    assert desk.clock("accept").rung == 1
    decision = go(desk, newer(_finer_ladder))
    (clock,) = decision.deadlines
    assert clock.rung == 2  # 0.5 has been passed over, 0.9 comes
    assert clock.due_at == desk.clock("accept").due_at
    assert decision.timer is not None
    assert decision.timer.rung == 2


@pytest.mark.parametrize(
    ("history", "seq", "says"),
    [
        ([], 0, "the history is empty"),
        (
            [("wangge.case.filed.v1", {"from": "reported", "state": "filed"})], 1,
            "begins with the case's opening",
        ),
        ([("wangge.case.opened.v1", {"state": "filed"})], 1, "opens the case as filed"),
        (
            [("wangge.case.opened.v1", {"state": "reported"})] * 2, 2,
            "opens it once",
        ),
        (
            [
                ("wangge.case.opened.v1", {"state": "reported"}),
                ("wangge.case.accepted.v1", {"from": "filed", "state": "accepted"}),
            ],
            2, "finds the case filed, which is reported",
        ),
        (
            [
                ("wangge.case.opened.v1", {"state": "reported"}),
                ("wangge.case.attached.v1", {"state": "filed"}),
            ],
            2, "finds the case filed, which is reported",
        ),
    ],
)  # fmt: skip
def test_what_is_no_history_is_refused(
    definition: Definition, history: list[tuple[str, dict[str, Any]]], seq: int, says: str
) -> None:
    told = [
        Happened(seq=n, type=type_, actor="a", body=body)
        for n, (type_, body) in enumerate(history, start=1)
    ]
    with pytest.raises(DoesNotReplay, match=says) as caught:
        replay(definition, told)
    assert caught.value.seq == seq


def test_a_row_that_its_history_does_not_tell_is_left_alone(
    old: Desk, definition: Definition
) -> None:
    old.open()
    old.state = "filed"
    with pytest.raises(DoesNotReplay, match="leaves the case reported, which is filed"):
        go(old, definition)
