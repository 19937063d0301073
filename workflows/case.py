"""What a decision takes and gives: the case as it stands, a command, and what follows from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.conditions import Condition
from workflows.deadlines import Deadline
from workflows.definition import Marks, Office
from workflows.labels import Label

SYSTEM = "system"


def nobody(_office: Office) -> str | None:
    """What a view says of an office where no department is known."""
    return None


@dataclass(slots=True, kw_only=True)
class CaseView:
    """A case as its locked row says, for one decision; `state` moves, and it is thrown away.

    `handled_by` are all departments that ever held the case, `reporters` the ids of all who
    reported it, `deadlines` the latest of each stage, `marks` what actions counted or set.
    `assistants` are the departments that assist, each with whether it has done its part.
    `successor` is the row that follows the condition, with the limit of the place. `office`
    says which department is such an office for the case, and `district` is the one whose centre
    answers where no department does.
    """

    state: str
    category: str
    condition: Condition | None = None
    successor: Condition | None = None
    department: str | None = None
    handled_by: frozenset[str] = frozenset()
    reporters: frozenset[str] = frozenset()
    deadlines: tuple[Deadline, ...] = ()
    marks: Marks = field(default_factory=dict)
    assistants: Mapping[str, bool] = field(default_factory=dict)
    office: Callable[[Office], str | None] = nobody
    district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: the subject's id, role, and department where it belongs to one."""

    id: str
    role: str
    department: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An action that an actor asks for. Fields hold resolved values: a `Condition` under
    `condition`, codes under `department` and `category`, photo ids under `photos`. `appointed` is
    whom the running system chose, for an action that appoints somebody; None where it found nobody.
    """

    action: str
    actor: Actor
    reason: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    appointed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """The condition and the department with which a case is filed and dispatched at its opening."""

    condition: Condition
    department: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An event to append: its type and a body of texts, booleans, nulls, integers, lists and
    mappings (never a fraction, never a reason's text).
    """

    type: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """The one timer that a case has: when the next rung of its running clock comes due."""

    stage: str
    rung: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows: the case's new values, the events to append, and the timer it now has.

    `deadlines`, `marks` and `assistants` are complete. `timer` None means that the case has none
    any more.
    """

    state: str
    raises_version: bool
    events: tuple[EventDraft, ...]
    deadlines: tuple[Deadline, ...]
    timer: Timer | None
    category: str
    condition: Condition | None
    department: str | None
    assistants: Mapping[str, bool]
    marks: Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldForm:
    """A field of an action as a client draws it; `choices` None where any value may be given.

    `choice_labels` are the words of the choices, where the definition gives them. `office` is the
    sort of department that is asked for.
    """

    name: str
    type: str
    required: bool
    label: Label
    choices: tuple[str, ...] | None = None
    choice_labels: Mapping[str, Label] | None = None
    office: Office | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionForm:
    """An action that the actor may take now."""

    name: str
    label: Label
    fields: tuple[FieldForm, ...]
