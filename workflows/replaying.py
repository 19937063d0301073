"""Whether a case's history is one that a definition could have written, and what it leaves.

Open cases keep the version that they were opened under. They may go over to another one when
everything that happened to them could have happened under that one, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.calendar import Calendars
from workflows.case import SYSTEM, CaseView, Decision, EventDraft
from workflows.clocks import Deadlines, Holding, move_clocks, next_timer
from workflows.deadlines import Deadline
from workflows.decide import OPENED
from workflows.definition import Action, Definition, Marking, Marks, Stage, Step
from workflows.errors import NotPossible, WorkflowError
from workflows.marks import OF_OPENING, Marker, marked, told

MIGRATED = "wangge.case.migrated.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of a case as its history keeps it."""

    seq: int
    type: str
    actor: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a history leaves under a definition."""

    state: str
    marks: Marks


class DoesNotReplay(WorkflowError):
    """A history that a definition could not have written; `seq` is the first event that does not
    fit (0: the case has none).
    """

    def __init__(self, seq: int, type_: str, why: str) -> None:
        super().__init__(f"Event {seq} ({type_}) does not fit: {why}.")
        self.seq = seq
        self.type = type_
        self.why = why


def replay(definition: Definition, history: Iterable[Happened]) -> Replayed:
    """Play a case's whole history under the definition; raise `DoesNotReplay` at the first misfit.

    Every state must be there and every step lead where the history says; marks are counted anew.
    Guards are not asked: what they would refuse today has happened.
    """
    stand = _Stand(definition)
    for event in history:
        stand.follow(event)
    if stand.state is None:
        raise DoesNotReplay(0, OPENED, "the history is empty")
    return Replayed(state=stand.state, marks=stand.marks)


@dataclass(slots=True)
class _Stand:
    """A case while its history is played."""

    definition: Definition
    state: str | None = None
    marks: Marks = field(default_factory=dict)
    department: str | None = None
    held: frozenset[str] = frozenset()

    def follow(self, event: Happened) -> None:
        self._play(event)
        self._note_holder(event.body)

    def _play(self, event: Happened) -> None:
        body = event.body
        if (self.state is None and "from" in body) or (self.state and event.type == OPENED):
            raise _misfit(event, "a history begins with the case's opening, and opens it once")
        if self.state is None:  # opened by a report, or split off another case
            self._open(event)
        elif event.type != MIGRATED and "from" in body:
            self._act(event)
        elif body["state"] != self.state:
            raise _misfit(event, f"it finds the case {body['state']}, which is {self.state}")

    def _note_holder(self, body: Mapping[str, Any]) -> None:
        if "department" in body and "rung" not in body:  # a rung names whom it tells
            self.department = body["department"]
        before = frozenset() if body.get("reopened") else self.held
        self.held = before | {self.department} if self.department is not None else before

    def _resent(self, body: Mapping[str, Any]) -> bool:
        """Whether the event sends the case to a department when another one held it before."""
        told = body.get("facts", {}).get("resent")
        if told is not None:
            return bool(told)
        to = body.get("department")
        return to is not None and to != self.department and bool(self.held - {to})

    def _open(self, event: Happened) -> None:
        self.state = self.definition.initial
        set_then = event.body.get("marks", {})
        self.marks = {name: set_then[name] for name in sorted(OF_OPENING & set_then.keys())}
        for step in event.body.get("steps", ()):
            action = self.definition.actions.get(step["action"])
            if action is None:
                raise _misfit(event, f"{self.definition.key} has no action {step['action']}")
            self._step(event, [action], self.state, step["state"], SYSTEM)
        if self.state != event.body["state"]:
            told = event.body["state"]
            raise _misfit(event, f"it opens the case as {told}; it would be {self.state}")

    def _act(self, event: Happened) -> None:
        before, after = event.body["from"], event.body["state"]
        if before != self.state:
            raise _misfit(event, f"it finds the case {before}, which is {self.state}")
        actions = [
            action
            for action in self.definition.actions.values()
            if event.type == action.event_type or event.type in action.formerly
        ]
        if not actions:
            raise _misfit(event, f"no action of {self.definition.key} writes it")
        self._step(event, actions, before, after, event.actor)

    def _step(
        self, event: Happened, actions: list[Action], before: str, after: str, actor: str
    ) -> None:
        """The step of the first of these actions that leads there, with its marks."""
        for action in actions:
            step = action.steps.get(before)
            if step is not None and _target(step, before, self.marks) == after:
                by = Marker(
                    actor=actor,
                    state=before,
                    given=_named(action, event, self.marks, Marking.GIVEN),
                    resent=self._resent(event.body),
                    follows=_follows(action, event, self.marks),
                    appointed=_named(action, event, self.marks, Marking.APPOINTED),
                )
                self.state, self.marks = after, marked(self.marks, action, by)
                return
        names = " or ".join(action.name for action in actions)
        raise _misfit(event, f"{names} leads from {before} to {after} nowhere in this version")


def _target(step: Step, before: str, marks: Marks) -> str:
    """Where a step leads: on, back to what a mark kept, or nowhere."""
    return str(marks.get(step.back, "")) if step.back is not None else step.to or before


def _named(action: Action, event: Happened, marks: Marks, how: Marking) -> str | None:
    """The account that the action's field named, or the system chose: what its mark came to be."""
    told = {**marks, **event.body.get("marks", {})}
    names = [name for name, marking in action.marks.items() if marking is how]
    found = [value for name in names if isinstance(value := told.get(name), str)]
    return found[0] if found else None


def _follows(action: Action, event: Happened, marks: Marks) -> bool:
    """Whether a row followed the case's condition then: whether the action's mark came to be set.

    What earlier versions wrote does not tell it; the next feedback will.
    """
    told = {**marks, **event.body.get("marks", {})}
    return any(
        told.get(name) for name, marking in action.marks.items() if marking is Marking.FOLLOWS
    )


def _misfit(event: Happened, why: str) -> DoesNotReplay:
    return DoesNotReplay(event.seq, event.type, why)


def migrate(
    old: Definition,
    new: Definition,
    view: CaseView,
    history: Iterable[Happened],
    now: datetime,
    calendars: Calendars,
) -> Decision:
    """Decide how an open case goes over to another definition; `DoesNotReplay` where it cannot.

    State, holder and category stay, marks are counted anew. A clock that runs goes on where its
    stage is there under the same name, on the rung of the new ladder that comes next; else the
    clock of the state's new stage begins now.
    """
    events = list(history)
    replayed = replay(new, events)
    if replayed.state != view.state:
        raise _misfit(events[-1], f"it leaves the case {replayed.state}, which is {view.state}")
    _check_chosen(new, view, events[-1])
    clocks = tuple(_on_ladder(clock, old, new) for clock in view.deadlines)
    holding = Holding(state=view.state, condition=view.condition, department=view.department)
    try:
        deadlines = move_clocks(new, clocks, holding, now, calendars)
    except NotPossible as error:
        raise _misfit(events[-1], f"the clock of {view.state} cannot run: {error}") from error
    return Decision(
        state=view.state,
        raises_version=True,
        events=(EventDraft(type=MIGRATED, body=_body(old, new, view, replayed, deadlines)),),
        deadlines=deadlines,
        timer=next_timer(new, deadlines, calendars),
        category=view.category,
        condition=view.condition,
        department=view.department,
        assistants=view.assistants,
        marks=replayed.marks,
    )


def _check_chosen(new: Definition, view: CaseView, last: Happened) -> None:
    """A clock that ends when somebody chose cannot begin where nobody has chosen."""
    stage = new.stage_of.get(view.state)
    running = [clock.stage for clock in view.deadlines if clock.running]
    if stage is not None and stage.chosen and stage.name not in running:
        raise _misfit(last, f"the stage {stage.name} ends at a moment that nobody has chosen")


def _body(
    old: Definition, new: Definition, view: CaseView, replayed: Replayed, deadlines: Deadlines
) -> dict[str, Any]:
    changed = [clock.to_json() for clock in deadlines if clock not in view.deadlines]
    body = {"from": old.key, "to": new.key, "state": view.state, "deadlines": changed}
    return body | told(view.marks, replayed.marks)


def _on_ladder(clock: Deadline, old: Definition, new: Definition) -> Deadline:
    """The clock with the rung of the new ladder that comes after what has come due already."""
    before, after = old.stages.get(clock.stage), new.stages.get(clock.stage)
    if before is None or after is None or not clock.rung:
        return clock
    rung = _next_rung(before, after, clock)
    return clock if rung == clock.rung else clock.at_rung(rung)


def _next_rung(before: Stage, after: Stage, clock: Deadline) -> int:
    ladder = before.ladder_of(clock.urgent)
    fired = ladder[min(clock.rung, len(ladder)) - 1].at
    return sum(one.at <= fired for one in after.ladder_of(clock.urgent))
