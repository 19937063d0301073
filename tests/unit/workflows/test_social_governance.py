"""Social governance: solved where it arises, or passed up level by level, each in its time."""

from typing import Any

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
from workflows.definition import Office
from workflows.replaying import replay

OFFICES = {
    Office.DISTRICT_DEPARTMENT: "D", Office.CITY_DEPARTMENT: "C", Office.CITY_CENTRE: "Z",
}  # fmt: skip
STATION, DISTRICT, CITY, CENTRE, POLICE = (
    Actor(id=f"h-{code}", role="handler", department=code) for code in ("S", "D", "C", "Z", "P")
)
OPEN = (
    "reported accepted filed first_level at_district at_city at_centre whistled answering arriving "
    "on_site self_handled solved suspended"
).split()


@pytest.fixture(scope="module")
def governance() -> Definition:
    return load_definition(read_document(DEFINITIONS / "social_governance.yaml"))


@pytest.fixture
def case(governance: Definition, calendars: Calendars, categories: dict[str, Category]) -> Desk:
    """A dispute between neighbours with the station, opened on Monday at eight."""
    desk = Desk(governance, calendars, categories)
    desk.category, desk.now = "M0701", local("2026-09-14T08:00")
    desk.office = OFFICES.get
    desk.open(Filing(condition=desk.row(), department="S"))
    return desk


def solve(desk: Desk, actor: Actor) -> Any:
    return desk.act("solve", actor, text="settled", way="mediation")


def test_the_station_has_it_first_for_the_limit_of_its_condition(case: Desk) -> None:
    assert (case.state, case.department) == ("first_level", "S")
    clock = case.clock("first")
    assert (clock.limit, clock.holder, clock.due_at) == (
        "3 工作日", "S", local("2026-09-16T18:00"),
    )  # fmt: skip


def test_what_the_station_solves_is_closed_by_an_acceptor_with_the_citizen_s_word(
    case: Desk,
) -> None:
    case.act("sign", STATION)
    decision = solve(case, STATION)
    assert decision.events[0].body["chosen"] == {"way": "mediation"}
    case.act("call-back", "acceptor", satisfaction="satisfied")
    with pytest.raises(NotPossible, match="the call has been made"):
        case.act("call-back", "acceptor")
    with pytest.raises(NotAllowed):
        case.act("close", Actor(id="a", role="acceptor", department="S"))
    case.act("close", "acceptor", closing_met=True)
    assert (case.state, case.marks) == ("closed", {"signed": 1, "called_back": 1})


@pytest.mark.parametrize("state", ["reported", "first_level"])
def test_what_a_member_solves_is_checked_and_archived_apart(
    case: Desk, governance: Definition, state: str
) -> None:
    if state == "reported":
        case.state, case.department = state, None
    case.act("self-handle", "member", text="talked to both", photos=["p"])
    assert (case.state, case.department, case.marks) == (
        "self_handled", None, {"self_handled": 1},
    )  # fmt: skip
    assert case.clock("check").limit == "1 工作日"
    case.act("close", "acceptor", closing_met=True)
    assert case.state == "archived"
    assert governance.states["archived"].final


def test_what_a_member_did_not_solve_is_sent_back_with_a_reason(case: Desk) -> None:
    case.act("self-handle", "member", text="talked to both")
    with pytest.raises(FieldsMissing, match="reason is required"):
        case.act("return", "acceptor", reason=" ")
    case.act("return", "acceptor")
    assert (case.state, case.marks) == ("accepted", {})


def test_a_level_passes_up_with_its_reason_and_the_next_has_its_own_clock(case: Desk) -> None:
    with pytest.raises(FieldsMissing, match="reason is required"):
        case.act("pass-up", STATION, reason="　")
    limits = []
    for actor, state, holder, stage in (
        (STATION, "at_district", "D", "district"), (DISTRICT, "at_city", "C", "city"),
        (CITY, "at_centre", "Z", "centre"),
    ):  # fmt: skip
        case.act("pass-up", actor)
        assert (case.state, case.department) == (state, holder)
        limits.append(case.clock(stage).limit)
        assert case.clock(stage).running
    assert limits == ["5 工作日", "10 工作日", "10 工作日"]
    assert case.marks == {"passed_up": 3}
    with pytest.raises(NotPossible):
        case.act("pass-up", CENTRE)
    with pytest.raises(NotAllowed):
        solve(case, CITY)  # who let go of it
    solve(case, CENTRE)


def test_the_reason_s_level_may_name_another_department_than_the_table(case: Desk) -> None:
    case.act("pass-up", STATION, department="D2")
    assert case.department == "D2"


def test_where_nobody_is_known_above_a_department_must_be_named(case: Desk) -> None:
    case.office = lambda _office: None
    (form,) = [form for form in case.offered(STATION) if form.name == "pass-up"]
    asked = {field.name: field for field in form.fields}["department"]
    assert (asked.required, asked.office) == (True, Office.DISTRICT_DEPARTMENT)
    with pytest.raises(FieldsMissing, match="department is required"):
        case.act("pass-up", STATION)
    case.act("pass-up", STATION, department="D2")
    case.office = OFFICES.get
    (form,) = [f for f in case.offered(Actor(id="h", role="handler", department="D2"))
               if f.name == "pass-up"]  # fmt: skip
    assert not {field.name: field for field in form.fields}["department"].required


def test_a_level_that_lets_its_limit_run_out_has_passed_it_up(case: Desk) -> None:
    case.now = local("2026-09-16T18:00")
    case.fire()
    assert (case.state, case.department, case.marks) == ("at_district", "D", {"passed_up": 1})
    types = [event.type.split(".")[2] for event in case.history[-3:]]
    assert types == ["reminded", "overdue", "passed-up"]
    told = case.history[-1].body
    assert (told["role"], told["came_due"]["stage"], told["reason_given"]) == (
        "system", "first", False,
    )  # fmt: skip
    assert "tell" not in told, "the rung's own event tells the centre"
    assert case.clock("district").due_at == local("2026-09-22T18:00")  # Sunday the 20th is worked
    assert replay(case.definition, case.history).state == "at_district"
    # From level to level to the centre, and there the ladder ends.
    for month in range(10, 13):
        case.now = local(f"2026-{month}-20T09:00")
        case.fire()
    assert (case.state, case.marks) == ("at_centre", {"passed_up": 3})
    assert case.last.timer is None


def test_where_nobody_is_above_the_clock_says_so_and_the_case_stays(case: Desk) -> None:
    case.office = lambda _office: None
    case.now = local("2026-09-16T18:00")
    case.fire()
    assert (case.state, case.department) == ("first_level", "S")
    assert "department is required" in case.history[-1].body["refused"]


def test_a_whistle_is_signed_answered_and_followed_to_the_spot_each_in_time(case: Desk) -> None:
    with pytest.raises(NotPossible, match="is first_level; it is for: supervisor"):
        case.act("whistle", STATION, department="P")
    decision = case.act("whistle", "supervisor", department="P")
    assert (case.state, case.department) == ("whistled", "P")
    assert decision.events[0].body["tell"] == "department"
    with pytest.raises(NotAllowed):
        case.act("sign", STATION)
    for name, stage, minutes in (
        ("sign", "sign", 60), ("contact", "contact", 24 * 60), ("arrive", "arrive", 30),
    ):  # fmt: skip
        assert (case.clock(stage).due_at - case.now).total_seconds() == minutes * 60
        case.act(name, POLICE, **({"text": "we come"} if name == "contact" else {}))
    assert (case.state, case.clock("joint").limit) == ("on_site", "3 工作日")
    solve(case, POLICE)
    assert (case.state, case.marks["whistles"]) == ("solved", 1)


def test_who_is_summoned_too_does_a_part_before_it_is_solved(case: Desk) -> None:
    case.act("whistle", "supervisor", department="P", departments=["F", "G"])
    assert case.history[-1].body["assistants"] == {"F": False, "G": False}
    case.act("sign", POLICE)
    case.act("arrive", POLICE)
    for code in ("F", "G"):
        with pytest.raises(NotPossible, match="has not reported its part done"):
            solve(case, POLICE)
        case.act("assist", Actor(id="h", role="handler", department=code), text="lane cleared")
    solve(case, POLICE)
    assert case.state == "solved"
    case.act("return", "acceptor")
    assert case.assistants == {}


def test_a_level_above_has_no_assistants_of_the_one_below(case: Desk) -> None:
    case.assistants = {"F": False}
    case.act("pass-up", STATION)
    assert case.assistants == {}


def test_only_supervisors_whistle_and_the_city_s_centre(case: Desk) -> None:
    for actor in (STATION, DISTRICT, CITY):
        assert "whistle" not in {form.name for form in case.offered(actor)}
        case.act("pass-up", actor)
    assert "whistle" in {form.name for form in case.offered(CENTRE)}


def test_who_comes_at_once_need_not_call_before(case: Desk) -> None:
    case.act("whistle", "supervisor", department="P")
    case.act("sign", POLICE)
    case.act("arrive", POLICE)
    assert case.state == "on_site"


def test_who_does_not_answer_a_whistle_is_told_of(case: Desk) -> None:
    case.act("whistle", "supervisor", department="P")
    case.wait(minutes=61)
    case.fire()
    assert case.history[-1].type == "wangge.case.overdue.v1"
    assert case.history[-1].body["tell"] == "district_centre"


def test_a_late_level_may_appeal_once_it_is_closed_and_two_must_agree(case: Desk) -> None:
    case.now = local("2026-09-17T09:00")
    case.fire()
    solve(case, DISTRICT)
    case.act("close", "acceptor", closing_met=True)
    case.act("appeal", DISTRICT)
    for name in ("s1", "s2"):
        case.act("approve-appeal", Actor(id=name, role="supervisor"))
    assert case.marks["exempt"] == 1


def test_who_was_in_time_has_nothing_to_appeal(case: Desk) -> None:
    solve(case, STATION)
    case.act("close", "acceptor", closing_met=True)
    with pytest.raises(NotPossible, match="no level was overdue"):
        case.act("appeal", STATION)


def test_a_closed_matter_is_taken_up_again_with_fresh_clocks(case: Desk) -> None:
    solve(case, STATION)
    case.act("close", "acceptor", closing_met=True)
    case.act("reopen", "supervisor")
    assert (case.state, case.department) == ("accepted", None)
    assert [clock.stage for clock in case.last.deadlines] == ["accept"]
    assert case.marks == {"reopened": 1}


@pytest.mark.parametrize("action", ["void", "urge", "supervise", "instruct"])
def test_every_open_matter_can_be_voided_urged_and_supervised(
    governance: Definition, action: str
) -> None:
    assert set(governance.actions[action].steps) == set(OPEN)
    assert set(OPEN) == {name for name, state in governance.states.items() if not state.final}


def test_limits_that_no_standard_gives_are_marked(governance: Definition) -> None:
    marked = {name for name, stage in governance.stages.items() if stage.made}
    assert marked == governance.stages.keys() - {"first", "suspend"}
