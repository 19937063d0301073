from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.strategies import calendar_documents, limits, moments
from tests.unit.workflows.desk import STANDARDS
from tests.unit.workflows.oracle import WallClock
from workflows.calendar import Calendars, WorkingCalendar
from workflows.documents import read_document
from workflows.errors import CalendarError
from workflows.holidays import as_text, china_calendar
from workflows.limits import ClockType, Limit, parse_limit

DATA = STANDARDS / "calendar-cn-2025-2026.json"
SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKING = [ClockType.WORKING_HOURS, ClockType.WORKING_DAYS]
DST_ZONES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
]


@pytest.fixture(scope="module")
def china() -> WorkingCalendar:
    return WorkingCalendar.from_document(read_document(DATA), 1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "hand",
        "timezone": "Asia/Shanghai",
        "workday": "sliding",
        "from": "2026-01-01",
        "until": "2026-12-31",
        "hours": [{"spans": [["08:00", "12:00"], ["14:00", "18:00"]]}],
        "days": [],
    } | changes


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2026-09-18T17:00", "4 工作时", "2026-09-20T11:00"),  # Sunday, make-up workday
        ("2026-09-18T17:00", "4 紧急工作时", "2026-09-18T21:00"),
        ("2026-09-30T16:00", "1 工作日", "2026-10-08T16:00"),  # over the National Day week
        ("2026-09-16T22:36", "2 紧急工作时", "2026-09-17T00:36"),
        ("2026-09-16T08:00", "4 工作时", "2026-09-16T12:00"),  # earliest: not 14:00
        ("2026-09-16T12:00", "4 工作时", "2026-09-16T18:00"),
        ("2026-09-16T13:00", "0.25 工作时", "2026-09-16T14:15"),
        ("2026-09-19T09:00", "1 工作时", "2026-09-20T09:00"),
        ("2026-09-16T09:00", "2 紧急工作日", "2026-09-18T09:00"),
    ],
)
def test_the_hand_counted_moments_come_out(
    china: WorkingCalendar, start: str, limit: str, due: str
) -> None:
    assert china.due(local(start), parse_limit(limit)).due_at == local(due)


@settings(max_examples=35, deadline=None)
@given(calendar_documents(), moments(), limits(WORKING), st.integers(0, 3 * 3600))
def test_a_due_moment_is_what_counting_second_by_second_finds(
    drawn: dict[str, Any], start: datetime, limit: Limit, used: int
) -> None:
    expected = WallClock(drawn).due(start, max(0, limit.micros // 1_000_000 - used))
    assume(expected is not None and expected.year == 2026)
    calendar = WorkingCalendar.from_document(drawn, 1)
    due = calendar.due(start, limit, timedelta(seconds=used))
    assert due.due_at == (start if limit.micros <= used * 1_000_000 else expected)
    assert not due.provisional


@settings(max_examples=25, deadline=None)
@given(calendar_documents(), moments(), st.integers(0, 6 * 86_400))
def test_counted_time_is_what_counting_second_by_second_finds(
    drawn: dict[str, Any], start: datetime, seconds: int
) -> None:
    end = start + timedelta(seconds=seconds)
    counted = WorkingCalendar.from_document(drawn, 1).counted(start, end, ClockType.WORKING_HOURS)
    assert counted == timedelta(seconds=WallClock(drawn).worked_seconds(start, end))


@pytest.mark.parametrize(("zone", "day"), DST_ZONES)
@pytest.mark.parametrize(
    "spans",
    [
        [["00:00", "24:00"]],
        [["01:15", "02:15"], ["02:40", "05:00"]],
        [["00:30", "01:45"], ["23:30", "24:00"]],
    ],
)
def test_the_hour_that_daylight_rules_skip_or_repeat_is_counted_as_it_passes(
    zone: str, day: str, spans: list[list[str]]
) -> None:
    drawn = document(timezone=zone, hours=[{"spans": spans}], days=[{"day": day, "kind": "work"}])
    calendar, oracle = WorkingCalendar.from_document(drawn, 1), WallClock(drawn)
    middle = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for minutes in range(-300, 420, 15):
        start, end = middle - timedelta(hours=6), middle + timedelta(minutes=minutes)
        counted = calendar.counted(start, end, ClockType.WORKING_HOURS)
        assert counted == timedelta(seconds=oracle.worked_seconds(start, end)), (zone, minutes)


def test_shanghai_had_daylight_saving_and_no_working_second_is_lost() -> None:
    drawn = document(**{"from": "1988-01-01", "until": "1988-12-31"})
    calendar, oracle = WorkingCalendar.from_document(drawn, 1), WallClock(drawn)
    start, end = datetime(1988, 4, 11, tzinfo=UTC), datetime(1988, 4, 24, 23, tzinfo=UTC)
    counted = calendar.counted(start, end, ClockType.WORKING_HOURS)
    assert counted == timedelta(seconds=oracle.worked_seconds(start, end)) == timedelta(hours=80)
    due = calendar.due(datetime(1988, 4, 18, 1, tzinfo=UTC), parse_limit("1 工作时"))
    assert due.due_at == datetime(1988, 4, 18, 2, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(moments(), limits(WORKING), st.lists(st.integers(1, 40 * 3600), max_size=5))
def test_pauses_never_lose_or_double_a_working_second(
    china: WorkingCalendar, start: datetime, limit: Limit, steps: list[int]
) -> None:
    used, cursor = timedelta(), start
    for number, step in enumerate(steps):
        end = cursor + timedelta(seconds=step)
        if number % 2 == 0:
            used += china.counted(cursor, end, limit.clock)
        cursor = end
    whole = timedelta(microseconds=limit.micros)
    due = china.due(cursor, limit, used).due_at
    left = max(timedelta(), whole - used)
    assert china.counted(cursor, due, limit.clock) == left
    if left:
        before = due - timedelta(microseconds=1)
        assert china.counted(cursor, before, limit.clock) < left


@settings(max_examples=60, deadline=None)
@given(moments(), limits(), st.sampled_from([Fraction(4, 5), Fraction(3, 2), Fraction(2)]))
def test_a_fraction_of_the_limit_is_due_when_that_much_is_counted(
    china: WorkingCalendar, start: datetime, limit: Limit, fraction: Fraction
) -> None:
    due = china.fraction_due(start, limit, fraction).due_at
    need = -(-limit.micros * fraction.numerator // fraction.denominator)
    assert china.counted(start, due, limit.clock) == timedelta(microseconds=need)


@settings(max_examples=25, deadline=None)
@given(calendar_documents(), moments(), limits())
def test_the_breakdown_has_no_gap_and_its_counted_spans_make_the_limit(
    drawn: dict[str, Any], start: datetime, limit: Limit
) -> None:
    calendar = WorkingCalendar.from_document(drawn, 1)
    spans = calendar.breakdown(start, limit)
    assert spans[0].from_ == start
    assert spans[-1].to == calendar.due(start, limit).due_at
    assert spans[-1].counted
    for one, other in pairwise(spans):
        assert one.to == other.from_
        assert (one.counted, one.why) != (other.counted, other.why)
    counted = sum((span.to - span.from_ for span in spans if span.counted), timedelta())
    assert counted == timedelta(microseconds=limit.micros)


def test_the_breakdown_names_the_holiday_and_the_make_up_workday(china: WorkingCalendar) -> None:
    over_holiday = china.breakdown(local("2026-09-30T16:00"), parse_limit("1 工作日"))
    assert "国庆节" in [span.why.zh for span in over_holiday if not span.counted]
    to_sunday = china.breakdown(local("2026-09-18T17:00"), parse_limit("4 工作时"))
    assert [(span.why.en) for span in to_sunday] == [
        "working hours",
        "outside working hours",
        "weekend",
        "outside working hours",
        "make-up workday",
    ]


def test_microseconds_survive(china: WorkingCalendar) -> None:
    start = local("2026-09-16T11:59:59.999999")
    assert china.due(start, parse_limit("1 工作时")).due_at == local("2026-09-16T14:59:59.999999")


def test_a_deadline_that_days_without_a_notice_decide_is_provisional(
    china: WorkingCalendar,
) -> None:
    last = local("2026-12-31T17:00")
    assert not china.due(last, parse_limit("1 工作时")).provisional
    over = china.due(last, parse_limit("2 工作时"))
    assert over.provisional
    assert over.due_at == local("2027-01-04T09:00")  # New Year's Day is a Friday
    assert not china.due(last, parse_limit("9 天")).provisional


def test_provisional_days_rest_on_statutory_holidays_alone(china: WorkingCalendar) -> None:
    # Spring Festival 2027: new year's eve Friday 5 February, then Saturday to Monday.
    due = china.due(local("2027-02-04T17:00"), parse_limit("2 工作时")).due_at
    assert due == local("2027-02-09T09:00")


def test_the_calendar_file_is_what_its_maker_writes() -> None:
    assert DATA.read_text(encoding="utf-8") == as_text(china_calendar(2025, 2026))


def test_the_make_up_workdays_of_2026_are_those_of_the_notice() -> None:
    rows = read_document(DATA)["days"]
    works = [row["day"] for row in rows if row["kind"] == "work" and row["day"] >= "2026"]
    assert works == [
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
    ]


def test_a_working_day_may_end_with_its_day() -> None:
    calendar = WorkingCalendar.from_document(document(workday="end-of-day"), 1)
    start, limit = local("2026-09-16T09:00"), parse_limit("2 工作日")  # Wednesday
    assert calendar.due(start, limit).due_at == local("2026-09-18T18:00")
    assert calendar.due(local("2026-09-18T19:00"), limit).due_at == local("2026-09-22T18:00")
    assert calendar.fraction_due(start, limit, Fraction(3, 2)).due_at == local("2026-09-21T18:00")
    used = calendar.counted(start, local("2026-09-17T20:00"), ClockType.WORKING_DAYS)
    assert used == timedelta(hours=8)
    resumed = calendar.due(local("2026-09-24T10:00"), limit, used)
    assert resumed.due_at == local("2026-09-25T18:00")
    spans = calendar.breakdown(start, limit)
    assert not spans[0].counted
    assert spans[-1].to == local("2026-09-18T18:00")
    hours = calendar.due(start, parse_limit("4 工作时")).due_at
    assert hours == local("2026-09-16T15:00")


@settings(max_examples=25, deadline=None)
@given(calendar_documents(workday="end-of-day"), moments(), st.integers(1, 6))
def test_the_nth_working_day_after_the_starts_day_ends_it(
    drawn: dict[str, Any], start: datetime, days: int
) -> None:
    oracle, day = WallClock(drawn), start.astimezone(ZoneInfo(drawn["timezone"])).date()
    ends: list[datetime] = []
    while len(ends) < days:
        day += timedelta(days=1)
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
        minutes = (begin + timedelta(minutes=m) for m in range(54 * 60))
        of_day = [m for m in minutes if m.astimezone(oracle.zone).date() == day]
        worked = [m for m in of_day if oracle.is_worked(m)]
        ends += [worked[-1] + timedelta(minutes=1)] if worked else []
    calendar = WorkingCalendar.from_document(drawn, 1)
    limit = parse_limit(f"{days} 工作日")
    due = calendar.due(start, limit).due_at
    assert due == ends[-1]
    assert calendar.counted(start, due, limit.clock) == timedelta(hours=8 * days)
    assert calendar.counted(start, due - timedelta(microseconds=1), limit.clock) < timedelta(
        hours=8 * days
    )


def test_summer_hours_repeat_every_year() -> None:
    calendar = WorkingCalendar.from_document(
        document(
            hours=[
                {"from": "05-01", "to": "09-30", "spans": [["07:00", "11:00"]]},
                {"from": "10-01", "to": "04-30", "spans": [["08:00", "12:00"]]},
            ]
        ),
        1,
    )
    hour = parse_limit("1 工作时")
    assert calendar.due(local("2026-07-01T00:00"), hour).due_at == local("2026-07-01T08:00")
    assert calendar.due(local("2026-12-01T00:00"), hour).due_at == local("2026-12-01T09:00")
    assert calendar.due(local("2027-07-01T00:00"), hour).due_at == local("2027-07-01T08:00")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"timezone": "Asia/Nowhere"}, r"calendar\.timezone"),
        ({"timezone": "../etc/passwd"}, r"calendar\.timezone"),
        ({"name": "a@b"}, r"calendar\.name"),
        ({"workday": "sometimes"}, r"calendar\.workday"),
        ({"until": "2025-01-01"}, r"calendar\.until"),
        ({"from": "2026-02-30"}, r"calendar\.from"),
        ({"until": "2600-01-01"}, r"calendar\.until"),
        ({"colour": "red"}, "colour"),
        ({"days": [{"day": "2026-05-01", "kind": "party"}]}, r"calendar\.days\[0\]\.kind"),
        ({"days": [{"day": "2026-05-01", "kind": "rest"}] * 2}, r"calendar\.days\[1\]\.day"),
        ({"hours": [{"spans": [["12:00", "08:00"]]}]}, r"hours\[0\]\.spans\[0\]"),
        ({"hours": [{"spans": [["08:00", "25:00"]]}]}, r"hours\[0\]\.spans\[0\]\[1\]"),
        ({"hours": [{"spans": [["08:00", "12:00"], ["11:00", "13:00"]]}]}, r"spans\[1\]"),
        ({"hours": [{"spans": []}, {"spans": []}]}, r"hours: two rows"),
        ({"hours": [{"from": "05-01", "to": "2026-09-30", "spans": []}]}, r"hours\[0\]"),
        ({"hours": [{"from": "02-30", "to": "03-30", "spans": []}]}, r"hours\[0\]\.from"),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(CalendarError, match=place):
        WorkingCalendar.from_document(document(**changes), 1)


def test_moments_without_zone_or_beyond_the_years_are_refused(china: WorkingCalendar) -> None:
    limit = parse_limit("1 工作时")
    with pytest.raises(CalendarError, match="time zone"):
        china.due(datetime(2026, 1, 1), limit)  # noqa: DTZ001
    with pytest.raises(CalendarError, match="load a"):
        china.due(datetime(2090, 1, 1, tzinfo=UTC), limit)
    with pytest.raises(CalendarError, match="load a newer"):
        china.due(datetime(2041, 12, 30, tzinfo=UTC), parse_limit("900 工作日"))


def test_a_calendar_without_working_time_says_that_the_time_never_runs_out() -> None:
    idle = WorkingCalendar.from_document(document(hours=[{"spans": []}]), 1)
    with pytest.raises(CalendarError):
        idle.due(local("2026-09-16T09:00"), parse_limit("1 工作时"))


def test_calendars_are_found_by_name_and_version(china: WorkingCalendar) -> None:
    newer = WorkingCalendar.from_document(document(), 2)
    calendars = Calendars(newer, [china])
    assert calendars.current.key == "hand@2"
    assert calendars.get("cn@1") is china
    with pytest.raises(CalendarError, match="cn@9"):
        calendars.get("cn@9")


@given(st.integers(0, 400 * 24 * 3600))
def test_a_moment_is_working_when_the_second_after_it_counts(
    china: WorkingCalendar, second: int
) -> None:
    moment = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(seconds=second)
    counted = china.counted(moment, moment + timedelta(seconds=1), ClockType.WORKING_HOURS)
    assert china.is_working(moment) == (counted > timedelta())


def test_working_hours_begin_with_their_first_moment_and_end_before_the_last(
    china: WorkingCalendar,
) -> None:
    asked = ("07:59:59.999999", "08:00", "11:59:59.999999", "12:00", "14:00", "18:00")
    found = [china.is_working(local(f"2026-09-16T{hour}")) for hour in asked]
    assert found == [False, True, True, False, True, False]
    with pytest.raises(CalendarError):
        china.is_working(datetime(2099, 1, 1, tzinfo=UTC))
