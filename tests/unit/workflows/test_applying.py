"""Which condition is in force: by season, by hour, by grade of the area; as filed afterwards."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.unit.workflows.test_categories import small
from workflows.applying import (
    NotNow,
    Situation,
    as_filed,
    condition_in_force,
    may_inspect,
    profile_of,
    rows_in_force,
)
from workflows.categories import Category, load_categories
from workflows.errors import CategoryError
from workflows.limits import ClockType

ROW: Mapping[str, Any] = small()["classes"][0]["categories"][0]["conditions"][0]


def category(*rows: Mapping[str, Any]) -> Category:
    document = small()
    document["classes"][0]["categories"][0]["conditions"] = [
        {**ROW, "row": str(n), **row} for n, row in enumerate(rows, 1)
    ]
    return load_categories(document)[0]


def seen(*moments: str, profile: str | None = None) -> Situation:
    return Situation(profile=profile, moments=tuple(map(datetime.fromisoformat, moments)))


NIGHT: Mapping[str, Any] = {"band": {"from": "22:00", "to": "06:00"}}
SPRING: Mapping[str, Any] = {"season": {"from": "03-01", "to": "04-30"}}


def test_rows_that_do_not_hold_are_left_out_with_the_reason() -> None:
    noise = category({}, NIGHT, SPRING, {**NIGHT, **SPRING})
    found = rows_in_force(noise, None, seen("2026-09-16T12:00"))
    assert [row.row for row in found.rows] == ["1"]
    assert [(row.row, why) for row, why in found.left_out] == [
        ("2", NotNow.BAND), ("3", NotNow.SEASON), ("4", NotNow.SEASON),
    ]  # fmt: skip
    spring_night = rows_in_force(noise, None, seen("2026-03-16T23:00"))
    assert [row.row for row in spring_night.rows] == ["1", "2", "3", "4"]
    assert spring_night.left_out == ()


def test_a_row_that_is_named_is_looked_at_alone() -> None:
    noise = category({}, NIGHT)
    found = rows_in_force(noise, "E0110-2", seen("2026-09-16T12:00"))
    assert (found.rows, found.left_out) == ((), ((noise.conditions[1], NotNow.BAND),))
    assert rows_in_force(noise, "E0110-9", seen()) == rows_in_force(category(), None, seen())


def test_season_and_band_must_hold_at_one_and_the_same_moment() -> None:
    (row,) = category({**NIGHT, **SPRING}).conditions
    assert condition_in_force(row, seen("2026-03-16T12:00", "2026-09-16T23:00")) is NotNow.BAND
    assert condition_in_force(row, seen("2026-09-16T12:00", "2026-03-16T23:00")) is row


def test_the_inspection_is_in_the_hours_of_the_report_where_the_row_asks_for_it() -> None:
    noon, night = map(datetime.fromisoformat, ("2026-09-16T12:00", "2026-09-16T23:00"))
    asks, free, plain = category({**NIGHT, "inspect_in_band": True}, NIGHT, {}).conditions
    assert [may_inspect(asks, at) for at in (noon, night)] == [False, True]
    assert all(may_inspect(row, at) for row in (free, plain) for at in (noon, night))


def test_without_a_moment_every_row_holds() -> None:
    (row,) = category({**NIGHT, **SPRING}).conditions
    assert condition_in_force(row, Situation()) is row


def test_the_grade_of_the_most_specific_area_gives_the_profile() -> None:
    areas = ("community", "district", "city")
    assert profile_of({"district": "B", "city": "C"}, areas) == "B"
    assert profile_of({"community": "A", "district": "B"}, areas) == "A"
    assert profile_of({"elsewhere": "A"}, areas) is None


def test_a_profile_gives_another_limit_and_none_falls_back_to_the_rows_own() -> None:
    (row,) = category({"profiles": {"A": "2 紧急工作时", "B": "1 天"}}).conditions
    under = condition_in_force(row, Situation(profile="A"))
    assert not isinstance(under, NotNow)
    assert (under.limit.text, under.urgent, under.profile) == ("2 紧急工作时", True, "A")
    assert under.limit.clock is ClockType.URGENT_HOURS
    assert under.code == row.code
    for profile in ("C", None):
        assert condition_in_force(row, Situation(profile=profile)) is row
    assert (row.limit.text, row.profile) == ("4 工作时", None)


def test_an_open_case_keeps_the_limit_that_it_was_filed_with() -> None:
    (row,) = category({}).conditions
    filed = as_filed(row, "2 紧急工作时")
    assert (filed.limit.text, filed.urgent) == ("2 紧急工作时", True)
    assert as_filed(row, "4 工作时") is row
    assert as_filed(row, None) is row
    assert replace(filed, limit=row.limit, urgent=False) == row


def test_a_row_takes_what_is_optional() -> None:
    water = category(
        {"successor": "2", "dispatch_limit": "1.5 工作时", "limit": "3 紧急工作时",
         "clock": "urgent_hours"},
        {"successor": "3", "limit": "8 紧急工作时", "clock": "urgent_hours"},
        {"limit": "5 工作日", "clock": "working_days", "closes_by_notice": True,
         **NIGHT, "inspect_in_band": True},
    )  # fmt: skip
    fence, repair, restore = water.conditions
    assert (fence.successor, repair.successor, restore.successor) == ("E0110-2", "E0110-3", None)
    assert fence.dispatch_limit is not None
    assert fence.dispatch_limit.text == "1.5 工作时"
    assert (restore.closes_by_notice, restore.inspect_in_band) == (True, True)
    assert (fence.closes_by_notice, fence.inspect_in_band, fence.timed) == (False, False, False)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"successor": "2"}], r"\[0\]\.successor: there is no row E0110-2; add it"),
        ([{"successor": "1"}], r"\[0\]\.successor: the rows lead in a circle: E0110-1, E0110-1"),
        ([{"successor": "2"}, {"successor": "3"}, {"successor": "1"}], r"circle: E0110-1, E0110-2, "
         r"E0110-3, E0110-1; end it"),
        ([{"successor": 2}], r"successor: must be text"),
        ([{"season": {"from": "03-01"}}], r"season: lacks 'to'"),
        ([{"season": {"from": "02-30", "to": "03-01"}}], r"season: '02-30' is no day of a year"),
        ([{"band": {"from": "08:00", "to": "08:00"}}], r"band: .*has no length"),
        ([{"band": {"from": "8", "to": "9"}}], r"band: '8' is no time of day"),
        ([{"inspect_in_band": True}], r"inspect_in_band: asks for a band"),
        ([{"dispatch_limit": "soon"}], r"dispatch_limit: The limit 'soon' cannot be read"),
        ([{"profiles": {"A": "0 天"}}], r"profiles\.A: .*not above zero"),
        ([{"profiles": []}], r"profiles: must be a mapping"),
        ([{"closes_by_notice": "yes"}], r"closes_by_notice: must be true or false"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_are_refused_with_their_place(
    rows: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(CategoryError, match=told):
        category(*rows)


def test_a_circle_is_found_also_from_a_row_that_leads_into_it() -> None:
    rows = [{"successor": "2"}, {"successor": "3"}, {"successor": "2"}]
    with pytest.raises(CategoryError, match=r"conditions\[1\]\.successor: .*E0110-2, E0110-3, E01"):
        category(*rows)
