"""A working calendar looked at day by day: the sheet of a year, and what two versions differ in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from workflows.errors import CalendarError
from workflows.labels import Label
from workflows.workdays import MAKE_UP, REST_DAY, WEEKEND, DayKind, Spans, Workdays

WORKDAY = Label(zh="工作日", en="workday")
_DAY = timedelta(days=1)


class Mark(StrEnum):
    """What a day is on the sheet of a year."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    REST = "rest"
    MAKE_UP = "make-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a sheet; `label` is the holiday's name where it has one."""

    day: date
    mark: Mark
    label: Label
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """Consecutive rest days of one name."""

    label: Label
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HourPeriod:
    """Days of one year, from `first` to `last`, with the same working hours in force."""

    first: date
    last: date
    spans: Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Days from `first` to `last` that one version has as `old` and the next as `new`."""

    first: date
    last: date
    old: Label
    new: Label


def year_sheet(rules: Workdays, year: int) -> tuple[Day, ...]:
    """Return every day of a year; `CalendarError` for one that the calendar does not reckon."""
    first, last = rules.horizon()
    if not first.year <= year <= last.year:
        raise CalendarError(
            f"calendar {rules.name} reckons with {first.year} to {last.year}, not with {year}."
        )
    return tuple(look(rules, day) for day in _days(date(year, 1, 1), date(year, 12, 31)))


def hour_periods(rules: Workdays, year: int) -> tuple[HourPeriod, ...]:
    """Return which working hours are in force when, in a year that the calendar reckons."""
    found: list[HourPeriod] = []
    for day in _days(date(year, 1, 1), date(year, 12, 31)):
        spans = rules.hours_of(day)
        if found and found[-1].spans == spans:
            found[-1] = HourPeriod(first=found[-1].first, last=day, spans=spans)
        else:
            found.append(HourPeriod(first=day, last=day, spans=spans))
    return tuple(found)


def look(rules: Workdays, day: date) -> Day:
    """Return what the calendar makes of a day."""
    mark, label = _mark(rules, day)
    return Day(day=day, mark=mark, label=label, provisional=rules.provisional(day))


def _mark(rules: Workdays, day: date) -> tuple[Mark, Label]:
    named = rules.days.get(day)
    if named is not None and named.kind is DayKind.REST:
        return Mark.REST, named.name or REST_DAY
    if day.weekday() < 5:
        return Mark.WORKDAY, WORKDAY
    return (Mark.WEEKEND, WEEKEND) if named is None else (Mark.MAKE_UP, MAKE_UP)


def holidays(sheet: Iterable[Day]) -> tuple[Holiday, ...]:
    """Return the rest days of a sheet, those that follow each other under one name as one."""
    found: list[Holiday] = []
    for each in sheet:
        if each.mark is not Mark.REST:
            continue
        last = found[-1] if found else None
        if last is not None and last.label == each.label and last.last + _DAY == each.day:
            found[-1] = Holiday(label=last.label, first=last.first, last=each.day)
        else:
            found.append(Holiday(label=each.label, first=each.day, last=each.day))
    return tuple(found)


def day_changes(old: Workdays, new: Workdays) -> tuple[Change, ...]:
    """Return each day that is worked in one version and not in the other, or has another name."""
    pairs = ((look(old, day), look(new, day)) for day in _compared(old, new))
    return tuple(
        Change(first=a.day, last=a.day, old=a.label, new=b.label)
        for a, b in pairs
        if (a.mark, a.label) != (b.mark, b.label)
    )


def hour_changes(old: Workdays, new: Workdays) -> tuple[Change, ...]:
    """Return the days that both versions work, in other hours; others between them do not part."""
    worked = [day for day in _compared(old, new) if old.works(day) and new.works(day)]
    pairs = ((day, _hours_label(old.spans(day)), _hours_label(new.spans(day))) for day in worked)
    return _merged(pairs)


def notice_changes(old: Workdays, new: Workdays) -> tuple[Change, ...]:
    """Return the days for which only one of the versions has a notice."""
    named = {True: Label(zh="暂定", en="provisional"), False: Label(zh="已定", en="settled")}
    return _merged(
        (day, named[old.provisional(day)], named[new.provisional(day)])
        for day in _compared(old, new)
    )


def _compared(old: Workdays, new: Workdays) -> Iterator[date]:
    """Every day of the years that either version knows or names a day in."""
    known = (old.first, new.first, old.last, new.last, *old.days, *new.days)
    return _days(date(min(known).year, 1, 1), date(max(known).year, 12, 31))


def _days(first: date, last: date) -> Iterator[date]:
    return (date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))


def _merged(days: Iterable[tuple[date, Label, Label]]) -> tuple[Change, ...]:
    """Days in their order, told as one while they change alike."""
    found: list[Change] = []
    before: tuple[Label, Label] | None = None
    for day, old, new in days:
        if old != new and (old, new) == before:
            found[-1] = Change(first=found[-1].first, last=day, old=old, new=new)
        elif old != new:
            found.append(Change(first=day, last=day, old=old, new=new))
        before = (old, new)
    return tuple(found)


def hours_text(spans: Spans) -> str:
    """Return the working hours of a day as a reader writes them."""
    return " ".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans) or "-"


def _hours_label(spans: Spans) -> Label:
    return Label(zh=hours_text(spans), en=hours_text(spans))


def _clock(micros: int) -> str:
    seconds = micros // 1_000_000
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return text if seconds % 60 == 0 else f"{text}:{seconds % 60:02}"
