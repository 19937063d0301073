"""C7: follows every clock of a case through its history and holds each fired rung against it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.faults.recorded import CaseRow, Event, Json, Recorded, TimerRow
from tests.faults.violation import Violation
from workflows.definition import Definition, Rung
from workflows.limits import URGENT, ClockType, parse_limit


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
        }
        self._clocks: dict[str, dict[str, Any]] = {}

    def wrong(self, event: Event) -> str | None:
        """Takes over the clocks that the event set; judges it when it is a rung's."""
        if event.body.get("reopened"):
            self._clocks = {}
        for clock in event.body.get("deadlines", ()):
            self._clocks[clock["stage"]] = dict(clock)
        return self._rung_wrong(event) if event.type in self._types else None

    def _rung_wrong(self, event: Event) -> str | None:
        stage, number = event.body.get("stage"), event.body.get("rung")
        clock = self._clocks.get(str(stage))
        if clock is None:
            return f"rung {number} of stage {stage}, which has no clock"
        expected = clock["rung"]
        if number != expected:
            how = "again" if isinstance(number, int) and number < expected else "too soon"
            return f"rung {number} of {stage} fired {how}, {expected} is next"
        clock["rung"] = expected + 1
        if clock["stopped_at"] is not None:
            return f"rung {number} of {stage} fired while its clock stands"
        rung = _ladder_of(self._definition, clock)[number]
        if rung.event_type != event.type:
            return f"rung {number} of {stage} is {rung.event_type}"
        return _early(event, clock, rung)

    def row_wrong(self, case: CaseRow) -> str | None:
        """Whether the case row has the same clocks."""
        row = {clock["stage"]: (clock["rung"], clock["due_at"]) for clock in case.deadlines}
        told = {name: (clock["rung"], clock["due_at"]) for name, clock in self._clocks.items()}
        return None if row == told else f"the case row's clocks are {row}, the history's {told}"


def _ladder_of(definition: Definition, clock: Json) -> Sequence[Rung]:
    return definition.stages[clock["stage"]].ladder_of(URGENT in clock["limit"])


def _early(event: Event, clock: Json, rung: Rung) -> str | None:
    due_at = datetime.fromisoformat(str(event.body["due_at"]))
    if event.at < due_at:
        return f"fired at {event.at}, before its due moment {due_at}"
    limit = parse_limit(clock["limit"])
    if limit.clock is ClockType.WORKING_DAYS:
        return None  # a working day's end may come before eight counted hours
    # No calendar counts faster than time runs.
    share = timedelta(microseconds=int(limit.micros * rung.at) - clock["used_us"])
    soonest = datetime.fromisoformat(clock["started_at"]) + share
    return f"its due moment {due_at} lies before {soonest}" if due_at < soonest else None


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
