"""What a fault run leaves behind: every call of a client, and everything that was kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from workflows.definition import Definition

Json = Mapping[str, Any]


class Outcome(StrEnum):
    """How a call ended; INFO (time-out, 5xx, cut connection) may or may not have had an effect."""

    OK = "ok"
    FAIL = "fail"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCall:
    """One report in one call; `text` tells apart bodies that were sent under one id."""

    report: str
    text: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCall:
    """An action; `version` is the case's after it, as the answer said (0 without an answer)."""

    case: str
    event_type: str
    version: int
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    id: str
    case: str
    fingerprint: str
    text: str
    reporter: str = ""
    """Whose account counts as its reporter; empty where it is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    report: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter by the record that it stands for."""

    partition: int
    offset: int
    report: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    case: str
    seq: int
    type: str
    at: datetime
    actor: str
    body: Json
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    id: str
    definition: str
    state: str
    version: int
    seq: int
    head_hash: str
    last_at: datetime
    deadlines: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    case: str
    stage: str
    rung: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecord:
    """A record of the reports topic; `id` and `fingerprint` None when it cannot be read."""

    partition: int
    offset: int
    id: str | None
    fingerprint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """A record of a district's topic of case events, as it lies there."""

    district: str
    offset: int
    sent_at: datetime
    case: str
    seq: int
    hash: str
    body: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An event that came through the feed."""

    case: str
    seq: int
    hash: str


@dataclass(slots=True, kw_only=True)
class FeedSegment:
    """What a reader heard between two resets; positions are offsets by the name of their topic.

    `ends` is the furthest that any of its positions told.
    """

    starts: dict[str, int]
    ends: dict[str, int]
    heard: list[Heard] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FeedLog:
    """All that one reader of the feed heard, through however many connections."""

    reader: str
    segments: list[FeedSegment] = field(default_factory=list)
    connections: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """All of it, after the system had time to finish what it had begun.

    Events and records come in the order in which they are kept; `ended_at` is a database time by
    which every timer that was due must have fired.
    """

    definitions: Mapping[str, Definition]
    ended_at: datetime
    report_calls: Sequence[ReportCall] = ()
    action_calls: Sequence[ActionCall] = ()
    reports: Sequence[ReportRow] = ()
    refusals: Sequence[Refusal] = ()
    letters: Sequence[Letter] = ()
    cases: Sequence[CaseRow] = ()
    events: Sequence[Event] = ()
    timers: Sequence[TimerRow] = ()
    next_offsets: Mapping[int, int] = field(default_factory=dict)
    report_records: Sequence[ReportRecord] = ()
    case_records: Sequence[CaseRecord] = ()
    feeds: Sequence[FeedLog] = ()
    staff: Mapping[str, str] = field(default_factory=dict)
    """The department of each account that belongs to one."""
