"""The duty table: the most specific area first, then the longest prefix, then exactly one row."""

from hypothesis import given
from hypothesis import strategies as st

from grid.departments import Duty, DutyRule, DutyTable, owner_key

CITY, DISTRICT, COMMUNITY = "431100", "431102", "431102001001"


def table(*rows: tuple[str, str, str]) -> DutyTable:
    return DutyTable(
        Duty(id=i, department=d, category=c, area=a) for i, (d, c, a) in enumerate(rows, start=1)
    )


def test_the_most_specific_area_wins_over_the_longer_prefix() -> None:
    duties = table(("exact", "E0110", CITY), ("class", "E01", DISTRICT), ("all", "E", COMMUNITY))
    assert duties.find("E0110", CITY, DISTRICT, COMMUNITY).department == "all"
    assert duties.find("E0110", CITY, DISTRICT, "other").department == "class"
    assert duties.find("E0110", CITY, "other", "other").department == "exact"


def test_the_longest_prefix_wins_within_an_area() -> None:
    duties = table(("class", "E01", DISTRICT), ("exact", "E0110", DISTRICT), ("all", "", DISTRICT))
    assert duties.find("E0110", CITY, DISTRICT, COMMUNITY).department == "exact"
    assert duties.find("E0111", CITY, DISTRICT, COMMUNITY).department == "class"
    assert duties.find("P0101", CITY, DISTRICT, COMMUNITY).department == "all"


def test_two_rows_at_the_deciding_level_are_ambiguous_and_both_are_named() -> None:
    duties = table(("a", "E0128", DISTRICT), ("b", "E0128", DISTRICT), ("c", "E01", DISTRICT))
    choice = duties.find("E0128", CITY, DISTRICT, COMMUNITY)
    assert choice.rule is DutyRule.AMBIGUOUS
    assert choice.duty is None
    assert choice.department is None
    assert [duty.department for duty in choice.candidates] == ["a", "b"]


def test_nobody_answers_for_what_the_table_does_not_hold() -> None:
    choice = table(("a", "E01", DISTRICT)).find("E02", CITY, DISTRICT, COMMUNITY)
    assert choice.rule is DutyRule.NONE
    assert choice.candidates == ()


ROW = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["", "E", "E0", "E01", "E0110", "P", "P01"]),
    st.sampled_from([CITY, DISTRICT, COMMUNITY, "elsewhere"]),
)


@given(st.lists(ROW, max_size=12, unique=True), st.sampled_from(["E0110", "E0111", "P0101", "X"]))
def test_the_choice_is_what_ranking_every_row_gives(
    rows: list[tuple[str, str, str]], category: str
) -> None:
    places = [COMMUNITY, DISTRICT, CITY]
    ranked = sorted(
        (places.index(area), -len(prefix), i)
        for i, (_, prefix, area) in enumerate(rows, start=1)
        if area in places and category.startswith(prefix)
    )
    best = [i for place, length, i in ranked if (place, length) == ranked[0][:2]]
    choice = table(*rows).find(category, CITY, DISTRICT, COMMUNITY)
    assert [duty.id for duty in choice.candidates] == best
    assert (choice.rule is DutyRule.EXACT) == (len(best) == 1)


@given(st.lists(ROW, max_size=12, unique=True))
def test_the_first_rows_that_apply_are_those_that_decide_and_none_is_left_out(
    rows: list[tuple[str, str, str]],
) -> None:
    duties = table(*rows)
    groups = list(duties.applying("E0110", CITY, DISTRICT, COMMUNITY))
    choice = duties.find("E0110", CITY, DISTRICT, COMMUNITY)
    assert (groups[0] if groups else ()) == choice.candidates
    applying = {
        i for i, (_, c, a) in enumerate(rows, 1) if a != "elsewhere" and "E0110".startswith(c)
    }
    assert {duty.id for group in groups for duty in group} == applying


OWNED = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["P", "P01", "P0110"]),
    st.sampled_from([CITY, DISTRICT, COMMUNITY]),
    st.sampled_from(["", "国网", "国网 ", "Water  Co"]),
)


@given(st.lists(OWNED, max_size=12, unique=True), st.sampled_from(["", "国网", "water co", "x"]))
def test_rows_of_the_owner_come_before_all_others(
    rows: list[tuple[str, str, str, str]], owner: str
) -> None:
    duties = DutyTable(
        Duty(id=i, department=d, category=c, area=a, owner=o)
        for i, (d, c, a, o) in enumerate(rows, 1)
    )
    places = [COMMUNITY, DISTRICT, CITY]
    ranked = sorted(
        (not whose.strip(), places.index(area), -len(prefix), i)
        for i, (_, prefix, area, whose) in enumerate(rows, 1)
        if owner_key(whose) in ("", owner_key(owner)) and "P0110".startswith(prefix)
    )
    best = [row[3] for row in ranked if row[:3] == ranked[0][:3]]
    choice = duties.find("P0110", CITY, DISTRICT, COMMUNITY, owner)
    assert [duty.id for duty in choice.candidates] == best


def test_the_most_specific_fallback_answers_and_only_where_no_row_does() -> None:
    fallbacks = {DISTRICT: ("office",), COMMUNITY: ("station",)}
    duties = DutyTable([Duty(id=1, department="a", category="E01", area=CITY)], fallbacks)
    assert duties.find("E0110", CITY, DISTRICT, COMMUNITY).rule is DutyRule.EXACT
    choice = duties.find("P01", CITY, DISTRICT, COMMUNITY)
    assert (choice.rule, choice.department) == (DutyRule.FALLBACK, "station")
    assert duties.find("P01", CITY, DISTRICT, "other").department == "office"
    nobody = duties.find("P01", CITY, "other", "other")
    assert (nobody.rule, nobody.is_ownerless) == (DutyRule.NONE, True)


def test_rivals_for_a_fallback_leave_it_to_a_person() -> None:
    choice = DutyTable((), {DISTRICT: ("a", "b")}).find("E01", CITY, DISTRICT, COMMUNITY)
    assert (choice.rule, choice.department, choice.fallbacks) == (DutyRule.NONE, None, ("a", "b"))
    assert not choice.is_ownerless


def test_assistants_come_with_the_row_that_decides() -> None:
    duties = DutyTable(
        [
            Duty(id=1, department="a", category="E01", area=CITY, assistants=("b", "c")),
            Duty(id=2, department="d", category="E02", area=CITY),
        ]
    )
    assert duties.find("E0110", CITY, DISTRICT, COMMUNITY).assistants == ("b", "c")
    assert duties.find("E0210", CITY, DISTRICT, COMMUNITY).assistants == ()
    assert duties.find("P01", CITY, DISTRICT, COMMUNITY).assistants == ()


def test_stand_ins_are_those_whose_duty_is_most_like_it_and_never_of_another_class() -> None:
    duties = table(("covers", "P0101", DISTRICT), ("poles", "P0130", DISTRICT), ("all", "P", CITY))
    found = duties.stand_ins("P0137", CITY, DISTRICT, COMMUNITY)
    assert [row.department for row in found] == ["poles"]
    assert duties.stand_ins("P0201", CITY, DISTRICT, COMMUNITY) == ()
    assert duties.stand_ins("E0101", CITY, DISTRICT, COMMUNITY) == ()
    many = table(("a", "P01", DISTRICT), ("b", "P01", DISTRICT))
    assert [row.department for row in many.stand_ins("P0199", CITY, DISTRICT, "")] == ["a", "b"]
