"""Deadlines that follow a newer calendar: only by command, one event a case (design decision 12).

A clock keeps the calendar version that it was set by. Here the clocks that run are reckoned anew
from their start by the newest version of their calendar, through the ledger, so that row, history,
timer and outbox change together. Clocks that stand or have ended stay what they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from dispatch.cases.case import SELECT, Case, database_now, lock_cases, read_case
from dispatch.cases.event_bodies import RECOMPUTED
from dispatch.cases.ledger import Ledger
from dispatch.changing.batching import Progress, chunks, in_batches
from dispatch.errors import DispatchError
from dispatch.storage.database import transaction
from workflows.calendar import Calendars, WorkingCalendar
from workflows.clocks import next_timer
from workflows.deadlines import Deadline
from workflows.definition import Definition
from workflows.errors import CalendarError

ACTOR = "system:calendar"
SHOWN = 20

BEHIND = text("""
    select id from "case" as c
    where closed_at is null and exists (
        select from jsonb_array_elements(c.deadlines) as clock
        where clock ->> 'stopped_at' is null and not clock ->> 'calendar' = any(:newest)
    )
    order by id
""")
READ = text(SELECT + " where c.id = any(:ids) order by c.id")
VERSIONS = text("select name, max(version) as version from calendar group by name order by name")
YOUNGEST = text("select clock_timestamp() - max(loaded_at) from calendar")


class CalendarChanged(DispatchError):
    """A newer calendar was loaded meanwhile; what was computed stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRules:
    """Newest versions by calendar name, and what a case's next timer is found by."""

    newest: Mapping[str, WorkingCalendar]
    calendars: Calendars
    definitions: Mapping[str, Definition]

    @property
    def keys(self) -> list[str]:
        """`name@version` of every newest version."""
        return sorted(calendar.key for calendar in self.newest.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """One clock of a case before and after."""

    number: str
    old: Deadline
    new: Deadline

    @property
    def moved(self) -> bool:
        """Whether the due moment is another."""
        return self.old.due_at != self.new.due_at


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was done, or would be: the first clocks that moved, and the cases left as they are."""

    cases: int = 0
    moved: int = 0
    first: list[Recomputed] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    def add(self, clocks: Sequence[Recomputed]) -> None:
        """Counts one case."""
        moved = [clock for clock in clocks if clock.moved]
        self.join(Tally(cases=1, moved=len(moved), first=moved))

    def join(self, other: "Tally") -> None:
        """Counts what another one counted."""
        self.cases += other.cases
        self.moved += other.moved
        self.first += other.first[: max(0, SHOWN - len(self.first))]
        self.left += other.left


def load_clock_rules(
    connection: Connection, calendars: Calendars, definitions: Mapping[str, Definition]
) -> ClockRules:
    """The calendars as the database has them now."""
    keys = _newest_keys(connection)
    newest = {name: calendars.get(key) for name, key in keys.items()}
    return ClockRules(newest=newest, calendars=calendars, definitions=definitions)


def young_for(connection: Connection, needed: timedelta) -> timedelta:
    """How long to wait until the youngest calendar is so old that every process has read it."""
    age: timedelta | None = connection.execute(YOUNGEST).scalar_one()
    return timedelta() if age is None else max(timedelta(), needed - age)


def cases_behind(connection: Connection, rules: ClockRules) -> list[UUID]:
    """Open cases with a clock that runs by an older version than the newest, by id."""
    return list(connection.execute(BEHIND, {"newest": rules.keys}).scalars())


def by_newest(
    deadlines: Sequence[Deadline], newest: Mapping[str, WorkingCalendar]
) -> tuple[Deadline, ...]:
    """The clocks of a case, those that run reckoned by the newest version of their calendar."""
    return tuple(_by_newest(clock, newest) for clock in deadlines)


def _by_newest(clock: Deadline, newest: Mapping[str, WorkingCalendar]) -> Deadline:
    calendar = newest.get(clock.calendar.rpartition("@")[0])
    if not clock.running or calendar is None or calendar.key == clock.calendar:
        return clock
    return clock.by_calendar(calendar)


def preview(connection: Connection, rules: ClockRules, ids: Sequence[UUID]) -> Tally:
    """What `recompute` would do; locks and changes nothing."""
    tally = Tally()
    for chunk in chunks(ids):
        for row in connection.execute(READ, {"ids": list(chunk)}):
            _consider(rules, read_case(row), tally)
    return tally


def recompute(
    database: Engine, rules: ClockRules, ids: Sequence[UUID], progress: Progress
) -> Tally:
    """Computes the cases' clocks anew, in transactions of `batching.BATCH`.

    Safe to run again and beside engines, clocks and desks: each case is locked and looked at anew.
    Raises CalendarChanged when a newer calendar was loaded meanwhile.
    """
    tally = Tally()
    work = partial(_recompute_batch, database, rules)
    # A batch that is done again is counted once.
    for batch in in_batches(ids, "computing deadlines", progress, work):
        tally.join(batch)
    return tally


def _recompute_batch(database: Engine, rules: ClockRules, ids: Sequence[UUID]) -> Tally:
    tally = Tally()
    with transaction(database) as connection:
        if sorted(_newest_keys(connection).values()) != rules.keys:
            raise CalendarChanged("a newer calendar was loaded meanwhile; run the command again")
        cases = [case for case in lock_cases(connection, ids).values() if case.closed_at is None]
        now = database_now(connection)
        ledger = Ledger()
        for case in cases:
            deadlines = _consider(rules, case, tally)
            if deadlines is not None:
                follow(rules, ledger, case, deadlines, now)
        ledger.write(connection)
    return tally


def _consider(rules: ClockRules, case: Case, tally: Tally) -> tuple[Deadline, ...] | None:
    """The case's clocks by the newest calendars, counted; None where nothing is to be done."""
    try:
        deadlines = by_newest(case.deadlines, rules.newest)
    except CalendarError as error:
        tally.left.append((case.number, str(error)))
        return None
    changed = _changed(case, deadlines)
    if not changed:
        return None
    tally.add(changed)
    return deadlines


def _changed(case: Case, deadlines: Sequence[Deadline]) -> list[Recomputed]:
    pairs = zip(case.deadlines, deadlines, strict=True)
    return [Recomputed(number=case.number, old=a, new=b) for a, b in pairs if a != b]


def follow(
    rules: ClockRules, ledger: Ledger, case: Case, deadlines: tuple[Deadline, ...], now: datetime
) -> None:
    """Writes one case's event: the clocks that changed, as they were and as they are."""
    changed = _changed(case, deadlines)
    timer = next_timer(rules.definitions[case.definition], deadlines, rules.calendars)
    ledger.recomputed(case, deadlines, timer)
    body = {
        "rule": "newest-calendar",
        "deadlines": [clock.new.to_json() for clock in changed],
        "was_deadlines": [clock.old.to_json() for clock in changed],
    }
    ledger.append(case, type_=RECOMPUTED, at=now, actor=ACTOR, body=body)


def _newest_keys(connection: Connection) -> dict[str, str]:
    return {row.name: f"{row.name}@{row.version}" for row in connection.execute(VERSIONS)}
