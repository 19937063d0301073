"""A workflow definition: what may happen to a case, as checked data.

A definition never changes once loaded; a case keeps the version that it was opened under.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from workflows.categories import Line
from workflows.labels import Label
from workflows.limits import Limit
from workflows.machine import CaseMachine

Marks = Mapping[str, int | str]


class FieldType(StrEnum):
    """What a field of an action holds."""

    TEXT = "text"
    PHOTOS = "photos"
    CONDITION = "condition"
    DEPARTMENT = "department"
    CATEGORY = "category"
    LOCATION = "location"
    CONFIRMATION = "confirmation"
    CHOICE = "choice"
    MOMENT = "moment"
    ACCOUNT = "account"
    DEPARTMENTS = "departments"
    CASE = "case"
    DISTRICT = "district"


class Need(StrEnum):
    """When a field must be given."""

    ALWAYS = "always"
    NEVER = "never"
    UNLESS_CONDITION = "unless_condition"
    ONCE_FILED = "once_filed"


class Again(StrEnum):
    """What a stage's clock does when the case enters the stage once more."""

    FRESH = "fresh"
    SAME_HOLDER_CONTINUES = "same_holder_continues"
    CONTINUES = "continues"


class Marking(StrEnum):
    """What an action does to a mark of the case."""

    SET = "set"
    CLEAR = "clear"
    COUNT = "count"
    ACTOR = "actor"
    """The account of who does the action; clear where the system does it."""
    GIVEN = "given"
    """The account that the action's field names; clear where it names none."""
    APPOINTED = "appointed"
    """The account that the running system chose, of those who have the role that the action
    appoints; clear where it found nobody."""
    RESENT = "resent"
    """Set once the case goes to another department than held it before."""
    STATE = "state"
    """The state that the action leaves."""
    FOLLOWS = "follows"
    """Set where another row follows the case's filing condition, else clear."""


class Tell(StrEnum):
    """Whom a rung of the ladder or an action tells."""

    HOLDER = "holder"
    DEPARTMENT = "department"
    DISTRICT_CENTRE = "district_centre"
    CITY_CENTRE = "city_centre"
    BOTH_CENTRES = "both_centres"
    """The district's and the city's."""


class Effect(StrEnum):
    """What an action does beyond the case itself; the running system does it."""

    MERGE = "merge"
    UNMERGE = "unmerge"
    SPLIT = "split"
    TRANSFER = "transfer"
    COMPARE = "compare"
    APPOINT = "appoint"


class Office(StrEnum):
    """What sort of department a step hands a case to, in the case's community, district or city."""

    STATION = "station"
    DISTRICT_DEPARTMENT = "district_department"
    DISTRICT_CENTRE = "district_centre"
    CITY_DEPARTMENT = "city_department"
    CITY_CENTRE = "city_centre"


class RungEvent(StrEnum):
    """What a rung writes into the history."""

    REMINDED = "reminded"
    OVERDUE = "overdue"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that acts; with `own_department` only on cases of the actor's department.

    Who has the role `plays` may act in this one: mostly it is the same. With `assists` only on
    cases in which the actor's department assists.
    """

    name: str
    label: Label
    own_department: bool
    plays: str
    assists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of a case. Only an action that reopens the case leaves a final one."""

    name: str
    label: Label
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A rung of the ladder: due when the part `at` of the limit has been counted.

    It writes its `event`, and the system does its `action`; one of the two may be None.
    """

    at: Fraction
    event: RungEvent | None
    action: str | None
    tell: Tell
    label: Label

    @property
    def event_type(self) -> str | None:
        """The type of the event that the rung writes, if it writes one."""
        return None if self.event is None else f"wangge.case.{self.event}.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The part of a case's life that one party answers for.

    `limit` is None where the case's filing condition gives it (`by_condition`), or where it ends at
    the moment that an action's field names. `made` marks another city's figure. The department that
    holds the case answers for a stage that is `held`, else its district's centre. `ladder_urgent`
    is climbed instead of `ladder` where the limit is an urgent one (紧急); mostly both are one.
    """

    name: str
    label: Label
    states: frozenset[str]
    limit: Limit | None
    by_condition: bool
    held: bool
    made: bool
    again: Again
    ladder: tuple[Rung, ...]
    ladder_urgent: tuple[Rung, ...]

    def ladder_of(self, urgent: bool) -> tuple[Rung, ...]:
        """The ladder that a clock of the stage climbs."""
        return self.ladder_urgent if urgent else self.ladder

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs of either ladder."""
        same = self.ladder_urgent is self.ladder
        return self.ladder if same else (*self.ladder, *self.ladder_urgent)

    @property
    def chosen(self) -> bool:
        """Whether its clock ends at a moment that somebody chose."""
        return self.limit is None and not self.by_condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of an action; `choices` are the values of a choice, each with its words.

    A moment lies ahead, by `within_days` at most, and with `by_due` not after the moment when the
    limit of the clock that runs is out.
    """

    name: str
    type: FieldType
    need: Need
    label: Label
    choices: Mapping[str, Label]
    within_days: int
    by_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkGuard:
    """How high a mark of the case must be, at least or at most, or whom it must name.

    With `other` it must not name the actor; with `same` it must name the actor or nobody. A name
    counts as 1. `refusal` is what is said otherwise.
    """

    mark: str
    least: int | None
    most: int | None
    other: bool
    same: bool
    refusal: Label

    def holds(self, marks: Marks, actor: str) -> bool:
        """Whether the case's marks are so for the actor; a mark that it does not carry is 0."""
        value = marks.get(self.mark, 0)
        if self.other:
            return value != actor
        if self.same:
            return value in (0, actor)
        height = value if isinstance(value, int) else 1
        enough = self.least is None or height >= self.least
        return enough and (self.most is None or height <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockGuard:
    """What must be so of the clocks of stages, and what a refusal says.

    `overdue`: whether one is or was overdue; `extended`: how often each was extended at most.
    """

    stages: tuple[str, ...]
    overdue: bool | None
    extended: int | None
    refusal: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What an action changes besides, once a mark is as high as `least`."""

    mark: str
    least: int
    marks: Mapping[str, Marking]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who may take an action from one state, and where it leads (None: the state stays).

    With `back` it leads to the state that the mark of that name kept. `releases` says that the
    department lets go of the case, `holder` which office holds it then, unless the action's field
    `department` names one of that sort. `again` goes before what the stage that the step leads into
    says of its clock.
    """

    roles: frozenset[str]
    to: str | None
    back: str | None
    releases: bool
    again: Again | None
    holder: Office | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that a person does to a case; `steps` by the state it is done in.

    `formerly` are the types of event by which earlier versions told the same.
    `when` are guards on the case's marks and clocks; `marks` and `then` are what the action does to
    the marks. `tell` is who is told besides those who watch the case. `reopens` says that it leads
    out of final states, and that the case's clocks begin afresh; `extends` that the clock that runs
    is given its limit once more; `assists` that the actor's department has done its part of a joint
    dispatch; `succeeds` that the case passes on to the row that follows its filing condition.
    `appoints` is a role: the running system chooses somebody who has it, for the marks that keep
    who was `appointed`. `effect` is what else it does. `moment`, `account` and `departments` are
    its fields of those types, if it has them.
    """

    name: str
    label: Label
    event_type: str
    formerly: frozenset[str]
    reason_required: bool
    raises_version: bool
    reopens: bool
    extends: bool
    assists: bool
    succeeds: bool
    appoints: str | None
    effect: Effect | None
    tell: Tell | None
    guards: tuple[str, ...]
    when: tuple[MarkGuard | ClockGuard, ...]
    marks: Mapping[str, Marking]
    then: tuple[Consequence, ...]
    fields: tuple[Field, ...]
    moment: str | None
    account: str | None
    departments: str | None
    steps: Mapping[str, Step]
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One version of a workflow. `key` is "name@version"; `stage_of` knows no final state.

    `played_by` are the roles in which who has a role of the system may act.
    """

    name: str
    version: int
    key: str
    line: Line
    label: Label
    initial: str
    roles: Mapping[str, Role]
    played_by: Mapping[str, tuple[Role, ...]]
    states: Mapping[str, State]
    marks: Mapping[str, Label]
    stages: Mapping[str, Stage]
    actions: Mapping[str, Action]
    stage_of: Mapping[str, Stage]
    machine: CaseMachine


def final_states(definitions: Iterable[Definition]) -> frozenset[str]:
    """The states in which a case is over, of all these definitions."""
    return frozenset(
        name
        for definition in definitions
        for name, state in definition.states.items()
        if state.final
    )
