"""The checker itself: a good run passes, and each anomaly is found by the check meant for it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.faults.checker import check, recomputed_hash
from tests.faults.histories import (
    Chain,
    at,
    clock,
    good,
    good_events,
    heard_all,
    record_of,
    row_of,
    text,
)
from tests.faults.recorded import (
    ActionCall,
    Event,
    Heard,
    Outcome,
    Recorded,
    ReportCall,
    ReportRow,
)

Spoil = Callable[[Recorded], Recorded]


def rechained(events: Sequence[Event]) -> list[Event]:
    """The events with numbers and hashes that fit again, as a forger would leave them."""
    made: list[Event] = []
    for event in events:
        previous = made[-1].hash if made else "0" * 64
        new = replace(event, seq=len(made) + 1, previous_hash=previous)
        made.append(replace(new, hash=recomputed_hash(new)))
    return made


def with_events(run: Recorded, events: Sequence[Event]) -> Recorded:
    """The run with another history that the topic has too and the row's head agrees with."""
    last = events[-1]
    row = replace(run.cases[0], seq=last.seq, head_hash=last.hash, last_at=last.at)
    records = [record_of(event) for event in events]
    feeds = [heard_all(records)]
    return replace(run, events=events, cases=[row], case_records=records, feeds=feeds)


def changed(run: Recorded, number: int, **body: object) -> Recorded:
    """The run in which one event has always said something else."""
    events = list(run.events)
    events[number] = replace(events[number], body={**events[number].body, **body})
    return with_events(run, rechained(events))


def acknowledged_and_lost(run: Recorded) -> Recorded:
    lost = ReportCall(report="gone", text="x", outcome=Outcome.OK)
    return replace(run, report_calls=[*run.report_calls, lost])


def refused_and_stored(run: Recorded) -> Recorded:
    row = ReportRow(id="r4", case="case-1", fingerprint="f4", text="bad")
    return replace(run, reports=[*run.reports, row])


def action_answered_and_lost(run: Recorded) -> Recorded:
    act = ActionCall(
        case="case-1", event_type="wangge.case.closed.v1", version=4, outcome=Outcome.OK
    )
    return replace(run, action_calls=[act])


def stored_twice(run: Recorded) -> Recorded:
    return replace(run, reports=[*run.reports, run.reports[0]])


def named_twice(run: Recorded) -> Recorded:
    return with_events(run, rechained([*run.events[:2], run.events[1], *run.events[2:]]))


def named_in_another_case(run: Recorded) -> Recorded:
    return replace(run, reports=[replace(run.reports[0], case="case-2"), run.reports[1]])


def named_without_a_row(run: Recorded) -> Recorded:
    return replace(run, reports=run.reports[:1])


def a_number_missing(run: Recorded) -> Recorded:
    return replace(run, events=[*run.events[:2], *run.events[3:]])


def edited(run: Recorded) -> Recorded:
    return replace(run, events=[replace(run.events[0], actor="other"), *run.events[1:]])


def cut_and_chained_anew(run: Recorded) -> Recorded:
    return replace(run, events=run.events[:4])


def backwards_in_time(run: Recorded) -> Recorded:
    events = [*run.events[:3], replace(run.events[3], at=at(1)), run.events[4]]
    return with_events(run, rechained(events))


def row_in_another_state(run: Recorded) -> Recorded:
    return replace(run, cases=[replace(run.cases[0], state="handling")])


def row_at_another_version(run: Recorded) -> Recorded:
    return replace(run, cases=[replace(run.cases[0], version=9)])


def a_step_the_definition_lacks(run: Recorded) -> Recorded:
    events = list(run.events)
    events[3] = replace(events[3], type="wangge.case.closed.v1")
    return with_events(run, rechained(events))


def a_version_raised_twice(run: Recorded) -> Recorded:
    return changed(run, 3, version=3)


def history_without_row(run: Recorded) -> Recorded:
    return replace(run, cases=[])


def row_without_history(run: Recorded) -> Recorded:
    return replace(run, events=[], case_records=[], reports=[], cases=run.cases)


def unpublished(run: Recorded) -> Recorded:
    return replace(run, case_records=run.case_records[:-1])


def published_out_of_order(run: Recorded) -> Recorded:
    first, second, *rest = (record_of(event) for event in run.events)
    return replace(run, case_records=[second, first, *rest])


def published_in_the_wrong_district(run: Recorded) -> Recorded:
    strays = [record_of(event, "431103") for event in run.events]
    return replace(run, case_records=[*run.case_records, *strays])


def published_and_never_committed(run: Recorded) -> Recorded:
    ghost = replace(run.case_records[-1], seq=6)
    return replace(run, case_records=[*run.case_records, ghost])


def published_otherwise(run: Recorded) -> Recorded:
    other = replace(run.case_records[-1], body={"state": "closed"})
    return replace(run, case_records=[*run.case_records[:-1], other])


def fired_again(run: Recorded) -> Recorded:
    return with_events(run, rechained([*run.events[:3], run.events[2], *run.events[3:]]))


def fired_early(run: Recorded) -> Recorded:
    return changed(run, 2, due_at=text(2890))


def set_too_early(run: Recorded) -> Recorded:
    return changed(run, 2, due_at=text(60))


def a_rung_left_out(run: Recorded) -> Recorded:
    return changed(run, 2, rung=1)


def fired_while_the_clock_stands(run: Recorded) -> Recorded:
    chain = Chain("case-1", events=good_events())
    chain.add("overdue", 3700, state="handled", version=3, stage="handle", rung=1,
              due_at=text(3600))  # fmt: skip
    return with_events(run, chain.events)


def clocks_of_the_row_differ(run: Recorded) -> Recorded:
    return replace(run, cases=[replace(run.cases[0], deadlines=[clock("inspect", 3000)])])


def timer_lost(run: Recorded) -> Recorded:
    return replace(run, timers=[])


def timer_of_a_final_case(run: Recorded) -> Recorded:
    chain = Chain("case-1", events=good_events())
    chain.add("voided", 3005, state="voided", version=4, role="supervisor",
              **{"from": "handled"}, deadlines=[])  # fmt: skip
    again = with_events(run, chain.events)
    row = row_of(chain.events, state="voided", version=4)
    return replace(again, cases=[row])


def timer_never_fired(run: Recorded) -> Recorded:
    return replace(run, ended_at=at(6000))


def timer_without_a_case(run: Recorded) -> Recorded:
    return replace(run, timers=[*run.timers, replace(run.timers[0], case="case-9")])


def a_record_skipped(run: Recorded) -> Recorded:
    return replace(run, next_offsets={0: 6})


def a_record_gone(run: Recorded) -> Recorded:
    return replace(run, next_offsets={0: 7})


def hearing(run: Recorded, heard: Sequence[Heard], ends: int | None = None) -> Recorded:
    """The run whose reader heard this instead."""
    (log,) = run.feeds
    (part,) = log.segments
    told = part.ends if ends is None else dict.fromkeys(part.ends, ends)
    return replace(run, feeds=[replace(log, segments=[replace(part, heard=heard, ends=told)])])


def heard_of(run: Recorded) -> list[Heard]:
    return list(run.feeds[0].segments[0].heard)


def unheard(run: Recorded) -> Recorded:
    return hearing(run, heard_of(run)[:-2] + heard_of(run)[-1:])


def heard_out_of_order(run: Recorded) -> Recorded:
    *most, last_but_one, last = heard_of(run)
    return hearing(run, [*most, last, last_but_one])


def heard_and_never_committed(run: Recorded) -> Recorded:
    return hearing(run, [*heard_of(run), Heard(case="case-1", seq=6, hash="00" * 32)])


def a_feed_that_stopped(run: Recorded) -> Recorded:
    return hearing(run, heard_of(run)[:-1], ends=6)


def a_feed_that_never_began(run: Recorded) -> Recorded:
    return replace(run, feeds=[replace(run.feeds[0], segments=[])])


ANOMALIES: tuple[tuple[Spoil, str], ...] = (
    (acknowledged_and_lost, "C1"),
    (refused_and_stored, "C1"),
    (action_answered_and_lost, "C1"),
    (stored_twice, "C2"),
    (named_twice, "C2"),
    (named_in_another_case, "C2"),
    (named_without_a_row, "C2"),
    (a_number_missing, "C3"),
    (edited, "C3"),
    (cut_and_chained_anew, "C3"),
    (backwards_in_time, "C3"),
    (row_in_another_state, "C3"),
    (row_at_another_version, "C3"),
    (a_step_the_definition_lacks, "C3"),
    (a_version_raised_twice, "C3"),
    (history_without_row, "C3"),
    (row_without_history, "C3"),
    (unpublished, "C4"),
    (published_out_of_order, "C4"),
    (published_in_the_wrong_district, "C4"),
    (published_and_never_committed, "C4"),
    (published_otherwise, "C4"),
    (fired_again, "C7"),
    (fired_early, "C7"),
    (set_too_early, "C7"),
    (a_rung_left_out, "C7"),
    (fired_while_the_clock_stands, "C7"),
    (clocks_of_the_row_differ, "C7"),
    (timer_lost, "C7"),
    (timer_of_a_final_case, "C7"),
    (timer_never_fired, "C7"),
    (timer_without_a_case, "C7"),
    (a_record_skipped, "C8"),
    (a_record_gone, "C8"),
    (unheard, "C9"),
    (heard_out_of_order, "C9"),
    (heard_and_never_committed, "C9"),
    (a_feed_that_stopped, "C9"),
    (a_feed_that_never_began, "C9"),
)


def test_a_good_run_has_no_violation() -> None:
    assert [str(violation) for violation in check(good())] == []


@pytest.mark.parametrize(
    ("spoil", "expected"), ANOMALIES, ids=lambda one: getattr(one, "__name__", "")
)
def test_each_anomaly_is_found(spoil: Spoil, expected: str) -> None:
    assert expected in {violation.check for violation in check(spoil(good()))}


def remapped(version: int) -> Recorded:
    """A run whose case is moved to another district by a new map, as a last event."""
    run = good()
    chain = Chain("case-1", district="431103", events=list(run.events))
    was = {"areas": {"district": "431102"}, "map_version": 1}
    chain.add("remapped", 3005, state="handled", version=version, map_version=2, was_place=was)
    moved = with_events(run, chain.events)
    last = chain.events[-1]
    left, entered = record_of(last, offset=7), record_of(last, district="431103", offset=0)
    records = [*run.case_records, left, entered]
    return replace(
        moved,
        cases=[replace(moved.cases[0], version=version)],
        case_records=records,
        feeds=[heard_all(records)],
    )


def test_a_case_moved_by_a_new_map_is_in_order_when_its_version_rises() -> None:
    assert check(remapped(version=4)) == []
    assert [(one.check, one.subject) for one in check(remapped(version=3))] == [("C3", "case-1")]


def recomputed(version: int) -> Recorded:
    """A run whose case follows a newer calendar, as a last event."""
    run = good()
    chain = Chain("case-1", district="431102", events=list(run.events))
    chain.add("deadline-recomputed", 3005, state="handled", version=version)
    records = [*run.case_records, record_of(chain.events[-1], offset=7)]
    followed = with_events(run, chain.events)
    return replace(
        followed,
        cases=[replace(followed.cases[0], version=version)],
        case_records=records,
        feeds=[heard_all(records)],
    )


def test_a_case_that_follows_a_newer_calendar_is_in_order_when_its_version_rises() -> None:
    assert check(recomputed(version=4)) == []
    assert [(one.check, one.subject) for one in check(recomputed(version=3))] == [("C3", "case-1")]


def test_a_case_moved_by_a_new_map_is_told_in_both_districts() -> None:
    run = remapped(version=4)
    lost = replace(run, case_records=run.case_records[:-1])
    assert [one.check for one in check(lost)] == ["C4"]


def test_a_reader_that_was_told_to_load_anew_need_not_have_heard_what_was_before() -> None:
    run = good()
    (log,) = run.feeds
    (part,) = log.segments
    begun = replace(part, ends={"431102-0a1b2c3d": 2}, heard=part.heard[:2])
    anew = replace(part, starts={"431102-0a1b2c3d": 6}, heard=part.heard[6:])
    assert check(replace(run, feeds=[replace(log, segments=[begun, anew])])) == []
    assert [one.check for one in check(replace(run, feeds=[replace(log, segments=[anew, begun])]))]
