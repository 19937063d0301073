"""The escalation ladder: what happens when a case's timer comes due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workflows.calendar import Calendars
from workflows.case import CaseView, Decision, EventDraft
from workflows.clocks import next_timer
from workflows.deadlines import Deadline
from workflows.definition import Definition, Rung
from workflows.worktime import utc_text

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DueRung:
    number: int
    rung: Rung
    due_at: datetime


def fire(definition: Definition, view: CaseView, now: datetime, calendars: Calendars) -> Decision:
    """Fire every rung that is due, in order and each once, and say when the next one comes.

    Rungs missed in an outage all fire, each marked with how late it is; only the highest of a clock
    notifies. A timer that comes early, or whose clock stands, fires nothing. The state stays and
    the version is not raised.
    """
    events: list[EventDraft] = []
    deadlines: list[Deadline] = []
    for deadline in view.deadlines:
        due = _due_rungs(definition, deadline, now, calendars)
        for each in due:
            body = _body(view, deadline, each, now) | {"notify": each is due[-1]}
            events.append(EventDraft(type=each.rung.event_type, body=body))
        deadlines.append(deadline.at_rung(due[-1].number + 1) if due else deadline)
    after = tuple(deadlines)
    return Decision(
        state=view.state,
        raises_version=False,
        events=tuple(events),
        deadlines=after,
        timer=next_timer(definition, after, calendars),
        category=view.category,
        condition=view.condition,
        department=view.department,
        marks=view.marks,
    )


def _due_rungs(
    definition: Definition, deadline: Deadline, now: datetime, calendars: Calendars
) -> list[_DueRung]:
    due: list[_DueRung] = []
    stage = definition.stages.get(deadline.stage)
    if stage is None or not deadline.running:
        return due
    for number, rung in enumerate(stage.ladder[deadline.rung :], start=deadline.rung):
        due_at = deadline.rung_due(rung.at, calendars)
        if due_at > now:
            break
        due.append(_DueRung(number=number, rung=rung, due_at=due_at))
    return due


def _body(view: CaseView, deadline: Deadline, due: _DueRung, now: datetime) -> dict[str, Any]:
    return {
        "state": view.state,
        "stage": deadline.stage,
        "rung": due.number,
        "at": str(due.rung.at),
        "due_at": utc_text(due.due_at),
        "late_s": (now - due.due_at) // _SECOND,
        "tell": due.rung.tell.value,
        "department": deadline.holder or view.department,
    }
