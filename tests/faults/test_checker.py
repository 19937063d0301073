"""The checker itself: a good run passes, and each anomaly is found by the check meant for it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.checker import (
    CaseRow,
    Consumed,
    Event,
    Outcome,
    Published,
    Run,
    Sent,
    _hash,
    check,
)

STEPS = frozenset({("reported", "accepted"), ("accepted", "rejected")})


def chain(case: str, *bodies: dict[str, Any]) -> list[Event]:
    events: list[Event] = []
    for seq, body in enumerate(bodies, start=1):
        event = Event(
            case=case,
            seq=seq,
            type="wangge.case.x.v1",
            at=f"2026-11-24T00:00:{seq:02d}.000000Z",
            actor="a",
            body=body,
            previous_hash=events[-1].hash if events else "0" * 64,
            hash="",
        )
        events.append(replace(event, hash=_hash(event)))
    return events


def good() -> Run:
    rung = {
        "state": "accepted",
        "stage": "accept",
        "rung": 0,
        "due_at": "2026-11-24T00:00:02.500000Z",
    }
    events = chain("c", {"state": "reported", "report": "r"}, {"state": "accepted"}, rung)
    return Run(
        sent=[Sent(id="r", outcome=Outcome.OK), Sent(id="bad", outcome=Outcome.FAIL)],
        reports={"r": "c"},
        cases=[CaseRow(id="c", state="accepted", seq=3, head_hash=events[-1].hash, report_count=1)],
        events=events,
        published=[Published(topic="t", case="c", seq=e.seq, hash=e.hash) for e in events],
        consumed=[Consumed(partition=0, offset=0, report="r")],
        pending=["c"],
        steps=STEPS,
    )


def found(run: Run) -> set[str]:
    return {violation.check for violation in check(run)}


def test_a_good_run_has_no_violation() -> None:
    assert check(good()) == []


def lost(run: Run) -> None:
    run.sent = [*run.sent, Sent(id="gone", outcome=Outcome.OK)]


def refused_and_stored(run: Run) -> None:
    run.sent = [Sent(id="r", outcome=Outcome.FAIL)]


def named_twice(run: Run) -> None:
    run.events = chain(
        "c", {"state": "reported", "report": "r"}, {"state": "reported", "report": "r"}
    )


def counted_wrong(run: Run) -> None:
    run.cases = [replace(run.cases[0], report_count=2)]


def gap(run: Run) -> None:
    run.events = [run.events[0], run.events[2]]


def edited(run: Run) -> None:
    run.events = [replace(run.events[0], actor="b"), *run.events[1:]]


def backwards(run: Run) -> None:
    run.events = [*run.events[:2], replace(run.events[2], at="2026-11-23T00:00:00.000000Z")]


def row_differs(run: Run) -> None:
    run.cases = [replace(run.cases[0], state="reported")]


def illegal_step(run: Run) -> None:
    run.steps = frozenset()


def history_without_row(run: Run) -> None:
    run.cases = []


def unpublished(run: Run) -> None:
    run.published = run.published[:2]


def inverted(run: Run) -> None:
    first, second, third = run.published
    run.published = [first, third, second]


def fired_twice(run: Run) -> None:
    again = dict(run.events[2].body)
    run.events = chain("c", *(e.body for e in run.events), again)  # type: ignore[arg-type]


def fired_early(run: Run) -> None:
    late = {**run.events[2].body, "due_at": "2026-11-25T00:00:00.000000Z"}
    run.events = chain("c", run.events[0].body, run.events[1].body, late)  # type: ignore[arg-type]


def timer_after_the_end(run: Run) -> None:
    run.cases = [replace(run.cases[0], state="rejected")]


def skipped_record(run: Run) -> None:
    run.consumed = [*run.consumed, Consumed(partition=0, offset=1, report="never")]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lost, "C1"),
        (refused_and_stored, "C1"),
        (named_twice, "C2"),
        (counted_wrong, "C2"),
        (gap, "C3"),
        (edited, "C3"),
        (backwards, "C3"),
        (row_differs, "C3"),
        (illegal_step, "C3"),
        (history_without_row, "C3"),
        (unpublished, "C4"),
        (inverted, "C4"),
        (fired_twice, "C7"),
        (fired_early, "C7"),
        (timer_after_the_end, "C7"),
        (skipped_record, "C8"),
    ],
)
def test_each_anomaly_is_found(spoil: Any, expected: str) -> None:
    run = good()
    spoil(run)
    assert expected in found(run)
