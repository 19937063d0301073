"""C7: follows every clock of a case through its history and holds each fired rung against it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.faults.recorded import CaseRow, Event, Json, Recorded, TimerRow
from tests.faults.violation import Violation
from workflows.definition import Definition, Rung
from workflows.limits import URGENT, ClockType, parse_limit

REFUSED = "wangge.case.escalated.v1"
"""The event of a rung whose action the system could not do; its body then says `refused`."""


def check_ladders(recorded: Recorded, events: Mapping[str, Sequence[Event]]) -> Iterator[Violation]:
    """Fired once, in order, never early; one timer where a rung is left, none where none is."""
    timers: dict[str, list[TimerRow]] = {}
    for timer in recorded.timers:
        timers.setdefault(timer.case, []).append(timer)
    for case in recorded.cases:
        definition = recorded.definitions[case.definition]
        ladder = _Ladder(definition)
        for event in events.get(case.id, ()):
            wrong = ladder.wrong(event)
            if wrong is not None:
                yield Violation("C7", case.id, f"event {event.seq} ({event.type}): {wrong}")
        pending = timers.pop(case.id, [])
        wrong = ladder.row_wrong(case) or _timers_wrong(definition, case, pending)
        wrong = wrong or _missed(pending, recorded.ended_at)
        if wrong is not None:
            yield Violation("C7", case.id, wrong)
    for stray in timers:
        yield Violation("C7", stray, "has a timer and no case row")


class _Ladder:
    """The clocks of one case as its events set them."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._types = {
            rung.event_type for stage in definition.stages.values() for rung in stage.rungs
        } | {REFUSED}
        self._names = {one.event_type: one.name for one in definition.actions.values()}
        self._clocks: dict[str, dict[str, Any]] = {}

    def wrong(self, event: Event) -> str | None:
        """Judges it when a rung's is behind it; then takes over the clocks that it set."""
        came_due = event.body.get("came_due")
        wrong = None
        if came_due is not None:
            wrong = self._done_wrong(event, came_due)
        elif event.type in self._types:
            wrong = self._rung_wrong(event)
        if event.body.get("reopened"):
            self._clocks = {}
        for clock in event.body.get("deadlines", ()):
            self._clocks[clock["stage"]] = dict(clock)
        return wrong

    def _rung_wrong(self, event: Event) -> str | None:
        """A rung's own event, or that the system could not do what the rung asks for."""
        told = event.body
        if "refused" in told:
            return self._acting_wrong(event, told)
        rung, wrong = self._come_due(event, told, told["rung"])
        if rung is not None and wrong is None and rung.event_type != event.type:
            return f"rung {told['rung']} of {told['stage']} is {rung.event_type}"
        return wrong

    def _done_wrong(self, event: Event, came_due: Json) -> str | None:
        """What the system did because a rung came due: once, and it is what the rung asks for."""
        wrong = self._acting_wrong(event, came_due)
        if wrong is not None:
            return wrong
        clock = self._clocks[came_due["stage"]]
        rung = _ladder_of(self._definition, clock)[came_due["rung"]]
        asked, done = rung.action, self._names.get(event.type)
        if asked != done:
            return f"rung {came_due['rung']} of {came_due['stage']} asks for {asked}, not {done}"
        return None

    def _acting_wrong(self, event: Event, told: Json) -> str | None:
        """The action follows the rung's own event at once, where the rung has one."""
        clock = self._clocks.get(told["stage"])
        if clock is None:
            return f"rung {told['rung']} of stage {told['stage']}, which has no clock"
        rung = _ladder_of(self._definition, clock)[told["rung"]]
        if rung.event_type is None:
            return self._come_due(event, told, told["rung"])[1]
        key = (told["stage"], told["rung"])
        if clock.get("acted") == key or clock["rung"] != told["rung"] + 1:
            return f"what rung {told['rung']} of {told['stage']} asks for was done without it"
        clock["acted"] = key
        return _early(event, told, clock, rung)

    def _come_due(self, event: Event, told: Json, number: int) -> tuple[Rung | None, str | None]:
        stage = str(told.get("stage"))
        clock = self._clocks.get(stage)
        if clock is None:
            return None, f"rung {number} of stage {stage}, which has no clock"
        expected = clock["rung"]
        if number != expected:
            how = "again" if isinstance(number, int) and number < expected else "too soon"
            return None, f"rung {number} of {stage} fired {how}, {expected} is next"
        clock["rung"] = expected + 1
        if clock["stopped_at"] is not None:
            return None, f"rung {number} of {stage} fired while its clock stands"
        rung = _ladder_of(self._definition, clock)[number]
        return rung, _early(event, told, clock, rung)

    def row_wrong(self, case: CaseRow) -> str | None:
        """Whether the case row has the same clocks."""
        row = {clock["stage"]: (clock["rung"], clock["due_at"]) for clock in case.deadlines}
        told = {name: (clock["rung"], clock["due_at"]) for name, clock in self._clocks.items()}
        return None if row == told else f"the case row's clocks are {row}, the history's {told}"


def _ladder_of(definition: Definition, clock: Json) -> Sequence[Rung]:
    return definition.stages[clock["stage"]].ladder_of(URGENT in clock["limit"])


def _early(event: Event, told: Json, clock: Json, rung: Rung) -> str | None:
    due_at = datetime.fromisoformat(str(told["due_at"]))
    if event.at < due_at:
        return f"fired at {event.at}, before its due moment {due_at}"
    soonest = _soonest(clock, rung)
    if soonest is not None and due_at < soonest:
        return f"its due moment {due_at} lies before {soonest}"
    return None


def _soonest(clock: Json, rung: Rung) -> datetime | None:
    """The earliest that a rung may come due: no calendar counts faster than time runs."""
    if clock["clock"] == ClockType.UNTIL:
        return datetime.fromisoformat(clock["limit"])  # the moment that somebody chose
    limit = parse_limit(clock["limit"])
    if limit.clock is ClockType.WORKING_DAYS:
        return None  # a working day's end may come before eight counted hours
    whole = limit.micros * (1 + clock.get("extensions", 0))
    share = timedelta(microseconds=int(whole * rung.at) - clock["used_us"])
    return datetime.fromisoformat(clock["started_at"]) + share


def _timers_wrong(definition: Definition, case: CaseRow, timers: Sequence[TimerRow]) -> str | None:
    pending = sorted((timer.stage, timer.rung) for timer in timers)
    if definition.states[case.state].final and pending:
        return f"is {case.state} and has a timer pending for {pending}"
    needed = [
        (clock["stage"], clock["rung"])
        for clock in case.deadlines
        if clock["stopped_at"] is None and clock["rung"] < len(_ladder_of(definition, clock))
    ]
    if pending != sorted(needed):
        return f"its timers are for {pending}, its running clocks need {needed}"
    return None


def _missed(timers: Sequence[TimerRow], ended_at: datetime) -> str | None:
    """A timer that was due well before the end and is still there never fired."""
    for timer in timers:
        if timer.due_at < ended_at:
            return f"rung {timer.rung} of {timer.stage} was due at {timer.due_at} and did not fire"
    return None
