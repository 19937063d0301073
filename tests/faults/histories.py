"""A good run made by hand: one case from its report to its inspection, with one rung on its way."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import workflows
from tests.faults.checker import recomputed_hash
from tests.faults.recorded import (
    ActionCall,
    CaseRecord,
    CaseRow,
    Event,
    FeedLog,
    FeedSegment,
    Heard,
    Letter,
    Outcome,
    Recorded,
    Refusal,
    ReportCall,
    ReportRecord,
    ReportRow,
    TimerRow,
)
from workflows.documents import read_document
from workflows.loading import load_definition

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HANDLE_S = 3600
KEY = "urban_management@1"
DEFINITION = load_definition(
    read_document(Path(workflows.__file__).parent / "definitions" / "urban_management.yaml")
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def text(seconds: float) -> str:
    return at(seconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clock(stage: str, started_s: float, **fields: Any) -> dict[str, Any]:
    """A running clock of one urgent hour."""
    return {
        "stage": stage,
        "limit": "1 紧急工作时",
        "clock": "urgent_hours",
        "calendar": "yongzhou@1",
        "started_at": text(started_s),
        "due_at": text(started_s + HANDLE_S),
        "provisional": False,
        "used_us": 0,
        "holder": "D1",
        "stopped_at": None,
        "rung": 0,
        **fields,
    }


@dataclass(slots=True)
class Chain:
    """Appends events to one case; every body says where the case is."""

    case: str
    district: str = "431102"
    events: list[Event] = field(default_factory=list)

    def add(self, type_: str, seconds: float, **body: Any) -> None:
        last = self.events[-1] if self.events else None
        full = {"areas": {"district": self.district}, **body}
        event = Event(
            case=self.case,
            seq=len(self.events) + 1,
            type=f"wangge.case.{type_}.v1",
            at=at(seconds),
            actor="somebody",
            body=full,
            previous_hash="0" * 64 if last is None else last.hash,
            hash="",
        )
        self.events.append(replace(event, hash=recomputed_hash(event)))


def good_events() -> list[Event]:
    """Opened and dispatched, joined by a second report, reminded, started, handled."""
    chain = Chain("case-1")
    steps = [
        {"action": "file", "state": "filed"},
        {"action": "dispatch", "state": "dispatched"},
    ]
    handle = clock("handle", 0)
    chain.add("opened", 0, state="dispatched", version=1, steps=steps, report="r1",
              deadlines=[handle])  # fmt: skip
    chain.add("attached", 5, state="dispatched", version=1, report="r2")
    chain.add("reminded", 2881, state="dispatched", version=1, stage="handle", rung=0,
              due_at=text(2880))  # fmt: skip
    chain.add("started", 2900, state="handling", version=2, role="handler",
              **{"from": "dispatched"}, deadlines=[])  # fmt: skip
    stopped = {**handle, "due_at": None, "stopped_at": text(3000), "rung": 1}
    inspect = clock("inspect", 3000)
    chain.add("handled", 3000, state="handled", version=3, role="handler",
              **{"from": "handling"}, deadlines=[stopped, inspect])  # fmt: skip
    return chain.events


def row_of(events: Sequence[Event], **fields: Any) -> CaseRow:
    """The case row that the good history leads to."""
    last = events[-1]
    handle = clock("handle", 0, due_at=None, stopped_at=text(3000), rung=1)
    row = CaseRow(
        id=last.case,
        definition=KEY,
        state="handled",
        version=3,
        seq=last.seq,
        head_hash=last.hash,
        last_at=last.at,
        deadlines=[handle, clock("inspect", 3000)],
    )
    return replace(row, **fields)


def record_of(event: Event, district: str = "431102", offset: int | None = None) -> CaseRecord:
    return CaseRecord(
        district=district,
        offset=event.seq - 1 if offset is None else offset,
        sent_at=event.at,
        case=event.case,
        seq=event.seq,
        hash=event.hash,
        body=event.body,
    )


def heard_all(records: Sequence[CaseRecord]) -> FeedLog:
    """A reader that heard these records in this order, from the beginning of the topics."""
    ends: dict[str, int] = {}
    for record in records:
        source = f"{record.district}-0a1b2c3d"
        ends[source] = max(ends.get(source, 0), record.offset + 1)
    heard = [Heard(case=record.case, seq=record.seq, hash=record.hash) for record in records]
    return FeedLog(reader="a reader", segments=[FeedSegment(starts={}, ends=ends, heard=heard)])


def good() -> Recorded:
    """A run in which everything is as it should be, repeats and refusals included."""
    events = good_events()
    published = enumerate(events[n] for n in (0, 1, 0, 1, 2, 3, 4))
    records = [record_of(event, offset=offset) for offset, event in published]
    return Recorded(
        definitions={KEY: DEFINITION},
        ended_at=at(3010),
        report_calls=[
            ReportCall(report="r1", text="one", outcome=Outcome.INFO),
            ReportCall(report="r1", text="one", outcome=Outcome.OK),
            ReportCall(report="r2", text="two", outcome=Outcome.OK),
            ReportCall(report="r2", text="another", outcome=Outcome.OK),
            ReportCall(report="r3", text="poison", outcome=Outcome.OK),
            ReportCall(report="r4", text="bad", outcome=Outcome.FAIL),
            ReportCall(report="r5", text="unknown", outcome=Outcome.INFO),
        ],
        action_calls=[
            ActionCall(
                case="case-1",
                event_type="wangge.case.started.v1",
                version=2,
                outcome=Outcome.OK,
            )
        ],
        reports=[
            ReportRow(id="r1", case="case-1", fingerprint="f1", text="one"),
            ReportRow(id="r2", case="case-1", fingerprint="f2", text="two"),
        ],
        refusals=[Refusal(report="r2", fingerprint="f9")],
        letters=[Letter(partition=0, offset=4, report="r3")],
        cases=[row_of(events)],
        events=events,
        timers=[TimerRow(case="case-1", stage="inspect", rung=0, due_at=at(5880))],
        next_offsets={0: 5},
        report_records=[
            ReportRecord(partition=0, offset=0, id="r1", fingerprint="f1"),
            ReportRecord(partition=0, offset=1, id="r1", fingerprint="f1"),
            ReportRecord(partition=0, offset=2, id="r2", fingerprint="f2"),
            ReportRecord(partition=0, offset=3, id="r2", fingerprint="f9"),
            ReportRecord(partition=0, offset=4, id=None, fingerprint=None),
            ReportRecord(partition=0, offset=5, id="r6", fingerprint="f6"),
        ],
        case_records=records,
        feeds=[heard_all(records)],
    )
