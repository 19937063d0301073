"""Each department and centre keeps its own calendar: a stage runs by that of who answers for it."""

import json
from dataclasses import replace

import pytest

from tests.unit.workflows.desk import STANDARDS, Desk, local
from workflows import Calendars, WorkingCalendar

EARLY = [{"from": "01-01", "to": "12-31", "spans": [["06:00", "14:00"]]}]
LONG = [{"from": "01-01", "to": "12-31", "spans": [["00:00", "24:00"]]}]


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """LIGHTS works from 6 to 14, the centre of 431103 day and night, and the city as ever."""
    document = json.loads((STANDARDS / "calendar-cn-2025-2026.json").read_text())
    early = WorkingCalendar.from_document({**document, "name": "early", "hours": EARLY}, 3)
    centre = WorkingCalendar.from_document({**document, "name": "centre", "hours": LONG}, 1)
    desk.calendars = Calendars(
        desk.calendars.current, (early, centre), {"LIGHTS": early, "431103": centre}
    )
    desk.now = local("2026-09-16T12:50")  # a Wednesday, in the city's rest at noon
    return desk


def test_a_department_answers_by_its_own_hours_and_its_centre_by_its(desk: Desk) -> None:
    desk.district = "431103"
    desk.open()
    assert desk.clock("accept").due_at == local("2026-09-16T13:05")
    assert desk.clock("accept").calendar == "centre@1"
    desk.act("file", "acceptor")
    desk.act("dispatch", "dispatcher")
    handle = desk.clock("handle")  # 1 工作日 of eight hours: 70 minutes today, the rest tomorrow
    assert (handle.calendar, handle.due_at) == ("early@3", local("2026-09-17T12:50"))


def test_a_return_changes_the_calendar_visibly_and_the_time_left_stays_the_departments(
    desk: Desk,
) -> None:
    desk.district = "431103"
    desk.open_dispatched()
    desk.wait(minutes=10)
    desk.act("return", "handler")
    told = {one["stage"]: one["calendar"] for one in desk.events[-1][1]["deadlines"]}
    assert told == {"handle": "early@3", "dispatch": "centre@1"}
    desk.wait(minutes=5)
    desk.act("dispatch", "dispatcher")
    assert desk.clock("handle").due_at == local("2026-09-17T12:55")
    desk.act("withdraw", "dispatcher")
    desk.act("dispatch", "dispatcher", department="ROADS")
    assert desk.clock("handle").calendar == desk.calendars.current.key


def test_who_names_no_calendar_keeps_the_citys(desk: Desk) -> None:
    desk.district = "431102"
    desk.open()
    assert desk.clock("accept").calendar == desk.calendars.current.key
    assert desk.calendars.of(None) is desk.calendars.current


def test_a_held_stage_of_a_stated_limit_runs_by_the_holders_calendar(desk: Desk) -> None:
    stages = dict(desk.definition.stages)
    stages["inspect"] = replace(stages["inspect"], held=True)
    stage_of = {s: stages[one.name] for s, one in desk.definition.stage_of.items()}
    desk.definition = replace(desk.definition, stages=stages, stage_of=stage_of)
    desk.district = "431103"
    desk.open_dispatched()
    for action in ("start", "feedback"):
        desk.act(action, "handler")
    assert desk.clock("inspect").calendar == "early@3"
