"""Calendars day by day: what a year's sheet shows, and what two versions differ in."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.almanac import (
    Mark,
    day_changes,
    holidays,
    hour_changes,
    hour_periods,
    hours_text,
    notice_changes,
    year_sheet,
)
from workflows.errors import CalendarError
from workflows.workdays import Workdays, read_workdays

SHIPPED = json.loads(
    (Path(__file__).parents[3] / "data" / "standards" / "calendar-cn-2025-2026.json").read_text()
)


def rules(**fields: Any) -> Workdays:
    document: dict[str, Any] = {
        "name": "yz", "timezone": "Asia/Shanghai", "workday": "sliding", "from": "2026-01-01",
        "until": "2026-12-31",
    }  # fmt: skip
    return read_workdays({**document, **fields})


def test_a_noticed_year_shows_its_holidays_and_make_up_workdays() -> None:
    sheet = year_sheet(read_workdays(SHIPPED), 2026)
    assert len(sheet) == 365
    made_up = [f"{one.day:%m-%d}" for one in sheet if one.mark is Mark.MAKE_UP]
    assert made_up == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
    spring = next(one for one in holidays(sheet) if one.label.zh == "春节")
    assert (spring.first, spring.last) == (date(2026, 2, 15), date(2026, 2, 23))
    assert not any(one.provisional for one in sheet)
    later = year_sheet(read_workdays(SHIPPED), 2027)
    assert all(one.provisional for one in later)
    assert [one.label.en for one in holidays(later)][:2] == ["New Year's Day", "Spring Festival"]


def test_a_year_beyond_the_calendar_is_refused_with_those_it_has() -> None:
    with pytest.raises(CalendarError, match="2021 to 2041, not with 2042"):
        year_sheet(rules(), 2042)


def test_summer_hours_part_a_year_in_three_also_where_they_begin_on_a_day_of_rest() -> None:
    summer = rules(
        hours=[
            {"from": "05-02", "to": "09-30", "spans": [["08:00", "12:00"], ["15:00", "18:00"]]},
            {"from": "10-01", "to": "05-01", "spans": [["08:30", "17:30"]]},
        ]
    )
    periods = hour_periods(summer, 2026)
    assert [(f"{one.first:%m-%d}", f"{one.last:%m-%d}") for one in periods] == [
        ("01-01", "05-01"), ("05-02", "09-30"), ("10-01", "12-31"),
    ]  # fmt: skip
    assert hours_text(periods[1].spans) == "08:00-12:00 15:00-18:00"
    assert periods[0].spans == periods[2].spans
    (whole,) = hour_periods(rules(), 2026)
    assert hours_text(whole.spans) == "08:00-12:00 14:00-18:00"


NOTICE = [
    {"day": "2026-10-01", "kind": "rest", "name": {"zh": "国庆节", "en": "National Day"}},
    {"day": "2026-10-10", "kind": "work"},
    {"day": "2026-10-12", "kind": "work"},
]


def test_each_day_that_changes_is_told_with_what_it_was() -> None:
    told = day_changes(rules(), rules(days=NOTICE))
    assert [(one.first, one.old.en, one.new.en) for one in told] == [
        (date(2026, 10, 1), "workday", "National Day"),
        (date(2026, 10, 10), "weekend", "make-up workday"),
    ]
    # A Monday was a workday before it was named one.
    assert day_changes(rules(days=NOTICE), rules(days=NOTICE[:2])) == ()


def test_a_year_that_becomes_settled_is_told_as_one_stretch() -> None:
    (change,) = notice_changes(rules(), rules(until="2027-12-31"))
    assert (change.first, change.last) == (date(2027, 1, 1), date(2027, 12, 31))
    assert (change.old.en, change.new.en) == ("provisional", "settled")


def test_hours_that_change_are_told_as_stretches_of_working_days() -> None:
    summer = {"from": "07-01", "to": "08-31", "spans": [["08:00", "12:00"], ["15:00", "18:00"]]}
    (change,) = hour_changes(rules(), rules(hours=[summer]))
    assert (change.first, change.last) == (date(2026, 7, 1), date(2026, 8, 31))
    assert change.new.en == "08:00-12:00 15:00-18:00"


DAYS = st.dictionaries(
    st.dates(date(2026, 1, 1), date(2027, 6, 30)), st.sampled_from(["work", "rest"]), max_size=6
)


@given(DAYS, DAYS)
def test_a_day_is_told_exactly_where_the_versions_differ_in_it(
    old: dict[date, str], new: dict[date, str]
) -> None:
    def version(days: dict[date, str]) -> Workdays:
        return rules(days=[{"day": day.isoformat(), "kind": kind} for day, kind in days.items()])

    a, b = version(old), version(new)
    told = {one.first for one in day_changes(a, b)}
    each = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]
    assert {day for day in each if a.works(day) != b.works(day)} <= told
    assert told <= {day for day in each if old.get(day) != new.get(day)}
