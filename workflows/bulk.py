"""Due moments by the hundred thousand: reckoned in arrays, explained from a table laid out once.

Gives what `workflows.reckoning` gives for one limit without pauses. Moments are microseconds since
1970 in UTC, as in `workflows.worktime`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from workflows.calendar import NATURAL, Span, WorkingCalendar
from workflows.labels import Label
from workflows.limits import WORKDAY_US, ClockType, Limit
from workflows.workdays import WorkdayRule
from workflows.worktime import DAY_US, EPOCH_ORDINAL, LATEST_US, SECOND_US, to_micros, to_moment

Moments = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_NATURAL_TAIL = b'","counted":true,"why":%s}' % orjson.dumps(NATURAL.to_json())


@lru_cache(maxsize=20_000)
def _day_text(day: int) -> bytes:
    return date.fromordinal(day + EPOCH_ORDINAL).isoformat().encode()


@lru_cache(maxsize=86_400)
def _second_text(second: int) -> bytes:
    return b"T%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)


def moment_text(micros: int) -> bytes:
    """Return a moment as the events write it: UTC with six decimals and `Z`."""
    day, rest = divmod(micros, DAY_US)
    second, fraction = divmod(rest, SECOND_US)
    tail = b".%06dZ" % fraction if fraction else b".000000Z"
    return _day_text(day) + _second_text(second) + tail


class BulkReckoner:
    """One calendar's arrays."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        time = calendar.time
        self._starts = np.array(time.starts, np.int64)
        self._ends = np.array(time.ends, np.int64)
        self._totals = np.array(time.totals, np.int64)
        self._day_ordinals = np.array(time.day_ordinals, np.int64)
        self._day_ends = np.array(time.day_ends, np.int64)
        self._end_of_day = calendar.rule is WorkdayRule.END_OF_DAY

    def due(self, begins: Moments, limits: Sequence[Limit]) -> tuple[Moments, Flags, Flags]:
        """Return for each start its due moment, whether it is provisional, and whether it holds.

        Where it does not hold the calendar does not reach so far; `WorkingCalendar.due` raises
        the error that says so.
        """
        kinds = {limit.text: limit for limit in limits}  # few, each many times
        places = {text: place for place, text in enumerate(kinds)}
        of = np.fromiter((places[limit.text] for limit in limits), np.int64, len(limits))
        needs = np.array([limit.micros for limit in kinds.values()], np.int64)[of]
        natural = np.array([limit.clock.natural for limit in kinds.values()], np.bool_)[of]
        ends, held = self._worked(begins, needs)
        if self._end_of_day:
            by_days = [limit.clock is ClockType.WORKING_DAYS for limit in kinds.values()]
            days = np.array(by_days, np.bool_)[of]
            by_day, day_held = self._days(begins, needs)
            ends, held = np.where(days, by_day, ends), np.where(days, day_held, held)
        time = self._calendar.time
        held &= (begins >= time.first_us) & (begins <= time.last_us)
        first, last = self._calendar.known_us
        provisional = ~natural & ((begins < first) | (ends > last))
        found = np.where(natural, begins + needs, ends)
        return found, provisional, (held | natural) & (found <= LATEST_US)

    def _worked(self, begins: Moments, needs: Moments) -> tuple[Moments, Flags]:
        at = np.searchsorted(self._starts, begins, "right") - 1
        done = self._totals[at] - np.maximum(0, self._ends[at] - begins)
        wanted = np.where(at < 0, 0, done) + needs
        found = np.searchsorted(self._totals, wanted, "left")
        held = found < len(self._totals)
        found = np.minimum(found, len(self._totals) - 1)
        return self._ends[found] - (self._totals[found] - wanted), held

    def _days(self, begins: Moments, needs: Moments) -> tuple[Moments, Flags]:
        """The day of the start does not count."""
        days = -(-needs // WORKDAY_US)
        ordinals = self._first_ordinal + np.searchsorted(self._midnights, begins, "right") - 1
        found = np.searchsorted(self._day_ordinals, ordinals, "right") + days - 1
        held = found < len(self._day_ends)
        return self._day_ends[np.minimum(found, len(self._day_ends) - 1)], held

    @cached_property
    def _first_ordinal(self) -> int:
        return self._calendar.horizon[0].toordinal() - 1

    @cached_property
    def _midnights(self) -> Moments:
        first, last = self._calendar.horizon
        days = range(first.toordinal() - 1, last.toordinal() + 2)
        return np.array([self._calendar.midnight(date.fromordinal(day)) for day in days], np.int64)

    def explained(self, begin: int, end: int, limit: Limit) -> bytes:
        """Return the stretches from begin to end as a JSON array, as `Span.to_json` gives each."""
        clock = limit.clock
        if self._end_of_day and clock is ClockType.WORKING_DAYS:
            told = self._calendar.spans(to_moment(begin), to_moment(end), clock)
            return orjson.dumps([span.to_json() for span in told])
        from_, to = b'[{"from":"' + moment_text(begin), moment_text(end)
        if clock.natural:
            return from_ + b'","to":"' + to + _NATURAL_TAIL + b"]"
        table = self._stretches
        first, last = bisect_right(table.starts, begin) - 1, bisect_left(table.starts, end) - 1
        if first == last:
            return from_ + b'","to":"' + to + table.tails[first] + b"]"
        between = b"".join(table.wholes[first + 1 : last])
        return (
            from_ + table.rests[first] + between + table.heads[last] + to + table.tails[last] + b"]"
        )

    @cached_property
    def _stretches(self) -> "_Stretches":
        time = self._calendar.time
        first, last = to_moment(time.first_us), to_moment(time.last_us)
        return _stretches(self._calendar.spans(first, last, ClockType.WORKING_HOURS))


class _Stretches(NamedTuple):
    """Where each stretch of a whole calendar begins, and the pieces of its text.

    A whole one is its head, its end and its tail; a rest is what follows another beginning.
    """

    starts: list[int]
    heads: list[bytes]
    rests: list[bytes]
    tails: list[bytes]
    wholes: list[bytes]


def _stretches(spans: Sequence[Span]) -> _Stretches:
    heads = [b'{"from":"%s","to":"' % moment_text(to_micros(span.from_)) for span in spans]
    ends = [moment_text(to_micros(span.to)) for span in spans]
    tails = [_tail(span) for span in spans]
    return _Stretches(
        starts=[to_micros(span.from_) for span in spans],
        heads=heads,
        rests=[b'","to":"%s%s,' % (end, tail) for end, tail in zip(ends, tails, strict=True)],
        tails=tails,
        wholes=[
            b"%s%s%s," % (head, end, tail)
            for head, end, tail in zip(heads, ends, tails, strict=True)
        ],
    )


@lru_cache(maxsize=1024)
def _why(label: Label) -> bytes:
    return orjson.dumps(label.to_json())


def _tail(span: Span) -> bytes:
    counted = b"true" if span.counted else b"false"
    return b'","counted":%s,"why":%s}' % (counted, _why(span.why))
