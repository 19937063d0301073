"""A linear-time checker of what a whole run left behind.

It is given what clients were told, every row at the end, and every record of the topics, and names
each violation of what Wangge promises (reliability notes 7.4: C1 to C4, C7, C8).
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import rfc8785

FINAL = frozenset({"closed", "rejected", "voided"})


class Outcome(StrEnum):
    """What a client knows of its call: done, refused, or no answer (either may be true)."""

    OK = "ok"
    FAIL = "fail"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One report sent by a client and what it was told."""

    id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as stored (`at` as hashed)."""

    case: str
    seq: int
    type: str
    at: str
    actor: str
    body: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """What the case row says at the end."""

    id: str
    state: str
    seq: int
    head_hash: str
    report_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One record of a cases topic, in the topic's order."""

    topic: str
    case: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """One record of the reports topic below the stored offset."""

    partition: int
    offset: int
    report: str


@dataclass(slots=True, kw_only=True)
class Run:
    """Everything that a run left behind."""

    sent: Sequence[Sent] = ()
    reports: Mapping[str, str] = field(default_factory=dict)
    """Report id to case id."""
    refusals: frozenset[str] = frozenset()
    letters: frozenset[tuple[int, int]] = frozenset()
    """(partition, offset) of dead letters."""
    letter_reports: frozenset[str] = frozenset()
    cases: Sequence[CaseRow] = ()
    events: Sequence[Event] = ()
    """In order of case and seq."""
    published: Sequence[Published] = ()
    consumed: Sequence[Consumed] = ()
    pending: Sequence[str] = ()
    """Case ids that still have a timer."""
    steps: frozenset[tuple[str, str]] = frozenset()
    """(from, to) of every legal change of state."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise: which check, where, and what is wrong."""

    check: str
    where: str
    what: str


def check(run: Run) -> list[Violation]:
    """Every violation; an empty list is what a correct system leaves."""
    return [
        *_nothing_lost(run),
        *_one_effect(run),
        *_histories(run),
        *_topics(run),
        *_timers(run),
        *_offsets(run),
    ]


def _nothing_lost(run: Run) -> Iterator[Violation]:
    kept = set(run.reports) | run.refusals | run.letter_reports
    accepted = {sent.id for sent in run.sent if sent.outcome is Outcome.OK}
    maybe = accepted | {sent.id for sent in run.sent if sent.outcome is Outcome.INFO}
    for sent in run.sent:
        if sent.outcome is Outcome.OK and sent.id not in kept:
            yield Violation("C1", sent.id, "answered 202 and lost")
        if sent.outcome is Outcome.FAIL and sent.id in run.reports and sent.id not in maybe:
            yield Violation("C1", sent.id, "refused and stored all the same")


def _one_effect(run: Run) -> Iterator[Violation]:
    named = Counter(
        str(event.body["report"]) for event in run.events if event.body.get("report") is not None
    )
    for report, times in named.items():
        if times > 1:
            yield Violation("C2", report, f"named by {times} events")
        if report not in run.reports:
            yield Violation("C2", report, "named by an event but not stored")
    for report in run.reports:
        if report not in named:
            yield Violation("C2", report, "stored but named by no event")
    stored = Counter(run.reports.values())
    for case in run.cases:
        if stored[case.id] != case.report_count:
            what = f"counts {case.report_count} reports, has {stored[case.id]}"
            yield Violation("C2", case.id, what)


def _by_case(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.case, []).append(event)
    return found


def _histories(run: Run) -> Iterator[Violation]:
    events = _by_case(run.events)
    for case in run.cases:
        yield from _history(run, case, events.pop(case.id, []))
    for case_id in events:
        yield Violation("C3", case_id, "has a history but no row")


def _history(run: Run, case: CaseRow, events: Sequence[Event]) -> Iterator[Violation]:
    previous, at, state = "0" * 64, "", "reported"
    for number, event in enumerate(events, start=1):
        if event.seq != number:
            yield Violation("C3", case.id, f"event {number} is missing")
            return
        if event.previous_hash != previous or event.hash != _hash(event):
            yield Violation("C3", case.id, f"the chain breaks at {number}")
        if event.at < at:
            yield Violation("C3", case.id, f"time runs backwards at {number}")
        yield from _steps(run, case, state, event)
        previous, at, state = event.hash, event.at, str(event.body["state"])
    if (len(events), previous, state) != (case.seq, case.head_hash, case.state):
        yield Violation("C3", case.id, "the row is not what its history says")


def _steps(run: Run, case: CaseRow, before: str, event: Event) -> Iterator[Violation]:
    path = [before, *(str(step["state"]) for step in event.body.get("steps", ()))]
    path.append(str(event.body["state"]))
    for source, target in itertools.pairwise(path):
        if source != target and (source, target) not in run.steps:
            yield Violation("C3", case.id, f"{source} → {target} at {event.seq} is no legal step")


def _hash(event: Event) -> str:
    record = {
        "case": event.case,
        "seq": event.seq,
        "type": event.type,
        "at": event.at,
        "actor": event.actor,
        "body": event.body,
        "previous_hash": event.previous_hash,
    }
    return hashlib.sha256(b"\0" + rfc8785.dumps(record)).hexdigest()


def _topics(run: Run) -> Iterator[Violation]:
    seen: dict[tuple[str, str], int] = {}
    hashes = {(event.case, event.seq): event.hash for event in run.events}
    reached: set[tuple[str, int]] = set()
    for record in run.published:
        key = (record.topic, record.case)
        if hashes.get((record.case, record.seq)) != record.hash:
            yield Violation("C4", record.case, f"seq {record.seq} was published with another body")
        if record.seq <= seen.get(key, 0):
            continue
        if key in seen and record.seq != seen[key] + 1:
            yield Violation("C4", record.case, f"{seen[key]} is followed by {record.seq}")
        seen[key] = record.seq
        reached.add((record.case, record.seq))
    for case, seq in hashes:
        if (case, seq) not in reached:
            yield Violation("C4", case, f"seq {seq} was never published in order")


def _timers(run: Run) -> Iterator[Violation]:
    fired: Counter[tuple[str, str, str, int]] = Counter()
    for event in run.events:
        rung = event.body.get("rung")
        if rung is None or "stage" not in event.body:
            continue
        due = str(event.body["due_at"])
        fired[event.case, str(event.body["stage"]), due, int(rung)] += 1
        if _moment(event.at) < _moment(due):
            yield Violation("C7", event.case, f"rung {rung} fired early at seq {event.seq}")
    for (case, stage, _, rung), times in fired.items():
        if times > 1:
            yield Violation("C7", case, f"rung {rung} of {stage} fired {times} times")
    final = {case.id for case in run.cases if case.state in FINAL}
    for case_id in run.pending:
        if case_id in final:
            yield Violation("C7", case_id, "is over and still has a timer")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _offsets(run: Run) -> Iterator[Violation]:
    known = set(run.reports) | run.refusals
    for record in run.consumed:
        accounted = record.report in known or (record.partition, record.offset) in run.letters
        if not accounted:
            where = f"{record.partition}:{record.offset}"
            yield Violation("C8", where, f"report {record.report} was consumed without effect")
