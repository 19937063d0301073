"""The escalation ladder: what happens when a case's timer comes due."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from workflows.calendar import Calendars
from workflows.case import SYSTEM, CaseView, Command, Decision, EventDraft
from workflows.clocks import next_timer
from workflows.deadlines import Deadline
from workflows.decide import ENGINE, decide
from workflows.definition import Definition, Rung, RungEvent
from workflows.errors import ActionRefused
from workflows.worktime import utc_text

RUNG_REFUSED = f"wangge.case.{RungEvent.ESCALATED}.v1"
"""The event of a rung whose action the system could not do."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DueRung:
    number: int
    rung: Rung
    due_at: datetime


def fire(
    definition: Definition, view: CaseView, now: datetime, calendars: Calendars
) -> tuple[Decision, ...]:
    """Fire every rung that is due, in order and each once, and say when the next one comes.

    Rungs missed in an outage all fire, each marked with how late it is; only the highest of a clock
    notifies. A timer that comes early, or whose clock stands, fires nothing. By the first decision
    the state stays and the version is not raised. A second one follows where the last rung that
    came due has an action: the system does it.
    """
    events: list[EventDraft] = []
    deadlines: list[Deadline] = []
    acting: tuple[Deadline, _DueRung] | None = None
    for deadline in view.deadlines:
        due = _due_rungs(definition, deadline, now, calendars)
        for each in due:
            if each.rung.event_type is not None:
                body = _body(view, deadline, each, now) | {"notify": each is due[-1]}
                events.append(EventDraft(type=each.rung.event_type, body=body))
        if due and due[-1].rung.action is not None:
            acting = deadline, due[-1]
        deadlines.append(deadline.at_rung(due[-1].number + 1) if due else deadline)
    after = tuple(deadlines)
    done: Decision | None = None
    if acting is not None:
        try:
            done = _act(definition, replace(view, deadlines=after), *acting, now, calendars)
        except ActionRefused as error:
            events.append(_refused(view, *acting, now, error))
    fired = Decision(
        state=view.state,
        raises_version=False,
        events=tuple(events),
        deadlines=after,
        timer=next_timer(definition, after, calendars),
        category=view.category,
        condition=view.condition,
        department=view.department,
        assistants=view.assistants,
        marks=view.marks,
    )
    return (fired,) if done is None else (fired, done)


def _act(
    definition: Definition,
    view: CaseView,
    deadline: Deadline,
    due: _DueRung,
    now: datetime,
    calendars: Calendars,
) -> Decision:
    """What the system does because a rung came due; its event says so.

    It tells whom the rung tells, where no event of the rung itself does.
    """
    command = Command(action=str(due.rung.action), actor=ENGINE)
    decision = decide(definition, view, command, now, calendars)
    body = decision.events[0].body
    body.update(role=SYSTEM, came_due=_came_due(deadline, due, now))
    if due.rung.event is None:
        body["tell"] = due.rung.tell.value
    return decision


def _refused(
    view: CaseView, deadline: Deadline, due: _DueRung, now: datetime, error: ActionRefused
) -> EventDraft:
    """No clock may stop because one case cannot be moved: whoever the rung tells must look."""
    body = _body(view, deadline, due, now) | {"notify": True, "refused": str(error)}
    return EventDraft(type=RUNG_REFUSED, body=body)


def _came_due(deadline: Deadline, due: _DueRung, now: datetime) -> dict[str, Any]:
    return {
        "stage": deadline.stage,
        "rung": due.number,
        "at": str(due.rung.at),
        "due_at": utc_text(due.due_at),
        "late_s": (now - due.due_at) // _SECOND,
    }


def _due_rungs(
    definition: Definition, deadline: Deadline, now: datetime, calendars: Calendars
) -> list[_DueRung]:
    due: list[_DueRung] = []
    stage = definition.stages.get(deadline.stage)
    if stage is None or not deadline.running:
        return due
    ladder = stage.ladder_of(deadline.urgent)
    for number, rung in enumerate(ladder[deadline.rung :], start=deadline.rung):
        due_at = deadline.rung_due(rung.at, calendars)
        if due_at > now:
            break
        due.append(_DueRung(number=number, rung=rung, due_at=due_at))
    return due


def _body(view: CaseView, deadline: Deadline, due: _DueRung, now: datetime) -> dict[str, Any]:
    return {
        **_came_due(deadline, due, now),
        "state": view.state,
        "tell": due.rung.tell.value,
        "department": deadline.holder or view.department,
    }
