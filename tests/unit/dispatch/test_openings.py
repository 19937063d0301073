"""Openings of one batch: what is alike is decided once, and each case gets what it would alone."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from dispatch.cases.case import Case
from dispatch.cases.ledger import Ledger
from dispatch.catalogue.definitions import load_definitions
from dispatch.engine import opening
from dispatch.engine.filing import NO_PART
from dispatch.engine.joining import Join
from dispatch.engine.opening import Openings, Prepared
from dispatch.engine.rules import Rules
from dispatch.reports.report import LocatedReport
from grid.departments import Duty, DutyTable
from grid.linking import Links
from tests.located import located_report
from tests.unit.dispatch.test_explaining import category, condition
from workflows.calendar import Calendars, WorkingCalendar
from workflows.categories import Line
from workflows.limits import parse_limit

NOON = datetime(2026, 9, 16, 4, 20, tzinfo=UTC)
STANDARDS = Path(__file__).parents[3] / "data" / "standards"
NEW, OLD, LANES, COUNTY = "431103001001", "431103001002", "431103001003", "431102001001"
LONG = [{"from": "01-01", "to": "12-31", "spans": [["00:00", "24:00"]]}]


@pytest.fixture
def rules() -> Rules:
    """Two rows of one category, of which one has another limit in the old town; another category
    for which nobody answers there; lanes with a department of their own; and a county whose centre
    never rests.
    """
    document = json.loads((STANDARDS / "calendar-cn-2025-2026.json").read_text())
    centre = WorkingCalendar.from_document({**document, "name": "centre", "hours": LONG}, 1)
    city = WorkingCalendar.from_document(document, 1)
    shorter = replace(condition("E0110-1"), profiles=(("old", parse_limit("1 紧急工作时")),))
    longer = replace(condition("E0110-2"), limit=parse_limit("3 工作日"))
    duties = (
        ("urban", "E0110", "431103"), ("rural", "E0110", "431102"),
        ("lanes", "E0110", LANES), ("roads", "E0112", NEW), ("roads", "E0112", "431102"),
    )  # fmt: skip
    return Rules(
        opening={Line.URBAN_MANAGEMENT: load_definitions()["urban_management@2"]},
        calendars=Calendars(city, (centre,), {"431102": centre}),
        categories={
            "E0110": replace(category(), conditions=(shorter, longer)),
            "E0112": replace(category(), code="E0112", conditions=(condition("E0112-1"),)),
        },
        grades={OLD: "old"},
        duties=DutyTable(
            Duty(id=n, department=department, category=code, area=area)
            for n, (department, code, area) in enumerate(duties, 1)
        ),
        trusted_sources=frozenset({"member"}),
        zone=ZoneInfo("Asia/Shanghai"),
    )


def every_sort() -> list[LocatedReport]:
    """Each sort of report three times: what, where, from whom."""
    wanted = [("E0110", None), ("E0110", "E0110-1"), ("E0110", "E0110-2"), ("E0112", None)]
    sorts = product(wanted, (NEW, OLD, LANES, COUNTY), ("member", "public"), range(3))
    return [
        located_report(
            id=str(UUID(int=number)), category=code, condition=row, community=community,
            district=community[:6], source=source,
        )
        for number, ((code, row), community, source, _) in enumerate(sorts)
    ]  # fmt: skip


def opened(openings: Openings, ledger: Ledger, number: int, one: LocatedReport) -> tuple[Any, ...]:
    """All that is written of the case that opens for a report."""
    prepared = Prepared(report=one, links=Links(), part=NO_PART, salt=bytes(16))
    join = Join(case=UUID(int=number), opens=True)
    case = openings.open_for(prepared, join, number=f"YZ{number}")
    change = ledger._changes[case.id]
    row = {name: getattr(case, name) for name in Case.__slots__}
    events = [event for event in ledger._events if event[1] == change.id]
    return row, change.timer, change.timer_set, change.replaced, events


def test_each_case_gets_what_it_would_get_alone(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions = []
    decide = opening.open_case

    def counted(*given: Any) -> Any:
        decisions.append(given)
        return decide(*given)

    monkeypatch.setattr(opening, "open_case", counted)
    reports = every_sort()
    ledger = Ledger()
    openings = Openings(rules, ledger, NOON)
    together = [opened(openings, ledger, *numbered) for numbered in enumerate(reports)]
    assert len(decisions) < len(reports) / 3

    for number, one in enumerate(reports):
        ledger = Ledger()
        alone = opened(Openings(rules, ledger, NOON), ledger, number, one)
        assert alone == together[number], one

    rows = [row for row, *_ in together]
    assert {row["limit_text"] for row in rows} == {None, "1 紧急工作时", "4 工作时", "3 工作日"}
    assert {row["department"] for row in rows} == {None, "urban", "rural", "lanes", "roads"}
    assert {bool(row["marks"]) for row in rows} == {False, True}
