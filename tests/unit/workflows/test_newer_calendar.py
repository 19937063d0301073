"""A clock that follows a newer calendar is the clock that this calendar would have made."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import limits
from workflows.calendar import Calendars, WorkingCalendar
from workflows.deadlines import Deadline, start_clock
from workflows.limits import Limit, parse_limit

START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def calendar(version: int, rests: list[date]) -> WorkingCalendar:
    document = {
        "name": "yz", "timezone": "Asia/Shanghai", "workday": "sliding", "from": "2026-01-01",
        "until": "2026-12-31",
        "days": [{"day": day.isoformat(), "kind": "rest"} for day in sorted(set(rests))],
    }  # fmt: skip
    return WorkingCalendar.from_document(document, version)


def run(first: WorkingCalendar, limit: Limit, waits: list[int]) -> Deadline:
    """A clock that runs, stands, and runs again, as often as there are waits."""
    calendars = Calendars(first)
    clock = start_clock("handle", limit, START, first, "d-1")
    now = START
    for wait in waits:
        now += timedelta(seconds=wait)
        clock = clock.stop(now)
        now += timedelta(seconds=wait // 2 + 1)
        clock = clock.go_on(limit, now, calendars)
    return clock


RESTS = st.lists(st.dates(date(2026, 2, 25), date(2026, 4, 15)), max_size=8)


@settings(max_examples=25)  # a calendar is laid out over twenty years
@given(limits(), RESTS, RESTS, st.lists(st.integers(1, 400_000), max_size=3))
def test_it_is_what_the_newer_calendar_would_have_made_from_the_beginning(
    limit: Limit, old: list[date], new: list[date], waits: list[int]
) -> None:
    first, second = calendar(1, old), calendar(2, new)
    assert run(first, limit, waits).by_calendar(second) == run(second, limit, waits)


def test_rungs_that_fired_stay_fired() -> None:
    limit = parse_limit("4 工作时")
    clock = run(calendar(1, []), limit, []).at_rung(2)
    after = clock.by_calendar(calendar(2, [date(2026, 3, 2)]))
    assert after.rung == 2
    assert after.due_at == datetime(2026, 3, 3, 4, tzinfo=UTC)
    assert (after.holder, after.started_at, after.stage) == ("d-1", START, "handle")
