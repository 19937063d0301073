"""Which days are worked, and in which hours: the rules that a calendar document states."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from enum import StrEnum
from zoneinfo import ZoneInfo

from workflows.documents import Place
from workflows.errors import CalendarError
from workflows.labels import Label

HOUR_US = 3_600_000_000
YEARS_BEFORE, YEARS_AFTER = 5, 15  # how far a calendar reckons around the years it knows
LONGEST_YEARS = 60

WEEKEND = Label(zh="周末", en="weekend")
REST_DAY = Label(zh="休息日", en="rest day")
WORKING_HOURS = Label(zh="工作时间", en="working hours")
MAKE_UP = Label(zh="调休上班", en="make-up workday")
OFF_HOURS = Label(zh="非工作时间", en="outside working hours")

Spans = tuple[tuple[int, int], ...]
DEFAULT_SPANS: Spans = ((8 * HOUR_US, 12 * HOUR_US), (14 * HOUR_US, 18 * HOUR_US))
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?|(24):(00)(?::(00))?")
_ANNUAL = re.compile(r"([0-9]{2})-([0-9]{2})")


class WorkdayRule(StrEnum):
    """What a 工作日 is: eight working hours that slide, or the end of the n-th working day."""

    SLIDING = "sliding"
    END_OF_DAY = "end-of-day"


class DayKind(StrEnum):
    """What a notice makes of a day."""

    WORK = "work"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDay:
    """A day that a notice names, with the holiday's name where it is known."""

    kind: DayKind
    name: Label | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Working hours from one day to another, both included.

    The ends are dates, or month and day of every year, or None for open. `spans` are
    microseconds of the local day.
    """

    first: date | tuple[int, int] | None
    last: date | tuple[int, int] | None
    spans: Spans

    def covers(self, day: date) -> bool:
        """Whether these hours are in force on the day."""
        if isinstance(self.first, tuple) and isinstance(self.last, tuple):
            of_year = (day.month, day.day)
            if self.first <= self.last:
                return self.first <= of_year <= self.last
            return of_year >= self.first or of_year <= self.last
        after = not isinstance(self.first, date) or self.first <= day
        return after and (not isinstance(self.last, date) or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workdays:
    """What a calendar document says, checked.

    Days outside `first`..`last` (both included) are provisional: weekdays, less the rest days
    that the document names there.
    """

    name: str
    zone: ZoneInfo
    rule: WorkdayRule
    first: date
    last: date
    hours: tuple[Hours, ...]
    days: Mapping[date, NamedDay]

    def provisional(self, day: date) -> bool:
        """Whether no notice is loaded for the day."""
        return not self.first <= day <= self.last

    def works(self, day: date) -> bool:
        """Whether the day is worked."""
        named = self.days.get(day)
        return named.kind is DayKind.WORK if named else day.weekday() < 5

    def spans(self, day: date) -> Spans:
        """Return the working spans of a day in microseconds of its local wall clock."""
        return self.hours_of(day) if self.works(day) else ()

    def hours_of(self, day: date) -> Spans:
        """Return the working hours that are in force on a day, whether or not it is worked."""
        found = [hours for hours in self.hours if hours.covers(day)]
        if len(found) > 1:
            raise CalendarError(
                f"calendar {self.name}.hours: two rows are in force on {day}; end one before the "
                "other begins."
            )
        return found[0].spans if found else DEFAULT_SPANS

    def why(self, day: date, *, counted: bool) -> Label:
        """Say why a stretch of the day counts, or does not."""
        named = self.days.get(day)
        if counted:
            reason = MAKE_UP if named and day.weekday() >= 5 else WORKING_HOURS
        elif self.works(day):
            reason = OFF_HOURS
        elif named:
            reason = named.name or REST_DAY
        else:
            reason = WEEKEND
        if not self.provisional(day):
            return reason
        return Label(zh=f"{reason.zh}(暂定)", en=f"{reason.en} (provisional)")

    def horizon(self) -> tuple[date, date]:
        """Return the first and the last day that the calendar reckons with."""
        return (
            date(max(MINYEAR + 1, self.first.year - YEARS_BEFORE), 1, 1),
            date(min(MAXYEAR - 1, self.last.year + YEARS_AFTER), 12, 31),
        )


def read_workdays(document: object) -> Workdays:
    """Check a calendar document and return what it says.

    The form is JSON: `name`, `timezone`, `workday` (`sliding` or `end-of-day`), `from`, `until`,
    `hours` [{`from`, `to`, `spans` [["08:00", "12:00"], …]}], `days` [{`day`, `kind`
    (`work` or `rest`), optional `name` {`zh`, `en`}}]. The ends of an hours row are dates, or
    `MM-DD` for every year, or absent. Days that no row covers have 08:00-12:00 and 14:00-18:00.
    Raises `CalendarError` naming the place.
    """
    top = Place(document, "calendar", CalendarError)
    top.mapping(
        {"name", "timezone", "workday", "from", "until"}, frozenset({"hours", "days", "source"})
    )
    first, last = _date(top.at("from")), _date(top.at("until"))
    if not first <= last:
        raise top.at("until").wrong(f"is {last}, before `from`, {first}")
    if last.year - first.year > LONGEST_YEARS:
        raise top.at("until").wrong(f"is more than {LONGEST_YEARS} years after `from`")
    return Workdays(
        name=_name(top.at("name")),
        zone=_zone(top.at("timezone")),
        rule=top.at("workday").choice(WorkdayRule),
        first=first,
        last=last,
        hours=tuple(_hours(row) for row in top.at("hours").items()),
        days=_days(top.at("days")),
    )


def _name(place: Place) -> str:
    name = place.text()
    if "@" in name:
        raise place.wrong("must not hold '@', which parts the name from the version")
    return name


def _zone(place: Place) -> ZoneInfo:
    key = place.text()
    try:
        return ZoneInfo(key)
    except (OSError, ValueError, KeyError) as error:
        raise place.wrong(
            f"knows no time zone {key!r}; write for instance Asia/Shanghai"
        ) from error


def _date(place: Place) -> date:
    text = place.text()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise place.wrong(f"must be a date like 2026-01-31, not {text!r}") from error


def _days(place: Place) -> dict[date, NamedDay]:
    days: dict[date, NamedDay] = {}
    for item in place.items():
        item.mapping({"day", "kind"}, frozenset({"name"}))
        day = _date(item.at("day"))
        if day in days:
            raise item.at("day").wrong(f"names {day} a second time; keep one row")
        name = item.at("name")
        days[day] = NamedDay(
            kind=item.at("kind").choice(DayKind),
            name=None if name.value is None else name.label(),
        )
    return days


def _hours(place: Place) -> Hours:
    place.mapping({"spans"}, frozenset({"from", "to"}))
    first, last = _end(place.at("from")), _end(place.at("to"))
    if isinstance(first, tuple) != isinstance(last, tuple):
        raise place.wrong("`from` and `to` must both be dates or both MM-DD")
    if isinstance(first, date) and isinstance(last, date) and first > last:
        raise place.at("to").wrong(f"is {last}, before `from`, {first}")
    spans = tuple(_span(item) for item in place.at("spans").items())
    for (_, end), (start, _), item in zip(
        spans, spans[1:], place.at("spans").items()[1:], strict=False
    ):
        if start < end:
            raise item.wrong("begins before the span above it ends; put them in order, apart")
    return Hours(first=first, last=last, spans=spans)


def _end(place: Place) -> date | tuple[int, int] | None:
    if place.value is None:
        return None
    text = place.text()
    annual = _ANNUAL.fullmatch(text)
    if annual is None:
        return _date(place)
    month, day = int(annual[1]), int(annual[2])
    try:
        date(2024, month, day)
    except ValueError as error:
        raise place.wrong(f"must be a day of the year like 05-01, not {text!r}") from error
    return month, day


def _span(place: Place) -> tuple[int, int]:
    ends = place.items()
    if len(ends) != 2:
        raise place.wrong('must be two times like ["08:00", "12:00"]')
    start, end = (_time_of_day(item) for item in ends)
    if start >= end:
        raise place.wrong("ends before it begins; split a span that passes midnight in two")
    return start, end


def _time_of_day(place: Place) -> int:
    found = _CLOCK.fullmatch(place.text())
    if found is None:
        raise place.wrong(f"must be a time of day like 08:00, not {place.value!r}")
    hours, minutes, seconds = (
        int(part)
        for part in (found[1] or found[4], found[2] or found[5], found[3] or found[6] or 0)
    )
    return (hours * 3_600 + minutes * 60 + seconds) * 1_000_000
