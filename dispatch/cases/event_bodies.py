"""What the body of each case event holds, as models: the source of the AsyncAPI document.

Nothing is parsed by these models at run time. Tests hold them against what the roles really write.
"""

from typing import Literal

from pydantic import Field

from dispatch.cases.event_parts import (
    AppointedTold,
    CameDue,
    CaseNamed,
    DeadlineTold,
    Digest,
    FactsTold,
    FilingTold,
    Id,
    LinksTold,
    Marks,
    Metres,
    Moment,
    Reached,
    RowEnded,
    Seconds,
    StepTold,
    Summary,
    Was,
    WasMapped,
    WasPlace,
)


class ReportTold(Summary):
    """What opening and attaching tell of the report they name."""

    report: Id
    source: str
    links: LinksTold
    text_digest: Digest | None
    photos: list[Id]
    received_at: Moment
    system_delay_s: Seconds


class Opened(ReportTold):
    """A report opened the case."""

    line: str
    definition: str
    """Name and version of the workflow definition that the case keeps."""
    x: Metres
    y: Metres
    """East and north in the city's projected system."""
    filing: FilingTold
    steps: list[StepTold] = []
    """What the engine did at once, where the report was filed by itself."""
    accuracy_m: Metres
    candidates: list[str]
    """Communities that the accuracy circle touches, where there is more than one."""
    map_version: int
    observed_at: Moment | None
    possible_duplicate_of: Id | None
    part: str | None
    deadlines: list[DeadlineTold]
    marks: Marks = {}


class Attached(ReportTold):
    """A report was attached to an open case (design decision 11)."""

    distance_m: Metres
    rule: Literal["same-part", "near-in-place-and-time"]


class Acted(Summary):
    """Somebody did an action."""

    before: str = Field(alias="from", description="the state before")
    role: str
    reason_given: bool
    reason_digest: Digest | None = None
    text_digest: Digest | None = None
    deadlines: list[DeadlineTold]
    """The clocks that the action changed, as they are afterwards."""
    was: Was | None = None
    marks: Marks = {}
    tell: str | None = None
    """Who is told besides those who watch the case."""
    reached: list[Reached] = []
    """Whom it reaches, where it tells somebody; empty where no such centre is registered."""
    photos: list[Id] = []
    closing_met: Literal[True] | None = None
    chosen: dict[str, str] = {}
    """What was chosen in the action's fields that give a choice."""
    facts: FactsTold | None = None
    passed_on: RowEnded | None = None
    """The row that ended, where the case passed on to the next one of its table."""
    assistants: dict[str, bool] | None = None
    """The departments that assist, each with whether it has done its part, where that changed."""
    moments: dict[str, Moment] = {}
    """The moment that was chosen, by the name of its field."""
    came_due: CameDue | None = None
    """The rung because of which the system did it."""
    closed: bool | None = None
    """Whether the case came to its end, or is open again."""
    appointed: AppointedTold | None = None
    reopened: Literal[True] | None = None
    """The case was over and is open again; of its clocks it has only those told here."""


class Merged(Acted):
    """The case was merged into another one, which goes on for both."""

    merged_into: CaseNamed


class Unmerged(Acted):
    """The merging was undone: the case goes on by itself where it was."""

    merged_into: None
    was_merged_into: CaseNamed


class SplitInTwo(Acted):
    """A case was split off."""

    split_off: CaseNamed


class Compared(Acted):
    """Whether another case is the same matter was answered: `chosen.answer`."""

    compared_with: CaseNamed


class Taking(Summary):
    """Another case was merged into this one, or taken out again."""

    role: str
    deadlines: list[DeadlineTold]
    """The clock that was taken over because it runs out first, or the own one again."""
    was_deadlines: list[DeadlineTold]


class Absorbed(Taking):
    absorbed: CaseNamed


class Released(Taking):
    released: CaseNamed


class SplitOff(Summary):
    """A case begins that was split off from another one. No report names it."""

    split_from: CaseNamed
    role: str
    line: str
    definition: str
    source: str
    links: LinksTold
    x: Metres
    y: Metres
    accuracy_m: Metres
    map_version: int
    deadlines: list[DeadlineTold]
    marks: Marks = {}


class Placed(Acted):
    """An action that moved the case or changed its category: everything that follows is new."""

    links: LinksTold
    line: str
    x: Metres
    y: Metres
    map_version: int
    was_place: WasPlace
    was_deadlines: list[DeadlineTold]


class Transferred(Acted):
    """Another district answers for the case, which lies where it lay."""

    map_version: int
    was_place: WasMapped


class Remapped(Summary):
    """Another map put the open case, where it lies, into other areas."""

    rule: Literal["map-in-force"]
    map_version: int
    was_place: WasMapped


class Recomputed(Summary):
    """The clocks that run were reckoned anew by the newest version of their calendar."""

    rule: Literal["newest-calendar"]
    deadlines: list[DeadlineTold]
    was_deadlines: list[DeadlineTold]
    """The same clocks before, each with its calendar's version and its due moment."""


class Migrated(Summary):
    """The open case went over to another version of its workflow definition."""

    before: str = Field(alias="from", description="name and version of the definition before")
    to: str
    """Name and version of the definition that the case keeps from here on."""
    deadlines: list[DeadlineTold]
    """The clocks that changed, as they are afterwards."""
    marks: Marks = {}


class Rung(Summary, CameDue):
    """A rung of the escalation ladder came due."""

    tell: str
    notify: bool
    reached: list[Reached] = []
    """Whom a rung that notifies reaches; empty where no such centre is registered."""
    refused: str | None = None
    """Why the system could not do what the rung asks for."""


ATTACHED = "wangge.case.attached.v1"
REMAPPED = "wangge.case.remapped.v1"
RECOMPUTED = "wangge.case.deadline-recomputed.v1"
ABSORBED = "wangge.case.absorbed.v1"
RELEASED = "wangge.case.released.v1"
SPLIT_OFF = "wangge.case.split-off.v1"
PLACED = ("wangge.case.relocated.v1", "wangge.case.reclassified.v1")
UNKNOWN_PART = "part-unknown"
"""Among the reasons why a case was not filed at once: its report named a part that there is not."""
