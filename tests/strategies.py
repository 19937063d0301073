"""Generators of property tests: calendars, limits and moments."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from workflows.limits import ClockType, Limit, parse_limit

# Zones with and without daylight saving, one whose change falls on midnight, one of half an hour.
ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Australia/Lord_Howe",
]
UNIT = {
    ClockType.URGENT_HOURS: "紧急工作时",
    ClockType.WORKING_HOURS: "工作时",
    ClockType.WORKING_DAYS: "工作日",
    ClockType.NATURAL_DAYS: "天",
}
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def moments(
    first: date = date(2026, 1, 2), last: date = date(2026, 11, 20)
) -> st.SearchStrategy[datetime]:
    """Moments of 2026 in UTC, to the second."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    seconds = int((last - first).total_seconds())
    return st.integers(0, seconds).map(lambda count: begin + timedelta(seconds=count))


def limits(clocks: list[ClockType] | None = None) -> st.SearchStrategy[Limit]:
    """Limits of a quarter of a unit up to five units."""
    return st.builds(
        lambda quarters, clock: parse_limit(f"{quarters / 4:g} {UNIT[clock]}"),
        st.integers(1, 20),
        st.sampled_from(clocks or list(UNIT)),
    )


@st.composite
def day_spans(draw: st.DrawFn) -> list[list[str]]:
    """One to three working spans of a day, in order and apart, to the minute."""
    ends = sorted(draw(st.sets(st.integers(0, 24 * 60), min_size=2, max_size=6)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return [[f"{a // 60:02d}:{a % 60:02d}", f"{b // 60:02d}:{b % 60:02d}"] for a, b in pairs]


@st.composite
def calendar_documents(draw: st.DrawFn, workday: str = "sliding") -> dict[str, Any]:
    """Calendars of 2026 with rest days, make-up workdays, and summer hours now and then."""
    named = draw(
        st.dictionaries(st.dates(FIRST, LAST), st.sampled_from(["work", "rest"]), max_size=40)
    )
    hours: list[dict[str, Any]] = [{"spans": draw(day_spans())}]
    if draw(st.booleans()):
        turn = draw(st.dates(date(2026, 3, 1), date(2026, 10, 1)))
        hours = [
            {"to": turn.isoformat(), "spans": draw(day_spans())},
            {"from": (turn + timedelta(days=1)).isoformat(), "spans": draw(day_spans())},
        ]
    return {
        "name": "drawn",
        "timezone": draw(st.sampled_from(ZONES)),
        "workday": workday,
        "from": FIRST.isoformat(),
        "until": LAST.isoformat(),
        "hours": hours,
        "days": [{"day": day.isoformat(), "kind": kind} for day, kind in named.items()],
    }
