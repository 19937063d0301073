"""Limits with pauses: what counting minute by minute finds, and nothing left unexplained."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.strategies import calendar_documents, limits, moments
from tests.unit.workflows.desk import STANDARDS
from tests.unit.workflows.oracle import WallClock
from workflows.bulk import BulkReckoner
from workflows.calendar import WorkingCalendar
from workflows.documents import read_document
from workflows.errors import CalendarError
from workflows.limits import ClockType, Limit, parse_limit
from workflows.reckoning import Pause, reckon
from workflows.worktime import to_micros

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def china() -> WorkingCalendar:
    return WorkingCalendar.from_document(read_document(STANDARDS / "calendar-cn-2025-2026.json"), 1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "limit", "pauses", "due"),
    [
        ("09-16T09:00", "4 工作时", [("09-16T10:00", "09-16T11:00")], "09-16T16:00"),
        ("09-16T09:00", "4 工作时", [("09-16T12:30", "09-16T13:30")], "09-16T15:00"),
        ("09-16T09:00", "4 紧急工作时", [("09-16T08:00", "09-16T10:00")], "09-16T14:00"),
        ("09-16T09:00", "4 工作时", [("09-16T15:00", "09-17T15:00")], "09-16T15:00"),
        ("09-16T09:00", "4 工作时", [("09-16T14:59", "09-17T15:00")], "09-17T15:01"),
        ("09-16T09:00", "2 天", [("09-18T00:00", "09-19T00:00"), ("09-17T00:00", "09-18T06:00")],
         "09-20T09:00"),
        ("09-16T09:00", "4 工作时", [("09-16T10:00", "09-16T10:00")], "09-16T15:00"),
        ("09-16T09:00", "4 工作时", [("09-01T10:00", "09-02T10:00")], "09-16T15:00"),
    ],
)  # fmt: skip
def test_the_hand_counted_moments_come_out(
    china: WorkingCalendar, start: str, limit: str, pauses: list[tuple[str, str]], due: str
) -> None:
    stands = [(local(begin), local(end)) for begin, end in pauses]
    told = reckon(china, local(start), parse_limit(limit), stands)
    assert told.due.due_at == local(due)
    assert told.spans[0].from_ == local(start)
    assert told.spans[-1].to == local(due)


@settings(max_examples=40, deadline=None)
@given(
    calendar_documents(),
    moments(),
    limits([ClockType.WORKING_HOURS]),
    st.lists(st.tuples(st.integers(-300, 3000), st.integers(0, 900)), max_size=4),
)
def test_the_due_moment_is_what_counting_minute_by_minute_finds(
    drawn: dict[str, Any], start: datetime, limit: Limit, pauses: list[tuple[int, int]]
) -> None:
    start = start.replace(second=0, microsecond=0)
    stands = [(start + a * MINUTE, start + (a + length) * MINUTE) for a, length in pauses]
    oracle, cursor, left = WallClock(drawn), start, limit.micros
    while left > 0:
        assume(cursor - start < timedelta(days=60))
        paused = any(begin <= cursor < end for begin, end in stands)
        step = 60_000_000 if oracle.is_worked(cursor) and not paused else 0
        if step >= left > 0:
            cursor += timedelta(microseconds=left)
            break
        left -= step
        cursor += MINUTE
    assume(cursor.year == 2026)
    told = reckon(WorkingCalendar.from_document(drawn, 1), start, limit, stands)
    assert told.due.due_at == cursor
    check_whole(told.spans, start, cursor)
    counted = sum((s.to - s.from_ for s in told.spans if s.counted), timedelta())
    assert counted == timedelta(microseconds=limit.micros)


def check_whole(spans: Any, start: datetime, end: datetime) -> None:
    assert (spans[0].from_, spans[-1].to) == (start, end)
    assert all(before.to == after.from_ for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("pauses", "due"),
    [
        ([], "09-18T18:00"),
        ([("09-16T10:00", "09-16T11:00")], "09-18T18:00"),  # on the day that does not count
        ([("09-17T09:00", "09-17T11:00")], "09-18T18:00"),  # goes on before the day ends
        ([("09-17T09:00", "09-18T09:00")], "09-20T18:00"),  # a Sunday that is worked
        ([("09-17T19:00", "09-18T17:00")], "09-18T18:00"),
    ],
)
def test_where_a_working_day_ends_with_its_day_a_pause_takes_the_days_that_end_in_it(
    china: WorkingCalendar, pauses: list[tuple[str, str]], due: str
) -> None:
    document = read_document(STANDARDS / "calendar-cn-2025-2026.json")
    assert isinstance(document, dict)
    calendar = WorkingCalendar.from_document({**document, "workday": "end-of-day"}, 1)
    stands: list[Pause] = [(local(begin), local(end)) for begin, end in pauses]
    told = reckon(calendar, local("09-16T09:00"), parse_limit("2 工作日"), stands)
    assert told.due.due_at == local(due)


def test_a_pause_that_ends_before_it_begins_is_refused(china: WorkingCalendar) -> None:
    stands = [(local("09-17T10:00"), local("09-17T09:00"))]
    with pytest.raises(CalendarError, match="ends before it begins"):
        reckon(china, local("09-16T09:00"), parse_limit("4 工作时"), stands)


@settings(max_examples=15, deadline=None)
@given(
    calendar_documents() | calendar_documents(workday="end-of-day"),
    st.lists(st.tuples(moments(), limits()), min_size=1, max_size=8),
)
def test_in_bulk_the_same_comes_out(
    drawn: dict[str, Any], asked: list[tuple[datetime, Limit]]
) -> None:
    calendar = WorkingCalendar.from_document(drawn, 1)
    bulk = BulkReckoner(calendar)
    starts, given_limits = zip(*asked, strict=True)
    begins = np.array([to_micros(start) for start in starts])
    ends, provisional, held = bulk.due(begins, given_limits)
    for place, (start, limit) in enumerate(asked):
        try:
            told = reckon(calendar, start, limit)
        except CalendarError:
            assert not held[place]
            continue
        assert held[place]
        assert (ends[place], provisional[place]) == (
            to_micros(told.due.due_at), told.due.provisional,
        )  # fmt: skip
        explained = bulk.explained(int(begins[place]), int(ends[place]), limit)
        assert orjson.loads(explained) == [span.to_json() for span in told.spans]


def test_in_bulk_what_the_calendar_does_not_reach_does_not_hold(china: WorkingCalendar) -> None:
    bulk, limit = BulkReckoner(china), parse_limit("900 工作日")
    begins = [datetime(year, 6, 1, tzinfo=UTC) for year in (1960, 2026, 2040, 2300)]
    _, _, held = bulk.due(np.array([to_micros(begin) for begin in begins]), [limit] * 4)
    assert held.tolist() == [False, True, False, False]
