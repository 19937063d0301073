"""The duty roster 值班表: who is on duty at a department or centre at a moment.

A turn is either dated, from one local moment to another, or comes back every week. Turns may
overlap: all who are on duty are reached.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection, text

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_ZH = {f"{word}{sign}": day for word in ("周", "星期", "礼拜")
           for signs, day in (("一", "mon"), ("二", "tue"), ("三", "wed"), ("四", "thu"),
                              ("五", "fri"), ("六", "sat"), ("日天", "sun"))
           for sign in signs}  # fmt: skip
_END = re.compile(r"(\S+?)[ T]+([0-9]{1,2}):([0-9]{2})(?::00(?:\.0+)?)?", flags=re.ASCII)
_DAY_MINUTES = 24 * 60
WEEK = 7 * _DAY_MINUTES
"""Minutes of a week; it begins on Monday at midnight."""

Span = tuple[int, int]
Gap = tuple[datetime, datetime]
"""From one local moment until another; naive, as the wall clock shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One row of the roster. `starts` and `ends` are local: both "2026-12-01 18:00", or both a day
    of every week, "fri 18:00"; a weekly turn whose ends are the same lasts the whole week."""

    department: str
    account: str
    role: str
    starts: str
    ends: str


def turn_end(written: str) -> str:
    """One end of a turn as the register keeps it; ValueError for what is no moment."""
    found = _END.fullmatch(written.strip())
    if found is None:
        raise ValueError(f"{written!r} is neither a day and hour nor a weekday and hour")
    hour = f"{int(found[2]):02d}:{found[3]}"
    day = _DAY_ZH.get(found[1], found[1].lower())
    if day in DAYS:
        datetime.fromisoformat(f"2026-01-05 {hour}")
        return f"{day} {hour}"
    return datetime.fromisoformat(f"{day} {hour}").strftime("%Y-%m-%d %H:%M")


def turn_problem(starts: str, ends: str) -> str | None:
    """Why two ends are no turn; None where they are one. Both are as `turn_end` writes them."""
    if is_weekly(starts) != is_weekly(ends):
        return "give two dates, or two days of the week"
    if not is_weekly(starts) and ends <= starts:
        return f"the turn ends before it begins ({starts})"
    return None


def is_weekly(end: str) -> bool:
    """Whether an end of a turn comes back every week."""
    return end[:3] in DAYS


class Roster:
    """Everybody's turns, by department. Immutable. `zone` is where the wall clock hangs."""

    def __init__(self, turns: Iterable[Turn], zone: tzinfo) -> None:
        by_department: dict[str, list[Turn]] = {}
        for turn in turns:
            by_department.setdefault(turn.department, []).append(turn)
        self.zone = zone
        self._plans = {code: _Plan(rows) for code, rows in by_department.items()}
        self.departments = frozenset(self._plans)

    def on_duty(self, department: str, moment: datetime) -> tuple[str, ...]:
        """The accounts on duty at an aware moment, in the order of their ids."""
        plan = self._plans.get(department)
        return () if plan is None else plan.at(_minute(moment.astimezone(self.zone)))

    def gaps(self, department: str, start: datetime, end: datetime) -> tuple[Gap, ...]:
        """The stretches between two aware moments in which nobody is on duty there."""
        first, last = (_minute(moment.astimezone(self.zone)) for moment in (start, end))
        plan = self._plans.get(department)
        covered = [] if plan is None else plan.spans(first, last)
        return tuple((_local(a), _local(b)) for a, b in _uncovered(covered, first, last))


def who_is_reached(roster: Roster, department: str, moment: datetime) -> tuple[str, ...]:
    """The accounts that are on duty at a department or centre then; none where nobody is."""
    return roster.on_duty(department, moment)


class _Plan:
    """The turns of one department: those with dates, and those of every week."""

    __slots__ = ("_dated", "_dated_on", "_weekly", "_weekly_on")

    def __init__(self, turns: Sequence[Turn]) -> None:
        weekly = [(*span, t.account) for t in turns if is_weekly(t.starts) for span in _week(t)]
        dated = [(*_dates(t), t.account) for t in turns if not is_weekly(t.starts)]
        self._dated, self._weekly = dated, weekly
        self._dated_on, self._weekly_on = _Line(dated), _Line(weekly)

    def at(self, minute: int) -> tuple[str, ...]:
        dated, weekly = self._dated_on.at(minute), self._weekly_on.at(minute % WEEK)
        return tuple(sorted({*dated, *weekly})) if dated and weekly else dated or weekly

    def spans(self, first: int, last: int) -> list[Span]:
        """What is covered of the stretch, and perhaps something beside it."""
        found = [(start, end) for start, end, _ in self._dated]
        for monday in range(first - first % WEEK, last, WEEK):
            found += [(monday + start, monday + end) for start, end, _ in self._weekly]
        return found


class _Line:
    """Who is on, from each moment at which that changes."""

    __slots__ = ("_from", "_on")

    def __init__(self, spans: Iterable[tuple[int, int, str]]) -> None:
        changes: dict[int, list[tuple[str, int]]] = {}
        for start, end, account in spans:
            changes.setdefault(start, []).append((account, 1))
            changes.setdefault(end, []).append((account, -1))
        self._from = sorted(changes)
        self._on: list[tuple[str, ...]] = []
        now: Counter[str] = Counter()
        for minute in self._from:
            for account, step in changes[minute]:
                now[account] += step
            now = +now
            self._on.append(tuple(sorted(now)))

    def at(self, minute: int) -> tuple[str, ...]:
        found = bisect_right(self._from, minute) - 1
        return self._on[found] if found >= 0 else ()


def _week(turn: Turn) -> list[Span]:
    """The minutes of the week that a weekly turn covers; one over Sunday's end is two."""
    start, end = (
        DAYS.index(one[:3]) * _DAY_MINUTES + int(one[4:6]) * 60 + int(one[7:9])
        for one in (turn.starts, turn.ends)
    )
    if start < end:
        return [(start, end)]
    return [span for span in ((start, WEEK), (0, end)) if span[0] < span[1]]


def _dates(turn: Turn) -> Span:
    start, end = (_minute(datetime.fromisoformat(one)) for one in (turn.starts, turn.ends))
    return start, end


def _minute(local: datetime) -> int:
    """Minutes of the wall clock since the first Monday of the calendar."""
    return (local.toordinal() - 1) * _DAY_MINUTES + local.hour * 60 + local.minute


def _local(minute: int) -> datetime:
    day, rest = divmod(minute, _DAY_MINUTES)
    return datetime.fromordinal(day + 1) + timedelta(minutes=rest)


def _uncovered(spans: Iterable[Span], first: int, last: int) -> list[Span]:
    gaps, reached = [], first
    for start, end in sorted(spans):
        if start > reached and reached < last:
            gaps.append((reached, min(start, last)))
        reached = max(reached, end)
    if reached < last:
        gaps.append((reached, last))
    return gaps


def load_roster(connection: Connection, zone: tzinfo) -> Roster:
    """The roster as it stands."""
    rows = connection.execute(text("select department, account, role, starts, ends from roster"))
    return Roster(
        [
            Turn(
                department=row.department,
                account=row.account,
                role=row.role,
                starts=row.starts,
                ends=row.ends,
            )
            for row in rows
        ],
        zone,
    )
