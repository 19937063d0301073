"""Who verifies and inspects: the member that was chosen, and in the hours of the report."""

from dataclasses import replace

import pytest

from tests.unit.workflows.desk import Desk, local
from tests.unit.workflows.table import in_state
from workflows import Actor, Definition, NotAllowed, NotPossible
from workflows.replaying import replay
from workflows.seasons import Band

CHOSEN, OTHER = Actor(id="m1", role="member"), Actor(id="m2", role="member")
BEFORE = {"verify-yes": "accepted", "verify-no": "accepted"}
AFTER = {"inspect-pass": "inspecting", "inspect-fail": "reworked"}
ASKED = [("verify", "acceptor", "reported", BEFORE), ("feedback", "handler", "handling", AFTER)]


@pytest.mark.parametrize(("asks", "by", "state", "answers"), ASKED)
def test_only_who_was_chosen_answers_and_then_nobody_is(
    desk: Desk, asks: str, by: str, state: str, answers: dict[str, str]
) -> None:
    in_state(desk, state)
    told = desk.act(asks, by, appointed="m1").events[0].body
    assert told["marks"]["inspector"] == "m1"
    for answer, after in answers.items():
        kept = dict(vars(desk))
        assert answer not in {form.name for form in desk.offered(OTHER)}
        with pytest.raises(NotAllowed, match="somebody else is to verify or inspect") as refused:
            desk.act(answer, OTHER)
        assert refused.value.words is not None
        assert "核实核查" in refused.value.words.zh
        desk.act(answer, CHOSEN)
        assert desk.state == after
        assert "inspector" not in desk.marks
        vars(desk).update(kept)


@pytest.mark.parametrize(("asks", "by", "state", "answers"), ASKED)
def test_where_nobody_was_chosen_any_member_answers(
    desk: Desk, asks: str, by: str, state: str, answers: dict[str, str]
) -> None:
    in_state(desk, state)
    desk.act(asks, by, appointed=None)
    assert "inspector" not in desk.marks
    desk.act(next(iter(answers)), OTHER)


def test_a_supervisor_appoints_another_and_a_rework_asks_anew(desk: Desk) -> None:
    in_state(desk, "handling")
    desk.act("feedback", "handler", appointed="m1")
    appointed = desk.act("appoint", "supervisor", account="m2")
    assert not appointed.raises_version
    with pytest.raises(NotAllowed, match="somebody else"):
        desk.act("inspect-fail", CHOSEN)
    desk.act("inspect-fail", OTHER)
    desk.act("start", "handler")
    desk.act("feedback", "handler", appointed="m1")
    assert desk.marks["inspector"] == "m1"


def test_a_reporter_does_not_inspect_even_when_chosen(desk: Desk) -> None:
    in_state(desk, "handling")
    desk.act("feedback", "handler", appointed="m1")
    desk.reporters = frozenset({"m1"})
    with pytest.raises(NotAllowed, match="reported"):
        desk.act("inspect-pass", CHOSEN)


def test_who_was_chosen_is_found_again_in_the_history(desk: Desk, definition: Definition) -> None:
    in_state(desk, "reported")
    desk.act("verify", "acceptor", appointed="m1")
    assert replay(definition, desk.history).marks == desk.marks
    desk.act("verify-yes", CHOSEN)
    assert replay(definition, desk.history).marks == desk.marks
    desk.act("verify", "acceptor", appointed=None)
    assert replay(definition, desk.history).marks == desk.marks


def test_what_leaves_by_itself_is_inspected_in_the_hours_of_its_report(desk: Desk) -> None:
    in_state(desk, "handled")
    assert desk.condition is not None
    night = Band(first="22:00", last="06:00")
    desk.condition = replace(desk.condition, band=night, inspect_in_band=True)
    for moment, possible in (
        ("2026-09-17T21:59", False),
        ("2026-09-17T22:00", True),
        ("2026-09-18T05:59", True),
        ("2026-09-18T06:00", False),
    ):
        desk.now = local(moment)
        offered = {form.name for form in desk.offered(CHOSEN)}
        assert ({"inspect-pass", "inspect-fail"} <= offered) is possible
    for answer in AFTER:
        with pytest.raises(NotPossible, match="22:00 to 06:00") as refused:
            desk.act(answer, CHOSEN)
        assert refused.value.words is not None
        assert "22:00 至 06:00" in refused.value.words.zh
    desk.condition = replace(desk.condition, inspect_in_band=False)
    desk.act("inspect-pass", CHOSEN)
