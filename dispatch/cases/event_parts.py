"""The parts of which `dispatch.cases.event_bodies` makes the bodies of case events, as models."""

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


class Reached(Told):
    """A party that is told, and who is on duty there."""

    department: str
    accounts: list[str]
    """Who is on duty by the roster when it is told."""
    post: bool
    """It is told outside its working hours, so its duty post is reached."""
    notify_at: Moment | None = None
    """The end of its quiet hours, where it is told then."""


class CameDue(Told):
    """The rung of a ladder that came due."""

    stage: str
    rung: int
    at: str
    """The part of the limit that is used up, e.g. `3/2`."""
    due_at: Moment
    late_s: int


class RowEnded(Told):
    """The filing condition from which a case passed on to the next, and whether it was in time."""

    condition: str
    holder: str | None
    in_time: bool


class StageLeft(Told):
    """A stage whose clock was stopped."""

    stage: str
    holder: str | None
    condition: str | None = None
    """The filing condition that gave the limit, where one did."""
    in_time: bool
    late_s: int


class Settled(Told):
    """What is settled when a case is over."""

    dispatched_exactly: bool | None
    """Never sent to another department; null where no department held the case."""
    reworked: int
    extensions: int
    waited_s: int
    """Seconds of suspension and deferral."""
    overdue: list[str]
    """Stages whose latest clock ran out."""


class FactsTold(Told):
    """Base counts, as they happened."""

    left: list[StageLeft] = []
    resent: bool | None = None
    """Told when a department gets the case: whether another one held it before."""
    settled: Settled | None = None


class AppointedTold(Told):
    """Which member the system chose to verify or inspect, or why nobody."""

    account: str | None
    """Null: any member may who neither reported nor handled the case."""
    way: Literal["nearest", "rotate", "anyone"]
    why: Literal[
        "patrols-the-smallest-area",
        "in-turn",
        "not-chosen-here",
        "nobody-patrols-here",
        "all-reported-or-handled",
    ]
    area: str | None = None
    """What the member patrols."""


class CaseNamed(Told):
    """Another case."""

    case: Id
    number: str


class WasMapped(Told):
    """The areas before, and the map that they were of."""

    areas: Areas
    map_version: int
