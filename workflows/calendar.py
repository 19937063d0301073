"""Working calendars: when a limit runs out, and how much of it has been used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from workflows.errors import CalendarError
from workflows.labels import Label
from workflows.limits import WORKDAY_US, ClockType, Limit
from workflows.workdays import WorkdayRule, Workdays, read_workdays
from workflows.worktime import (
    DAY_US,
    EPOCH_ORDINAL,
    LATEST_US,
    WorkTime,
    lay_out,
    to_micros,
    to_moment,
    utc_text,
)

NATURAL = Label(zh="自然时间,昼夜连续计算", en="natural time, counted day and night")
START_DAY = Label(zh="起始日不计", en="the day of the start does not count")
_ONE_US = timedelta(microseconds=1)
_WHOLE = Fraction(1)
_UNUSED = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A due moment in UTC; provisional when days decide it for which no notice is loaded yet."""

    due_at: datetime
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of a clock's run: counted or not, and why. Both ends are in UTC."""

    from_: datetime
    to: datetime
    counted: bool
    why: Label

    def to_json(self) -> dict[str, object]:
        """Return the stretch as clients read it."""
        return {
            "from": utc_text(self.from_),
            "to": utc_text(self.to),
            "counted": self.counted,
            "why": self.why.to_json(),
        }


class WorkingCalendar:
    """One version of a working calendar; it never changes.

    Moments in and out are aware, out always in UTC, exact to the microsecond. A due moment is the
    earliest instant at which the counted time equals the limit: 08:00 + 4 工作时 is 12:00, not
    14:00. Days outside the document's `from`..`until` are provisional. Moments more than 5 years
    before or 15 after those years raise `CalendarError`.
    """

    __slots__ = ("_rules", "key", "known_us", "name", "time", "version")

    def __init__(self, rules: Workdays, version: int) -> None:
        self.name = rules.name
        self.version = version
        self.key = f"{rules.name}@{version}"
        self._rules = rules
        self.time: WorkTime = lay_out(rules)
        known = self.midnight(rules.first), self.midnight(rules.last + timedelta(days=1))
        self.known_us: tuple[int, int] = known

    @classmethod
    def from_document(cls, document: object, version: int = 1) -> "WorkingCalendar":
        """Build a calendar from its JSON form (see `read_workdays`); `CalendarError` if wrong."""
        return cls(read_workdays(document), version)

    def __repr__(self) -> str:
        return f"WorkingCalendar({self.key})"

    @property
    def known_from(self) -> date:
        """The first day for which a notice is loaded."""
        return self._rules.first

    @property
    def known_until(self) -> date:
        """The last day for which a notice is loaded."""
        return self._rules.last

    @property
    def rule(self) -> WorkdayRule:
        """What a 工作日 is here."""
        return self._rules.rule

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose wall clock the hours are of."""
        return self._rules.zone

    @property
    def horizon(self) -> tuple[date, date]:
        """The first and the last day that the calendar reckons with."""
        return self._rules.horizon()

    def is_working(self, moment: datetime) -> bool:
        """Return whether the moment lies inside working hours."""
        return self.time.holds(to_micros(moment))

    def due(
        self,
        start: datetime,
        limit: Limit,
        used: timedelta = _UNUSED,
        origin: datetime | None = None,
    ) -> Due:
        """Return when the limit runs out that starts now and of which `used` is already gone.

        Where nothing is left the due moment is the start itself. `origin` is when the clock began
        at first, for one that goes on after a pause: where a 工作日 ends with its day, only the day
        of the origin does not count.
        """
        return self.fraction_due(start, limit, _WHOLE, used, origin)

    def fraction_due(
        self,
        start: datetime,
        limit: Limit,
        fraction: Fraction,
        used: timedelta = _UNUSED,
        origin: datetime | None = None,
    ) -> Due:
        """Return when a fraction of the limit (4/5, 3/2, 2 …) has been counted, as `due` does.

        Fractions of a microsecond are rounded up. Where a 工作日 ends with its day, a fraction of a
        day is a whole day.
        """
        begin = to_micros(start)
        need = limit.micros
        if fraction is not _WHOLE:
            need = -(-need * fraction.numerator // fraction.denominator)
        need -= used // _ONE_US
        clock = limit.clock
        if clock.natural:
            end = begin + max(0, need)
            if end > LATEST_US:
                raise CalendarError(f"The limit {limit.text} runs out after the year 9999.")
            return Due(due_at=to_moment(end), provisional=False)
        if clock is ClockType.WORKING_DAYS and self._rules.rule is WorkdayRule.END_OF_DAY:
            days = -(-need // WORKDAY_US)
            end = self._nth_day_end(start, origin or start, days) if days > 0 else begin
        else:
            done = self.time.total_at(begin)
            end = self.time.reach(done + need) if need > 0 else begin
        provisional = begin < self.known_us[0] or end > self.known_us[1]
        return Due(due_at=to_moment(end), provisional=provisional)

    def counted(
        self, start: datetime, end: datetime, clock: ClockType, origin: datetime | None = None
    ) -> timedelta:
        """Return the time that the clock counts from start to end; zero when end is earlier.

        Where a 工作日 ends with its day, each working day that ended meanwhile counts as eight
        hours, but not the day of the origin (as in `due`).
        """
        begin, finish = to_micros(start), to_micros(end)
        if finish <= begin:
            return _UNUSED
        if clock.natural:
            return timedelta(microseconds=finish - begin)
        if clock is ClockType.WORKING_DAYS and self._rules.rule is WorkdayRule.END_OF_DAY:
            self.time.check(finish)
            ordinal = self._local_ordinal(origin or start)
            ended = self.time.days_ended(ordinal, finish)
            days = ended - self.time.days_ended(ordinal, begin)
            return timedelta(microseconds=days * WORKDAY_US)
        return timedelta(microseconds=self.time.total_at(finish) - self.time.total_at(begin))

    def breakdown(
        self, start: datetime, limit: Limit, used: timedelta = _UNUSED
    ) -> tuple[Span, ...]:
        """Return every stretch from the start to the due moment, counted or not, and why."""
        return self.spans(start, self.due(start, limit, used).due_at, limit.clock)

    def spans(
        self, start: datetime, end: datetime, clock: ClockType, origin: datetime | None = None
    ) -> tuple[Span, ...]:
        """Return every stretch from start to end as the clock counts it, none left out."""
        begin, finish = to_micros(start), to_micros(end)
        if finish <= begin:
            return ()
        if clock.natural:
            return (Span(from_=to_moment(begin), to=to_moment(finish), counted=True, why=NATURAL),)
        free = None
        if clock is ClockType.WORKING_DAYS and self._rules.rule is WorkdayRule.END_OF_DAY:
            free = date.fromordinal(self._local_ordinal(origin or start))
        return _merged(self._pieces(begin, finish, free))

    def _pieces(self, begin: int, finish: int, free: date | None) -> Iterable[Span]:
        cursor = begin
        for start, end in self.time.between(begin, finish):
            yield from self._idle(cursor, start, free)
            day = self._local_day(start)
            counted = day != free
            why = self._rules.why(day, counted=True) if counted else START_DAY
            yield Span(from_=to_moment(start), to=to_moment(end), counted=counted, why=why)
            cursor = end
        yield from self._idle(cursor, finish, free)

    def _idle(self, begin: int, finish: int, free: date | None) -> Iterable[Span]:
        cursor = begin
        while cursor < finish:
            day = self._local_day(cursor)
            end = min(finish, max(cursor + 1, self.midnight(day + timedelta(days=1))))
            why = START_DAY if day == free else self._rules.why(day, counted=False)
            yield Span(from_=to_moment(cursor), to=to_moment(end), counted=False, why=why)
            cursor = end

    def _nth_day_end(self, start: datetime, origin: datetime, days: int) -> int:
        ordinal = self._local_ordinal(origin)
        ended = self.time.days_ended(ordinal, to_micros(start))
        return self.time.nth_day_end(ordinal, ended + days)

    def _local_ordinal(self, moment: datetime) -> int:
        return moment.astimezone(self._rules.zone).toordinal()

    def _local_day(self, micros: int) -> date:
        return to_moment(micros).astimezone(self._rules.zone).date()

    def midnight(self, day: date) -> int:
        """Return when the day begins there, in microseconds since 1970."""
        local = datetime(day.year, day.month, day.day, tzinfo=self._rules.zone)
        offset = local.utcoffset() or timedelta()
        return (day.toordinal() - EPOCH_ORDINAL) * DAY_US - offset // _ONE_US


def _merged(pieces: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last and (last.counted, last.why) == (piece.counted, piece.why):
            merged[-1] = Span(from_=last.from_, to=piece.to, counted=last.counted, why=last.why)
        else:
            merged.append(piece)
    return tuple(merged)


class Calendars:
    """The calendars at hand: `current` for clocks that begin, any by key for those that run.

    `own` are those of the parties that keep another than the city's: departments by their code,
    and centres by the code of the district that they are the centre of.
    """

    __slots__ = ("_by_key", "_own", "current")

    def __init__(
        self,
        current: WorkingCalendar,
        others: Iterable[WorkingCalendar] = (),
        own: Mapping[str, WorkingCalendar] | None = None,
    ) -> None:
        self.current = current
        self._own = own or {}
        self._by_key = {calendar.key: calendar for calendar in (*others, current)}

    def of(self, party: str | None) -> WorkingCalendar:
        """Return the calendar by which a party's clocks begin: its own, else the city's."""
        return self.current if party is None else self._own.get(party, self.current)

    def get(self, key: str) -> WorkingCalendar:
        """Return the calendar `name@version`; `CalendarError` when it is not at hand."""
        found = self._by_key.get(key)
        if found is None:
            raise CalendarError(
                f"The calendar {key} is not loaded; load that version again, deadlines rest on it."
            )
        return found
