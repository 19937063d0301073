"""What the body of each case event holds, as models: the source of the AsyncAPI document.

Nothing is parsed by these models at run time. Tests hold them against what the roles really write.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows.limits import ClockType

Moment = Annotated[
    str, Field(description="UTC with `Z`, RFC 3339", json_schema_extra={"format": "date-time"})
]
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Degrees = Annotated[str, Field(pattern=r"^-?\d{1,3}\.\d{7}$", description="WGS-84 degrees")]
Metres = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", description="metres")]
Seconds = Annotated[str, Field(pattern=r"^\d+\.\d{3}$", description="seconds")]
Digest = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="salted SHA-256 of words kept apart")
]


class Told(BaseModel):
    """A part of a body; no key beyond those named here."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Areas(Told):
    """Codes of the three areas."""

    city: str
    district: str
    community: str


class LinkedPart(Told):
    code: str
    part_class: str = Field(alias="class")
    distance_m: Metres


class Linked(Told):
    code: str
    distance_m: Metres


class LinksTold(Told):
    """City parts and housing in the circle of the place, nearest first."""

    parts: list[LinkedPart]
    buildings: list[Linked]
    dwellings: list[Linked]


class DeadlineTold(Told):
    """One stage's clock as it was set; `due_at` is null while it stands."""

    stage: str
    limit: str
    """As the table has it, e.g. `4 工作时`."""
    clock: ClockType
    calendar: str
    started_at: Moment
    due_at: Moment | None
    provisional: bool
    used_us: int
    """Microseconds counted in earlier runs."""
    holder: str | None
    stopped_at: Moment | None
    rung: int
    runs: list[tuple[Moment, Moment]] = []
    extensions: int = 0
    """How often the limit was added once more."""


class Summary(Told):
    """What every event says of its case as it is after the event."""

    number: str
    state: str
    version: int
    category: str
    condition: str | None
    limit: str | None = None
    """The limit with which the case was filed, e.g. `4 工作时`."""
    department: str | None
    areas: Areas
    lon: Degrees
    lat: Degrees


Marks = Annotated[
    dict[str, int | str | None],
    Field(description="Marks that changed: the new count or account id, null when clear"),
]


class LeftOut(Told):
    """A filing condition that did not hold when the trouble was seen."""

    condition: str
    why: Literal["out-of-season", "out-of-band"]
    season: str | None
    """First and last day, e.g. `11-01/03-31`."""
    band: str | None
    """From and until which hour, e.g. `22:00/06:00`."""


class StandIn(Told):
    """Who could repair in another's stead, for its duty here is the most like it."""

    department: str
    duty: int


class FilingTold(Told):
    """Why the report was filed at once or waits in the acceptors' pool (design decision 10)."""

    rule: Literal[
        "pool", "trusted-source-one-condition-one-duty", "trusted-source-one-condition-fallback"
    ]
    why: list[str]
    conditions: list[str]
    duty: int | None
    duties: list[int] = []
    """The duty rows among which none could be chosen."""
    by_owner: Literal[True] | None = None
    """The row is one for parts of their owner; the owner is not named here."""
    assistants: list[str] = []
    """Departments that assist the one that answers."""
    fallbacks: list[str] = []
    """Who is the fallback of the place, where no duty row applies; it answers if it is one."""
    stand_ins: list[StandIn] = []
    """Among whom to choose for a repair in another's stead, where nobody answers."""
    profile: str | None = None
    """The limit profile of the place, where a condition has a limit of its own for it."""
    seen_at: str | None = None
    """The local moment by which conditions were left out."""
    left_out: list[LeftOut] = []


class StepTold(Told):
    action: str
    state: str


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


class Was(Told):
    """Old values of what the action changed."""

    category: str | None = None
    condition: str | None = None
    department: str | None = None


class WasPlace(Told):
    """The old place and links."""

    links: LinksTold
    areas: Areas | None = None
    lon: Degrees | None = None
    lat: Degrees | None = None
    map_version: int | None = None


class CameDue(Told):
    """The rung of a ladder that came due."""

    stage: str
    rung: int
    at: str
    """The part of the limit that is used up, e.g. `3/2`."""
    due_at: Moment
    late_s: int


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
    photos: list[Id] = []
    closing_met: Literal[True] | None = None
    chosen: dict[str, str] = {}
    """What was chosen in the action's fields that give a choice."""
    assistants: dict[str, bool] | None = None
    """The departments that assist, each with whether it has done its part, where that changed."""
    moments: dict[str, Moment] = {}
    """The moment that was chosen, by the name of its field."""
    came_due: CameDue | None = None
    """The rung because of which the system did it."""
    closed: bool | None = None
    """Whether the case came to its end, or is open again."""
    reopened: Literal[True] | None = None
    """The case was over and is open again; of its clocks it has only those told here."""


class CaseNamed(Told):
    """Another case."""

    case: Id
    number: str


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


class WasMapped(Told):
    """The areas before, and the map that they were of."""

    areas: Areas
    map_version: int


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


class Rung(Summary, CameDue):
    """A rung of the escalation ladder came due."""

    tell: str
    notify: bool
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
