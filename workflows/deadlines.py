"""The clock of one stage of one case, as a fact that is stored when it is set.

A clock runs from `started_at` until it is stopped. When it goes on later, its earlier runs are
kept in `runs`, so that used time can be counted again and a due moment be explained in full.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from workflows.calendar import Calendars, Span, WorkingCalendar
from workflows.errors import WorkflowError
from workflows.labels import Label
from workflows.limits import URGENT, ClockType, Limit, parse_limit
from workflows.worktime import utc_text

PAUSED = Label(zh="暂停计时", en="the clock was paused")

Runs = tuple[tuple[datetime, datetime], ...]
_ONE_US = timedelta(microseconds=1)
_NONE = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One stage's clock.

    `limit` is the text of the table and `calendar` the key of the calendar version; `used_us` is
    the counted time of all `runs` in microseconds. `due_at` and `stopped_at` are never both set:
    a clock runs or stands. `holder` is the department that answers, if one does. `rung` is the next
    rung of the stage's ladder to fire. `extensions` counts how often the limit was added once more.
    A clock until a chosen moment has that moment as its `limit`. All moments are in UTC.
    """

    stage: str
    limit: str
    clock: ClockType
    calendar: str
    started_at: datetime
    due_at: datetime | None
    provisional: bool
    used_us: int
    holder: str | None
    stopped_at: datetime | None
    rung: int
    runs: Runs = ()
    extensions: int = 0

    @property
    def origin(self) -> datetime:
        """When the clock began at first."""
        return self.runs[0][0] if self.runs else self.started_at

    @property
    def running(self) -> bool:
        """Whether the clock runs."""
        return self.stopped_at is None

    @property
    def urgent(self) -> bool:
        """Whether the table calls its limit urgent (紧急)."""
        return URGENT in self.limit

    def overdue(self, now: datetime, calendars: Calendars) -> bool:
        """Whether the limit has run out by now, or had before the clock was stopped."""
        if self.stopped_at is None:
            return self.due_at is not None and self.due_at <= now
        return self._runs_out(Fraction(1), calendars) < self.stopped_at

    def rung_due(self, at: Fraction, calendars: Calendars) -> datetime:
        """Return when the part `at` of the limit has been counted, for a clock that runs."""
        if at == 1 and self.due_at is not None:
            return self.due_at
        return self._runs_out(at, calendars)

    def _runs_out(self, at: Fraction, calendars: Calendars) -> datetime:
        if self.clock is ClockType.UNTIL:
            span = datetime.fromisoformat(self.limit) - self.started_at
            return self.started_at + span * at.numerator / at.denominator
        calendar = calendars.get(self.calendar)
        used = timedelta(microseconds=self.used_us)
        limit = parse_limit(self.limit)
        # Fractions are slow to multiply, and few clocks are extended.
        whole = at * (1 + self.extensions) if self.extensions else at
        return calendar.fraction_due(self.started_at, limit, whole, used, self.origin).due_at

    def at_rung(self, rung: int) -> "Deadline":
        """Return the clock with the next rung of its ladder to fire."""
        # Spelt out: `dataclasses.replace` takes five times as long, and a clock fires thousands.
        return Deadline(
            stage=self.stage,
            limit=self.limit,
            clock=self.clock,
            calendar=self.calendar,
            started_at=self.started_at,
            due_at=self.due_at,
            provisional=self.provisional,
            used_us=self.used_us,
            holder=self.holder,
            stopped_at=self.stopped_at,
            rung=rung,
            runs=self.runs,
            extensions=self.extensions,
        )

    def held_by(self, holder: str | None) -> "Deadline":
        """Return the clock with another department that answers for it."""
        return replace(self, holder=holder)

    def stop(self, now: datetime) -> "Deadline":
        """Return the clock standing since now."""
        return Deadline(
            stage=self.stage,
            limit=self.limit,
            clock=self.clock,
            calendar=self.calendar,
            started_at=self.started_at,
            due_at=None,
            provisional=self.provisional,
            used_us=self.used_us,
            holder=self.holder,
            stopped_at=now,
            rung=self.rung,
            runs=self.runs,
            extensions=self.extensions,
        )

    def go_on(self, limit: Limit, now: datetime, calendars: Calendars) -> "Deadline":
        """Return a standing clock running again from now with the time that it has left.

        Under another limit than before, earlier runs are counted anew by that limit's clock, the
        ladder begins again and extensions are gone.
        """
        runs = (*self.runs, (self.started_at, self.stopped_at or now))
        return self._again(limit, now, runs, calendars)

    def go_on_until(self) -> "Deadline":
        """Return a standing clock until a chosen moment as if it had never stood."""
        return replace(self, stopped_at=None, due_at=datetime.fromisoformat(self.limit))

    def under(self, limit: Limit, calendars: Calendars) -> "Deadline":
        """Return a running clock as if it had had this limit from its original start."""
        return self._again(limit, self.started_at, self.runs, calendars)

    def by_calendar(self, calendar: WorkingCalendar) -> "Deadline":
        """Return a running clock as if it had run by this calendar since it began."""
        if self.clock is ClockType.UNTIL:
            return self
        past = _Past(self.stage, self.holder, self.runs, self.rung)
        return _running(past, parse_limit(self.limit), calendar, self.started_at)

    def _again(
        self, limit: Limit, started_at: datetime, runs: Runs, calendars: Calendars
    ) -> "Deadline":
        calendar = calendars.get(self.calendar)
        same = (limit.text, limit.clock) == (self.limit, self.clock)
        kept = (self.rung, self.extensions) if same else (0, 0)
        past = _Past(self.stage, self.holder, runs, *kept)
        return _running(past, limit, calendar, started_at)

    def extended(self, calendars: Calendars) -> "Deadline":
        """Return a running clock with its limit once more on top; the ladder begins again."""
        past = _Past(self.stage, self.holder, self.runs, 0, self.extensions + 1)
        calendar = calendars.get(self.calendar)
        return _running(past, parse_limit(self.limit), calendar, self.started_at)

    def to_json(self) -> dict[str, Any]:
        """Return the clock as texts, integers, booleans and nulls; `runs` only when there are."""
        body: dict[str, Any] = {
            "stage": self.stage,
            "limit": self.limit,
            "clock": self.clock.value,
            "calendar": self.calendar,
            "started_at": utc_text(self.started_at),
            "due_at": None if self.due_at is None else utc_text(self.due_at),
            "provisional": self.provisional,
            "used_us": self.used_us,
            "holder": self.holder,
            "stopped_at": None if self.stopped_at is None else utc_text(self.stopped_at),
            "rung": self.rung,
        }
        if self.runs:
            body["runs"] = [[utc_text(start), utc_text(end)] for start, end in self.runs]
        if self.extensions:
            body["extensions"] = self.extensions
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Deadline":
        """Return the clock that `to_json` wrote."""
        try:
            return cls(
                stage=body["stage"],
                limit=body["limit"],
                clock=ClockType(body["clock"]),
                calendar=body["calendar"],
                started_at=datetime.fromisoformat(body["started_at"]),
                due_at=_moment(body["due_at"]),
                provisional=body["provisional"],
                used_us=body["used_us"],
                holder=body["holder"],
                stopped_at=_moment(body["stopped_at"]),
                rung=body["rung"],
                runs=tuple(
                    (datetime.fromisoformat(start), datetime.fromisoformat(end))
                    for start, end in body.get("runs", ())
                ),
                extensions=body.get("extensions", 0),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise WorkflowError(
                f"The stored deadline {body!r} cannot be read: {error!r}."
            ) from error


def start_clock(
    stage: str, limit: Limit, now: datetime, calendar: WorkingCalendar, holder: str | None
) -> Deadline:
    """Return a fresh clock that runs from now."""
    return _running(_Past(stage, holder, (), 0), limit, calendar, now)


def start_until(
    stage: str, until: datetime, now: datetime, calendar: WorkingCalendar, holder: str | None
) -> Deadline:
    """Return a clock that runs from now until a moment that somebody chose."""
    return Deadline(
        stage=stage,
        limit=utc_text(until),
        clock=ClockType.UNTIL,
        calendar=calendar.key,
        started_at=now,
        due_at=until,
        provisional=False,
        used_us=0,
        holder=holder,
        stopped_at=None,
        rung=0,
    )


class _Past(NamedTuple):
    """What a clock that begins to run brings with it."""

    stage: str
    holder: str | None
    runs: Runs
    rung: int
    extensions: int = 0


def _running(past: _Past, limit: Limit, calendar: WorkingCalendar, start: datetime) -> Deadline:
    origin = past.runs[0][0] if past.runs else start
    used = sum((calendar.counted(a, b, limit.clock, origin) for a, b in past.runs), _NONE)
    if past.extensions:
        due = calendar.fraction_due(start, limit, Fraction(1 + past.extensions), used, origin)
    else:
        due = calendar.due(start, limit, used, origin)
    return Deadline(
        stage=past.stage,
        limit=limit.text,
        clock=limit.clock,
        calendar=calendar.key,
        started_at=start,
        due_at=due.due_at,
        provisional=due.provisional,
        used_us=used // _ONE_US,
        holder=past.holder,
        stopped_at=None,
        rung=past.rung,
        runs=past.runs,
        extensions=past.extensions,
    )


def running_due(deadlines: Iterable[Deadline]) -> datetime | None:
    """Return the due moment of the stage whose clock runs, if one does."""
    for deadline in deadlines:
        if deadline.due_at is not None and deadline.stopped_at is None:
            return deadline.due_at
    return None


def explain(deadline: Deadline, calendars: Calendars) -> tuple[Span, ...]:
    """Return every stretch of a clock's life until it is due or stands, counted or not."""
    calendar = calendars.get(deadline.calendar)
    told: list[Span] = []
    end = deadline.due_at or deadline.stopped_at or deadline.started_at
    for start, stop in (*deadline.runs, (deadline.started_at, end)):
        if told and told[-1].to < start:
            told.append(Span(from_=told[-1].to, to=start, counted=False, why=PAUSED))
        told.extend(calendar.spans(start, stop, deadline.clock, deadline.origin))
    return tuple(told)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
