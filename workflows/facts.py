"""Base counts of a case, written into its events when they happen.

Rates are computed from them later and elsewhere; here nothing is divided. The counts are those of
GB/T 30428.4 and of the platforms in use: 按时 (in time, by stage), 准确派遣 and 错误派遣
(dispatched exactly, or sent to another department later; settled at the end), 返工 (reworked),
挂账 and 缓办 (suspended and deferred time, which leaves the denominators), 延期 (extended).
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from workflows.calendar import Calendars
from workflows.case import CaseView
from workflows.clocks import Deadlines
from workflows.deadlines import Deadline
from workflows.definition import Definition, Marks
from workflows.limits import ClockType

_SECOND = timedelta(seconds=1)
RESENT, REWORKS = "resent", "reworks"


class Standing(NamedTuple):
    """A case after an action: the state that it left, and what it is now."""

    left_state: str
    department: str | None
    deadlines: Deadlines
    marks: Marks
    resent: bool


def facts_told(
    definition: Definition, view: CaseView, after: Standing, now: datetime, calendars: Calendars
) -> dict[str, Any]:
    """Return what an action's event tells under `facts`; nothing where nothing is counted.

    `view` is the case before, but for its state, which has moved.
    """
    facts: dict[str, Any] = {}
    if left := _stages_left(definition, view, after.deadlines, now):
        facts["left"] = left
    if after.department is not None and after.department != view.department:
        facts["resent"] = after.resent
    if definition.states[view.state].final and not definition.states[after.left_state].final:
        facts["settled"] = _settled(definition, after, now, calendars)
    return {"facts": facts} if facts else {}


def resent(view: CaseView, department: str | None) -> bool:
    """Whether the case goes to a department when another one held it before."""
    if department is None or department == view.department:
        return False
    holders = {clock.holder for clock in view.deadlines if clock.holder is not None}
    return bool(holders - {department})


def passed_on(
    definition: Definition, view: CaseView, now: datetime, calendars: Calendars
) -> dict[str, Any] | None:
    """Return how the row ended from which the case passes on to the next: under whom, in time."""
    for clock in view.deadlines:
        stage = definition.stages.get(clock.stage)
        if stage is not None and stage.by_condition and view.condition is not None:
            return {
                "condition": view.condition.code,
                "holder": clock.holder,
                "in_time": not clock.overdue(now, calendars),
            }
    return None


def _stages_left(
    definition: Definition, view: CaseView, after: Deadlines, now: datetime
) -> list[dict[str, Any]]:
    """The stages whose clock an action stopped, each with whether that was in time; where the
    filing condition gave the limit, with its row.
    """
    running = {clock.stage for clock in after if clock.running}
    left = []
    for clock in view.deadlines:
        if not clock.running or clock.stage in running:
            continue
        told = {"stage": clock.stage, "holder": clock.holder, **_lateness(clock.due_at, now)}
        stage = definition.stages.get(clock.stage)
        if stage is not None and stage.by_condition and view.condition is not None:
            told["condition"] = view.condition.code
        left.append(told)
    return left


def _lateness(due_at: datetime | None, now: datetime) -> dict[str, Any]:
    late = due_at is not None and due_at <= now
    late_s = (now - due_at) // _SECOND if late and due_at is not None else 0
    return {"in_time": not late, "late_s": late_s}


def _settled(
    definition: Definition, after: Standing, now: datetime, calendars: Calendars
) -> dict[str, Any]:
    """What is settled when a case is over. `dispatched_exactly` is null where nobody held it;
    `overdue` are the stages whose latest clock ran out, those that wait for a chosen day aside.
    """
    clocks = [clock for clock in after.deadlines if clock.clock is not ClockType.UNTIL]
    waits = [clock for clock in after.deadlines if clock.clock is ClockType.UNTIL]
    held = any(clock.holder is not None for clock in clocks)
    return {
        "dispatched_exactly": RESENT not in after.marks if held else None,
        "reworked": int(after.marks.get(REWORKS, 0)),
        "extensions": sum(clock.extensions for clock in clocks),
        "waited_s": sum((_waited(clock) for clock in waits), timedelta()) // _SECOND,
        "overdue": [
            clock.stage
            for clock in clocks
            if clock.stage in definition.stages and clock.overdue(now, calendars)
        ],
    }


def _waited(clock: Deadline) -> timedelta:
    return timedelta() if clock.stopped_at is None else clock.stopped_at - clock.started_at
