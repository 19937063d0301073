"""Checks a recorded run for lost, doubled, reordered and impossible effects.

Each check passes once over what was recorded (reliability notes, 7.4). It knows the workflow's
definition and the form of the hash, but none of the code that it judges.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.faults.feeds import check_feeds
from tests.faults.ladders import check_ladders
from tests.faults.pairs import check_judges, check_pairs
from tests.faults.recorded import CaseRow, Event, Outcome, Recorded, ReportRecord
from tests.faults.violation import Violation
from tests.faults.walking import OPENED, Steps
from workflows.definition import Definition

ATTACHED = "wangge.case.attached.v1"
MOVES = tuple(f"wangge.case.{name}.v1" for name in ("relocated", "remapped", "transferred"))


def check(recorded: Recorded) -> list[Violation]:
    """Every violation of C1, C2, C3, C4, C7, C8 and C9, in this order; empty for a good run."""
    return [violation for one in CHECKS for violation in one(recorded)]


def check_answers(recorded: Recorded) -> Iterator[Violation]:
    """C1: what was answered with success has happened; what was refused has not."""
    stored = {(row.id, row.text) for row in recorded.reports}
    elsewhere = {one.report for one in recorded.refusals}
    elsewhere |= {letter.report for letter in recorded.letters if letter.report is not None}
    possible = {
        (call.report, call.text)
        for call in recorded.report_calls
        if call.outcome is not Outcome.FAIL
    }
    for call in recorded.report_calls:
        key = (call.report, call.text)
        if call.outcome is Outcome.OK and key not in stored and call.report not in elsewhere:
            wrong = f"was answered 202 ({call.text!r}) and is neither stored, refused nor dead"
            yield Violation("C1", call.report, wrong)
        if call.outcome is Outcome.FAIL and key in stored and key not in possible:
            yield Violation("C1", call.report, f"was refused ({call.text!r}) and yet is stored")
    done = {(event.case, event.type, event.body.get("version")) for event in recorded.events}
    for act in recorded.action_calls:
        if act.outcome is Outcome.OK and (act.case, act.event_type, act.version) not in done:
            wrong = f"{act.event_type} was answered 200 at version {act.version} and never happened"
            yield Violation("C1", act.case, wrong)


def check_effects(recorded: Recorded) -> Iterator[Violation]:
    """C2: one row and one naming event for each report, in the case that the row names."""
    for report, count in Counter(row.id for row in recorded.reports).items():
        if count > 1:
            yield Violation("C2", report, f"has {count} rows")
    named = _naming_events(recorded.events)
    of_row = {row.id: row.case for row in recorded.reports}
    for report in of_row.keys() | named.keys():
        wrong = _naming_wrong(of_row.get(report), named.get(report, []))
        if wrong is not None:
            yield Violation("C2", report, wrong)


def _naming_events(events: Sequence[Event]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if event.type in (OPENED, ATTACHED):
            named[str(event.body.get("report"))].append(event.case)
    return named


def _naming_wrong(of_row: str | None, cases: Sequence[str]) -> str | None:
    if of_row is None:
        return f"case {cases[0]} names it, but there is no such row"
    if len(cases) != 1:
        return f"is named by {len(cases)} events ({', '.join(cases)})"
    return None if cases[0] == of_row else f"its row names case {of_row}, its event {cases[0]}"


def check_histories(recorded: Recorded) -> Iterator[Violation]:
    """C3: numbers, hashes, times, legal steps, and the case row equal to its last event."""
    events = by_case(recorded.events)
    for case in recorded.cases:
        wrong = _history_wrong(case, events.pop(case.id, []), recorded.definitions)
        if wrong is not None:
            yield Violation("C3", case.id, wrong)
    for stray in events:
        yield Violation("C3", stray, "has a history and no case row")


def by_case(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.case].append(event)
    return found


def _history_wrong(
    case: CaseRow, events: Sequence[Event], definitions: Mapping[str, Definition]
) -> str | None:
    """The first thing that is wrong with one case."""
    if not events:
        return "has no history"
    steps = Steps(definitions[case.definition])
    previous: Event | None = None
    for event in events:
        wrong = _link_wrong(event, previous) or steps.wrong(event)
        if wrong is not None:
            return f"event {event.seq} ({event.type}): {wrong}"
        previous = event
    last = events[-1]
    head = {
        "seq": (case.seq, last.seq),
        "head hash": (case.head_hash, last.hash),
        "last moment": (case.last_at, last.at),
        "state": (case.state, steps.state),
        "version": (case.version, steps.version),
    }
    for name, (row, told) in head.items():
        if row != told:
            return f"the case row's {name} is {row}, the history's {told}"
    return None


def _link_wrong(event: Event, previous: Event | None) -> str | None:
    expected = 1 if previous is None else previous.seq + 1
    if event.seq != expected:
        return f"number {expected} is missing or doubled"
    if event.previous_hash != ("00" * 32 if previous is None else previous.hash):
        return "does not continue the hash of the event before"
    if event.hash != recomputed_hash(event):
        return "its content does not give its hash"
    if previous is not None and event.at < previous.at:
        return f"its time {event.at} lies before {previous.at}"
    return None


def recomputed_hash(event: Event) -> str:
    """The hash of design §5, from Python's own JSON (bodies hold no floats, keys are ASCII)."""
    value = {
        "case": event.case,
        "seq": event.seq,
        "type": event.type,
        "at": moment_text(event.at),
        "actor": event.actor,
        "body": event.body,
        "previous_hash": event.previous_hash,
    }
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(b"\0" + text.encode()).hexdigest()


def moment_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_topics(recorded: Recorded) -> Iterator[Violation]:
    """C4: each topic, repeats dropped, holds its cases' histories whole and in order."""
    expected: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in recorded.events:
        for district in _districts_of(event):
            expected[district, event.case].append(event.seq)
    kept: dict[tuple[str, str], list[int]] = defaultdict(list)
    history = {(event.case, event.seq): event for event in recorded.events}
    for record in recorded.case_records:
        told = history.get((record.case, record.seq))
        if told is None or (record.hash, record.body) != (told.hash, told.body):
            wrong = f"event {record.seq} in the topic of {record.district} is not in the history"
            yield Violation("C4", record.case, wrong)
            continue
        seen = kept[record.district, record.case]
        if not seen or record.seq > seen[-1]:
            seen.append(record.seq)
    yield from _topics_wrong(expected, kept)


def _topics_wrong(
    expected: Mapping[tuple[str, str], list[int]], kept: Mapping[tuple[str, str], list[int]]
) -> Iterator[Violation]:
    for (district, case), seqs in expected.items():
        found = kept.get((district, case), [])
        if found != seqs:
            lost = sorted(set(seqs) - set(found))
            yield Violation("C4", case, f"the topic of {district} lacks or disorders events {lost}")
    for district, case in kept.keys() - expected.keys():
        yield Violation("C4", case, f"was never in district {district}, but is in its topic")


def _districts_of(event: Event) -> set[str]:
    """Where an event belongs; a move is also told where the case leaves."""
    districts = {str(event.body["areas"]["district"])}
    if event.type in MOVES:
        districts.add(str(event.body["was_place"]["areas"]["district"]))
    return districts


def check_offsets(recorded: Recorded) -> Iterator[Violation]:
    """C8: every offset below the stored one is a report, its repeat, a refusal or a dead letter."""
    stored = {(row.id, row.fingerprint) for row in recorded.reports}
    stored |= {(one.report, one.fingerprint) for one in recorded.refusals}
    dead = {(letter.partition, letter.offset) for letter in recorded.letters}
    records = {(record.partition, record.offset): record for record in recorded.report_records}
    for partition, end in recorded.next_offsets.items():
        for offset in range(end):
            record = records.get((partition, offset))
            wrong = _record_wrong(record, stored, (partition, offset) in dead)
            if wrong is not None:
                subject = f"offset {partition}:{offset}"
                named = record.id if record is not None and record.id is not None else "?"
                yield Violation("C8", f"{subject} (report {named})", wrong)


def _record_wrong(
    record: ReportRecord | None, stored: set[tuple[str, str]], dead: bool
) -> str | None:
    if record is None:
        return "lies below the stored offset, but the topic does not have it"
    if dead or (record.id is not None and (record.id, record.fingerprint) in stored):
        return None
    return "is counted as used, but is no report, repeat, refusal or dead letter"


def check_clocks(recorded: Recorded) -> Iterator[Violation]:
    """C7: rungs fire once, in order, never early; timers are there when and only when needed."""
    yield from check_ladders(recorded, by_case(recorded.events))


CHECKS: tuple[Callable[[Recorded], Iterator[Violation]], ...] = (
    check_answers,
    check_effects,
    check_pairs,
    check_histories,
    check_judges,
    check_topics,
    check_clocks,
    check_offsets,
    check_feeds,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Violations counted by check, with the first few of each in words."""

    violations: Sequence[Violation]

    def of(self, name: str) -> list[Violation]:
        return [violation for violation in self.violations if violation.check == name]

    def text(self, most: int = 8) -> str:
        counts = Counter(violation.check for violation in self.violations)
        lines = [f"{name}: {count} violations" for name, count in sorted(counts.items())]
        for name in sorted(counts):
            lines += [f"  {violation}" for violation in self.of(name)[:most]]
        return "\n".join(lines)
