"""Working time laid out on the UTC line, so that counting it is two binary searches.

An instant is worked when the wall clock of the calendar's zone then shows a time inside the day's
spans. That rule alone decides at daylight changes: an hour that the clock skips is no working time,
one that it repeats is worked twice. All numbers are microseconds since 1970-01-01T00:00Z.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from workflows.errors import CalendarError
from workflows.workdays import Workdays

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
LATEST_US = ((date.max.toordinal() - EPOCH_ORDINAL) * DAY_US) - 1  # 14 h of any zone to spare
_ONE_US = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970; `CalendarError` when it has no zone."""
    if moment.tzinfo is None:
        raise CalendarError(
            f"The moment {moment} has no time zone; give an aware one, best in UTC."
        )
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds


def to_moment(micros: int) -> datetime:
    """Return microseconds since 1970 as a moment in UTC."""
    return EPOCH + timedelta(microseconds=micros)


@lru_cache(maxsize=1024)  # a batch names few moments, each many times
def utc_text(moment: datetime) -> str:
    """Return a moment as the events write it: UTC with six decimals and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTime:
    """The working spans of many years in order.

    Span i runs from `starts[i]` to `ends[i]`; `totals[i]` is all working time up to its end.
    `day_ordinals` are the working days and `day_ends` where the last span of each ends.
    """

    starts: list[int]
    ends: list[int]
    totals: list[int]
    day_ordinals: list[int]
    day_ends: list[int]
    first_us: int
    last_us: int

    def total_at(self, moment: int) -> int:
        """Return the working time from the beginning of the table to the moment."""
        self.check(moment)
        i = bisect_right(self.starts, moment) - 1
        if i < 0:
            return 0
        end = self.ends[i]
        return self.totals[i] - (end - moment if moment < end else 0)

    def holds(self, moment: int) -> bool:
        """Return whether the moment lies inside a working span."""
        self.check(moment)
        i = bisect_right(self.starts, moment) - 1
        return i >= 0 and moment < self.ends[i]

    def reach(self, total: int) -> int:
        """Return the earliest moment at which the working time is `total` (above zero)."""
        i = bisect_left(self.totals, total)
        if i == len(self.totals):
            raise CalendarError(
                f"The calendar reckons until {to_moment(self.last_us):%Y-%m-%d} and the time runs "
                "out later; load a newer calendar."
            )
        return self.ends[i] - (self.totals[i] - total)

    def nth_day_end(self, ordinal: int, count: int) -> int:
        """Return where the `count`-th working day after the day `ordinal` ends."""
        i = bisect_right(self.day_ordinals, ordinal) + count - 1
        if i >= len(self.day_ends):
            raise CalendarError(
                f"The calendar reckons until {to_moment(self.last_us):%Y-%m-%d} and the days run "
                "out later; load a newer calendar."
            )
        return self.day_ends[i]

    def days_ended(self, ordinal: int, until: int) -> int:
        """Return how many working days after the day `ordinal` have ended at the moment."""
        first = bisect_right(self.day_ordinals, ordinal)
        return max(0, bisect_right(self.day_ends, until) - first)

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the working spans inside start..end in order, cut at both."""
        i = bisect_right(self.ends, start)
        while i < len(self.starts) and self.starts[i] < end:
            yield max(start, self.starts[i]), min(end, self.ends[i])
            i += 1

    def check(self, moment: int) -> None:
        """Refuse a moment outside the years that the calendar reckons with."""
        if not self.first_us <= moment <= self.last_us:
            raise CalendarError(
                f"The moment {to_moment(moment):%Y-%m-%d} is outside the years that the calendar "
                f"reckons with, {to_moment(self.first_us):%Y} to {to_moment(self.last_us):%Y}; "
                "load a calendar for it."
            )


def lay_out(rules: Workdays) -> WorkTime:
    """Place the working spans of every day of the rules' horizon on the UTC line."""
    first, last = (day.toordinal() for day in rules.horizon())
    offsets = _Offsets(rules.zone, first - 1, last + 5)
    spans: list[tuple[int, int]] = []
    day_ordinals: list[int] = []
    day_ends: list[int] = []
    for ordinal in range(first, last + 1):
        of_day = list(_on_utc(rules, ordinal, offsets))
        if of_day:
            spans += of_day
            day_ordinals.append(ordinal)
            day_ends.append(max(end for _, end in of_day))
    spans.sort()
    totals: list[int] = []
    total = 0
    for start, end in spans:
        total += end - start
        totals.append(total)
    return WorkTime(
        starts=[start for start, _ in spans],
        ends=[end for _, end in spans],
        totals=totals,
        day_ordinals=day_ordinals,
        day_ends=day_ends,
        first_us=(first - EPOCH_ORDINAL) * DAY_US,
        last_us=(last - EPOCH_ORDINAL) * DAY_US,
    )


def _on_utc(rules: Workdays, ordinal: int, offsets: "_Offsets") -> Iterator[tuple[int, int]]:
    of_day = rules.spans(date.fromordinal(ordinal))
    if not of_day:
        return
    midnight = (ordinal - EPOCH_ORDINAL) * DAY_US
    for piece_start, piece_end, offset in offsets.pieces(ordinal):
        for wall_start, wall_end in of_day:
            start = max(midnight + wall_start - offset, piece_start)
            end = min(midnight + wall_end - offset, piece_end)
            if start < end:
                yield start, end


class _Offsets:
    """The zone's distance from UTC around each day.

    A local day lies between 14 h before and 36 h after midnight UTC, whatever the zone, so a day
    whose four surrounding offsets agree has one offset; only the others are searched for the
    second at which it changes.
    """

    __slots__ = ("_daily", "_first", "_zone")

    def __init__(self, zone: tzinfo, first: int, last: int) -> None:
        self._zone = zone
        self._first = first
        self._daily = [self._at(self._window(o)) for o in range(first, last + 1)]

    @staticmethod
    def _window(ordinal: int) -> int:
        return (ordinal - EPOCH_ORDINAL) * DAY_US - 15 * 3_600 * SECOND_US

    def _at(self, moment: int) -> int:
        offset = to_moment(moment).astimezone(self._zone).utcoffset()
        return (offset or timedelta()) // _ONE_US

    def pieces(self, ordinal: int) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, offset) of stretches of one offset that together hold the day."""
        start, end = self._window(ordinal), self._window(ordinal + 3)
        i = ordinal - self._first
        if len(set(self._daily[i : i + 4])) == 1:
            yield start, end, self._daily[i]
            return
        for hour in range(start, end, 3_600 * SECOND_US):
            yield from self._split(hour, hour + 3_600 * SECOND_US)

    def _split(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        before, after = self._at(start), self._at(end)
        if before == after:
            yield start, end, before
            return
        low, high = start // SECOND_US, end // SECOND_US
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._at(middle * SECOND_US) == before else (low, middle)
        yield start, high * SECOND_US, before
        yield high * SECOND_US, end, after
