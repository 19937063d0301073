"""Gaps and overlaps of the duty table: told for the widest area that they fill."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from grid.areas import Area, Level
from grid.coverage import Coverage, examine_duties
from grid.departments import Duty, DutyRule, DutyTable

BOX = (0.0, 0.0, 1.0, 1.0)


def area(code: str, level: Level, parent: str | None) -> Area:
    return Area(
        code=code, level=level, parent=parent, name_zh=code, name_en=code, made=True, bbox=BOX
    )


# Two districts; in the second a street stands between it and its communities.
AREAS = {
    one.code: one
    for one in (
        area("C", Level.CITY, None),
        area("D1", Level.DISTRICT, "C"),
        area("D2", Level.DISTRICT, "C"),
        area("S", Level.STREET, "D2"),
        area("a", Level.COMMUNITY, "D1"),
        area("b", Level.COMMUNITY, "D1"),
        area("c", Level.COMMUNITY, "S"),
        area("d", Level.COMMUNITY, "S"),
    )
}
ABOVE = {"a": "D1", "b": "D1", "c": "D2", "d": "D2"}


def examine(*rows: tuple[str, str, str], categories: tuple[str, ...] = ("E01",)) -> Coverage:
    return examine_duties(table(rows), categories, AREAS)


def table(rows: tuple[tuple[str, str, str], ...]) -> DutyTable:
    return DutyTable(
        Duty(id=i, department=d, category=c, area=a) for i, (d, c, a) in enumerate(rows, start=1)
    )


def told(found: Coverage) -> list[tuple[str, str, int]]:
    return [(hole.category, hole.area, hole.communities) for hole in found.gaps]


def test_what_nobody_answers_for_anywhere_is_told_once_for_the_city() -> None:
    found = examine(("x", "E01", "C"), categories=("E01", "P01"))
    assert told(found) == [("P01", "C", 4)]
    assert (found.categories, found.communities) == (2, 4)


def test_a_gap_of_one_district_is_told_for_it() -> None:
    assert told(examine(("x", "E", "D1"))) == [("E01", "D2", 2)]


def test_a_gap_of_one_community_is_told_for_it() -> None:
    assert told(examine(("x", "E", "D1"), ("x", "E", "c"))) == [("E01", "d", 1)]


def test_several_rows_are_an_overlap_and_no_gap_and_are_named() -> None:
    found = examine(("x", "E01", "D1"), ("y", "E01", "D1"), ("z", "E", "C"), ("z", "E01", "a"))
    assert found.gaps == ()
    (hole,) = found.overlaps
    assert (hole.area, [row.department for row in hole.duties]) == ("b", ["x", "y"])


def test_different_overlaps_are_not_told_as_one() -> None:
    rows = [(who, "E", district) for district in ("D1", "D2") for who in ("x", "y")]
    assert [hole.area for hole in examine(*rows).overlaps] == ["D1", "D2"]


ROW = st.tuples(
    st.sampled_from("xy"), st.sampled_from(["E", "E01", "E02", "P"]), st.sampled_from([*AREAS])
)


@given(st.lists(ROW, max_size=8, unique=True))
def test_what_is_told_is_what_a_look_at_every_pair_finds(rows: list[tuple[str, str, str]]) -> None:
    categories = ("E01", "E02", "P01")
    duties = table(tuple(rows))
    wanted = Counter(
        choice.candidates
        for category in categories
        for community, district in ABOVE.items()
        if (choice := duties.find(category, "C", district, community)).rule is not DutyRule.EXACT
    )
    found = examine_duties(duties, categories, AREAS)
    counted: Counter[tuple[Duty, ...]] = Counter()
    for hole in (*found.gaps, *found.overlaps):
        counted[hole.duties] += hole.communities
    assert counted == wanted


def of_owners(*rows: tuple[str, str, str, str]) -> DutyTable:
    return DutyTable(
        Duty(id=i, department=d, category=c, area=a, owner=o)
        for i, (d, c, a, o) in enumerate(rows, 1)
    )


def test_a_gap_names_the_owners_for_whose_parts_somebody_answers() -> None:
    duties = of_owners(
        ("grid", "P", "C", "国网"), ("water", "P01", "a", "Water"), ("far", "P01", "D2", "Far"),
        ("lamps", "P02", "D1", "Lamps"), ("x", "P01", "D2", ""), ("x", "P02", "C", ""),
    )  # fmt: skip
    found = examine_duties(duties, ("E01", "P01", "P02"), AREAS, ("国网", "FAR", "Lamps"))
    gaps = {(hole.category, hole.area): hole.owners for hole in found.gaps}
    assert gaps == {("E01", "C"): (), ("P01", "D1"): ("Water", "国网")}
    assert found.overlaps == ()
    assert found.unowned == ("Water",)


def test_several_rows_of_one_owner_are_an_overlap_of_that_owner() -> None:
    duties = of_owners(
        ("x", "P01", "D1", "国网"), ("y", "P01", "D1", "国网"), ("z", "P", "C", ""),
        ("z", "P01", "D1", "Water"),
    )  # fmt: skip
    found = examine_duties(duties, ("P01",), AREAS, ("国网", "Water"))
    assert (found.gaps, found.unowned) == ((), ())
    (hole,) = found.overlaps
    assert (hole.area, hole.owner, hole.communities) == ("D1", "国网", 2)
    assert [row.department for row in hole.duties] == ["x", "y"]


def test_an_overlap_of_the_territory_is_told_once_however_many_owners_there_are() -> None:
    duties = of_owners(
        ("x", "P01", "C", ""), ("y", "P01", "C", ""), ("w", "P02", "C", "Water"),
        ("g", "P02", "D1", "国网"),
    )  # fmt: skip
    (hole,) = examine_duties(duties, ("P01",), AREAS).overlaps
    assert (hole.owner, hole.area) == ("", "C")


def test_a_fallback_fills_gaps_and_is_counted_and_rivals_are_told() -> None:
    rows = [Duty(id=1, department="x", category="E01", area="D1")]
    fallbacks = {"c": ("s",), "D1": ("o", "p")}
    found = examine_duties(DutyTable(rows, fallbacks), ("E01", "E02"), AREAS)
    assert told(found) == [("E01", "d", 1), ("E02", "D1", 2), ("E02", "d", 1)]
    assert (found.fallbacks, found.rivals) == (2, ("D1",))
