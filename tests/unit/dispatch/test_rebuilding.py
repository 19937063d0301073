"""The fold from events to a case, one rule at a time; whole lives are in the integration tests."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatch.cases.history import CaseEvent
from dispatch.cases.rebuilding import NotTold, differences, rebuild

START = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
CASE = uuid.UUID(int=7)
SUMMARY: Mapping[str, Any] = {
    "number": "YZ202611250001", "state": "dispatched", "version": 1, "category": "E0110",
    "condition": "E0110-1", "department": "d-1",
    "areas": {"city": "431100", "district": "431103", "community": "431103001001"},
    "lon": "111.6075000", "lat": "26.4203000",
}  # fmt: skip
PARTS = {"parts": [{"code": "P1", "class": "0101", "distance_m": "1.00"}]}
OPENED: Mapping[str, Any] = {
    **SUMMARY, "line": "urban_management", "definition": "urban_management@1", "x": "560000.5",
    "y": "2923000.25", "report": "r-1", "source": "member", "filing": {"why": []}, "links": PARTS,
    "accuracy_m": "8.0", "map_version": 1, "possible_duplicate_of": None, "part": "P1",
    "photos": ["p-1"],
}  # fmt: skip


def clock(stage: str, **fields: Any) -> dict[str, Any]:
    return {
        "stage": stage, "limit": "4 紧急工作时", "clock": "urgent_hours", "calendar": "yongzhou@1",
        "started_at": "2026-11-25T00:00:00.000000Z", "due_at": "2026-11-25T04:00:00.000000Z",
        "provisional": False, "used_us": 0, "holder": "d-1", "stopped_at": None, "rung": 0,
        **fields,
    }  # fmt: skip


def history(*bodies: Mapping[str, Any]) -> list[CaseEvent]:
    return [
        CaseEvent(
            case_id=CASE, opened_month="2026-11-01", seq=n, type="wangge.case.something.v1",
            at=START + timedelta(hours=n - 1), actor="a", body=body, previous_hash=bytes(32),
            hash=bytes([n]),
        )
        for n, body in enumerate(bodies, start=1)
    ]  # fmt: skip


def test_the_opening_alone_is_a_whole_case() -> None:
    case = rebuild(history(OPENED)).case
    assert (case.id, case.seq, case.head_hash) == (CASE, 1, b"\x01")
    assert (case.x, case.y, case.lon, case.lat) == (560000.5, 2923000.25, 111.6075, 26.4203)
    assert (case.opened_at, case.last_at, case.closed_at) == (START, START, None)
    assert (case.part, case.links, case.report_count) == ("P1", PARTS, 1)
    assert case.handled_by == ("d-1",)


def test_a_part_that_nobody_knew_is_not_the_cases() -> None:
    told = {**OPENED, "filing": {"why": ["part-unknown"]}}
    assert rebuild(history(told)).case.part is None


def test_links_of_an_attached_report_are_not_the_cases() -> None:
    attached = {**SUMMARY, "report": "r-2", "links": {"parts": []}, "photos": ["p-2"]}
    standing = rebuild(history(OPENED, attached))
    assert standing.case.links == PARTS
    assert (standing.case.report_count, standing.reports) == (2, ["r-1", "r-2"])
    assert standing.photos == {"p-1", "p-2"}


def test_a_moved_case_has_its_new_place_links_and_line() -> None:
    moved = {
        **SUMMARY, "version": 2, "lon": "111.7000000", "links": {"parts": []}, "map_version": 2,
        "line": "public_service", "x": "1.0", "y": "2.0", "was_place": {"links": PARTS},
    }  # fmt: skip
    case = rebuild(history(OPENED, moved)).case
    assert (case.lon, case.x, case.map_version, case.version) == (111.7, 1.0, 2, 2)
    assert (case.links, case.line) == ({"parts": []}, "public_service")


def test_a_case_in_another_map_has_other_areas_and_lies_where_it_lay() -> None:
    areas = {**SUMMARY["areas"], "district": "431102"}
    told = {**SUMMARY, "version": 2, "areas": areas, "map_version": 2, "was_place": {}}
    case = rebuild(history(OPENED, told)).case
    assert (case.district, case.map_version, case.version) == ("431102", 2, 2)
    assert (case.x, case.links, case.line) == (560000.5, PARTS, "urban_management")


def test_clocks_are_replaced_by_stage_and_rungs_move_theirs() -> None:
    stopped = clock("accept", due_at=None, stopped_at="2026-11-25T01:00:00.000000Z")
    told = history(
        {**OPENED, "deadlines": [clock("accept")]},
        {**SUMMARY, "stage": "accept", "rung": 1, "department": "told"},
        {**SUMMARY, "deadlines": [{**stopped, "rung": 2}, clock("handle")]},
    )
    early = rebuild(told[:2]).case
    assert [(one.stage, one.rung) for one in early.deadlines] == [("accept", 2)]
    assert early.department == "d-1"  # the rung tells whom it told
    late = rebuild(told).case
    assert [one.stage for one in late.deadlines] == ["accept", "handle"]
    assert late.due_at == datetime(2026, 11, 25, 4, tzinfo=UTC)
    assert not late.deadlines[0].running


def test_every_department_that_held_it_is_remembered_in_order() -> None:
    bodies = [{**SUMMARY, "department": name} for name in (None, "d-2", "d-1", "d-3")]
    assert rebuild(history(OPENED, *bodies)).case.handled_by == ("d-1", "d-2", "d-3")


def test_marks_are_merged_and_one_that_is_told_as_null_goes() -> None:
    bodies = [{**SUMMARY, "marks": told} for told in ({"a": 1}, {"a": 2, "b": 1}, {"b": None})]
    assert rebuild(history(OPENED)).case.marks == {}
    assert rebuild(history(OPENED, *bodies[:2], SUMMARY)).case.marks == {"a": 2, "b": 1}
    assert rebuild(history(OPENED, *bodies)).case.marks == {"a": 2}


def test_the_event_that_ends_a_case_dates_its_end() -> None:
    case = rebuild(history(OPENED, {**SUMMARY, "closed": True}, SUMMARY)).case
    assert case.closed_at == START + timedelta(hours=1)


def test_a_reopened_case_has_no_end_and_only_the_clocks_that_are_told_anew() -> None:
    told = history(
        {**OPENED, "deadlines": [clock("handle")]},
        {**SUMMARY, "closed": True},
        {**SUMMARY, "reopened": True, "deadlines": [clock("dispatch")]},
    )
    case = rebuild(told).case
    assert case.closed_at is None
    assert [one.stage for one in case.deadlines] == ["dispatch"]


@pytest.mark.parametrize("events", [[], history(SUMMARY)])
def test_a_history_without_its_beginning_is_refused(events: list[CaseEvent]) -> None:
    with pytest.raises(NotTold):
        rebuild(events)


def test_a_tenth_of_a_metre_is_as_exact_as_an_accuracy_is_told() -> None:
    one, other = (rebuild(history(OPENED)).case for _ in range(2))
    one.accuracy_m = 8.04
    assert differences(one, other) == []
    one.accuracy_m = 8.06
    assert differences(one, other) == [("accuracy_m", "8.1", "8.0")]
