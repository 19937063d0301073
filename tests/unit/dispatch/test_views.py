"""A stored case as the workflow sees it: with the limit of its day, not of today's table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.cases.case import Case
from dispatch.cases.rebuilding import rebuild
from dispatch.cases.views import view_of
from tests.unit.dispatch.test_rebuilding import OPENED, SUMMARY, clock, history
from tests.unit.workflows.desk import STANDARDS, local
from tests.unit.workflows.succession import WATER_MAIN, fence_repair_restore
from workflows import (
    DEFINITIONS,
    Actor,
    Calendars,
    Category,
    Command,
    WorkingCalendar,
    decide,
    load_categories,
    load_definition,
    parse_limit,
    read_document,
)

SUPERVISOR = Actor(id="s", role="supervisor")


@pytest.fixture(scope="module")
def categories() -> dict[str, Category]:
    found = load_categories(read_document(STANDARDS / "gbt-30428.2-2013.yaml"))
    return {category.code: category for category in found}


def case_of(**fields: Any) -> Case:
    handling = clock("handle", limit="4 工作时", clock="working_hours")
    opened = {**OPENED, "state": "dispatched", "deadlines": [handling], **fields}
    return rebuild(history(opened)).case


def table_with(categories: dict[str, Category], limit: str) -> dict[str, Category]:
    """The catalogue after somebody changed the limit of E0110-1."""
    rubbish = categories["E0110"]
    row = replace(rubbish.conditions[0], limit=parse_limit(limit))
    return {**categories, "E0110": replace(rubbish, conditions=(row,))}


def limit_seen(case: Case, categories: dict[str, Category]) -> str:
    condition = view_of(case, categories).condition
    assert condition is not None
    return condition.limit.text


def test_a_case_keeps_the_limit_that_it_was_filed_with(categories: dict[str, Category]) -> None:
    changed = table_with(categories, "1 天")
    filed = case_of(limit="2 紧急工作时")
    assert filed.limit_text == "2 紧急工作时"
    assert limit_seen(filed, changed) == "2 紧急工作时"


def test_a_case_of_an_older_version_has_it_from_its_clock(categories: dict[str, Category]) -> None:
    old = case_of()
    assert old.limit_text is None
    assert limit_seen(old, table_with(categories, "1 天")) == "4 工作时"
    waiting = case_of(deadlines=[clock("accept", holder=None)])
    assert limit_seen(waiting, table_with(categories, "1 天")) == "1 天"


def test_the_row_that_follows_has_the_limit_of_the_cases_place() -> None:
    rows = fence_repair_restore()
    repair = replace(rows[1], profiles=(("A", parse_limit("6 紧急工作时")),))
    water = replace(next(iter(shipped_water())), conditions=(rows[0], repair, rows[2]))
    case = case_of(category=WATER_MAIN, condition=f"{WATER_MAIN}-1", limit="3 紧急工作时")
    table = {WATER_MAIN: water}
    assert view_of(case, table).successor == repair
    found = view_of(case, table, grades={case.city: "A"}).successor
    assert found is not None
    assert (found.code, found.limit.text) == (f"{WATER_MAIN}-2", "6 紧急工作时")
    last = case_of(category=WATER_MAIN, condition=f"{WATER_MAIN}-3", limit="5 工作日")
    assert view_of(last, table).successor is None
    alone = {WATER_MAIN: replace(water, conditions=rows[:1])}
    assert view_of(case, alone).successor is None


def shipped_water() -> list[Category]:
    found = load_categories(read_document(STANDARDS / "gbt-30428.2-2013.yaml"))
    return [category for category in found if category.code == WATER_MAIN]


def test_an_action_leaves_a_running_clock_as_it_is_whatever_the_table_says(
    categories: dict[str, Category],
) -> None:
    definition = load_definition(read_document(DEFINITIONS / "urban_management-2.yaml"))
    document = read_document(STANDARDS / "calendar-cn-2025-2026.json")
    calendars = Calendars(WorkingCalendar.from_document(document, 1))
    now = local("2026-11-25T09:00")
    running = clock(
        "handle", limit="4 工作时", clock="working_hours", calendar=calendars.current.key
    )
    case = case_of(limit="4 工作时", deadlines=[running])
    view = view_of(case, table_with(categories, "1 天"))
    command = Command(action="urge", actor=SUPERVISOR, reason="citizens wait")
    decision = decide(definition, view, command, now + timedelta(hours=1), calendars)
    assert decision.deadlines == case.deadlines
    assert decision.condition is not None
    assert decision.condition.limit.text == "4 工作时"


def test_every_event_tells_the_limit() -> None:
    told = {**SUMMARY, "limit": "1 天"}
    assert rebuild(history({**OPENED, "limit": "4 工作时"}, told)).case.limit_text == "1 天"
    assert case_of(limit="1 天").summary()["limit"] == "1 天"
