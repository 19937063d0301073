"""The duty table: the most specific area first, then the longest prefix, then exactly one row."""

from hypothesis import given
from hypothesis import strategies as st

from grid.departments import Duty, DutyRule, DutyTable

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
