"""How the clocks of a case start, stand and go on when it moves between stages."""

from dataclasses import dataclass
from datetime import datetime

from workflows.calendar import Calendars
from workflows.case import Timer
from workflows.conditions import Condition
from workflows.deadlines import Deadline, start_clock, start_until
from workflows.definition import Again, Definition, Stage
from workflows.errors import NotPossible
from workflows.limits import ClockType, Limit

Deadlines = tuple[Deadline, ...]
DISPATCH = "dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the clocks depend on once an action is done: state, condition, department, district.

    `again` is what the action's step says of the clock of the stage that it enters, if it does;
    `extends` says that the clock that runs is given its limit once more; `until` is the moment that
    the action chose.
    """

    state: str
    condition: Condition | None
    department: str | None
    district: str | None = None
    again: Again | None = None
    extends: bool = False
    until: datetime | None = None


def move_clocks(
    definition: Definition,
    deadlines: Deadlines,
    holding: Holding,
    now: datetime,
    calendars: Calendars,
) -> Deadlines:
    """Return the case's clocks after it came into `holding.state`, the latest of each stage.

    Leaving a stage stops its clock. Entering one starts a clock afresh, or lets it go on with the
    time left where the step or the stage says so: always (after a verification), or while the same
    department holds the case (after a return, and after a failed inspection). Staying in a stage
    leaves its clock, except that another condition's limit counts from the clock's original start.
    """
    stage = definition.stage_of.get(holding.state)
    after = []
    found = False
    for deadline in deadlines:
        if stage is None or deadline.stage != stage.name:
            after.append(deadline.stop(now) if deadline.running else deadline)
            continue
        found = True
        after.append(_in_stage(deadline, stage, holding, now, calendars))
    if stage is not None and not found:
        after.append(_afresh(stage, holding, now, calendars))
    return tuple(after)


def _in_stage(
    deadline: Deadline, stage: Stage, holding: Holding, now: datetime, calendars: Calendars
) -> Deadline:
    if deadline.running and holding.extends:
        return _climbed(deadline.extended(calendars), stage, deadline.rung, now, calendars)
    if deadline.running and not stage.by_condition:
        return deadline
    if deadline.running:
        limit = _limit(stage, holding)
        if deadline.holder != holding.department:  # handed on within the stage
            deadline = deadline.held_by(holding.department)
        same = deadline.limit == limit.text and deadline.clock is limit.clock
        return deadline if same else deadline.under(limit, calendars)
    if not _goes_on(deadline, stage, holding):
        return _afresh(stage, holding, now, calendars)
    if deadline.clock is ClockType.UNTIL:
        return deadline.go_on_until()
    return deadline.go_on(_limit(stage, holding), now, calendars)


def _climbed(
    extended: Deadline, stage: Stage, fired: int, now: datetime, calendars: Calendars
) -> Deadline:
    """An extended clock past those rungs that have fired and are due by the longer limit, too."""
    rung = 0
    for one in stage.ladder_of(extended.urgent)[:fired]:
        if extended.rung_due(one.at, calendars) > now:
            break
        rung += 1
    return extended.at_rung(rung) if rung else extended


def _goes_on(deadline: Deadline, stage: Stage, holding: Holding) -> bool:
    again = holding.again or stage.again
    if again is Again.SAME_HOLDER_CONTINUES:
        return deadline.holder == holding.department
    return again is Again.CONTINUES


def _afresh(stage: Stage, holding: Holding, now: datetime, calendars: Calendars) -> Deadline:
    if holding.until is not None and stage.chosen:
        return start_until(stage.name, holding.until, now, calendars.current, holding.department)
    holder = holding.department if stage.by_condition else None
    calendar = calendars.of(holding.department if stage.held else holding.district)
    return start_clock(stage.name, _limit(stage, holding), now, calendar, holder)


def _limit(stage: Stage, holding: Holding) -> Limit:
    """The limit of a stage: the definition's, or the condition's; a condition may have one of its
    own for dispatching."""
    condition = holding.condition
    if stage.name == DISPATCH and condition is not None and condition.dispatch_limit is not None:
        return condition.dispatch_limit
    if stage.limit is not None:
        return stage.limit
    if holding.condition is None:
        raise NotPossible(
            f"The stage {stage.name} takes its limit from the filing condition and the case has "
            "none; file it or reclassify it with one."
        )
    return holding.condition.limit


def next_timer(definition: Definition, deadlines: Deadlines, calendars: Calendars) -> Timer | None:
    """Return when the next rung of a running clock comes due; None when no rung is left."""
    timers = []
    for deadline in deadlines:
        stage = definition.stages.get(deadline.stage)
        if stage is None or not deadline.running:
            continue
        ladder = stage.ladder_of(deadline.urgent)
        if deadline.rung < len(ladder):
            due_at = deadline.rung_due(ladder[deadline.rung].at, calendars)
            timers.append(Timer(stage=stage.name, rung=deadline.rung, due_at=due_at))
    return min(timers, key=lambda timer: timer.due_at) if timers else None
