"""What a check of the duty roster tells: on the screen, and as JSON."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import typer

from grid.departments import Department, DepartmentKind
from grid.roster import Gap, Roster

SHOWN = 20
DAYS, DAYS_MOST = 7, 366

Gaps = Mapping[str, tuple[Gap, ...]]
"""The stretches without anybody on duty, by the code of the department."""


def roster_gaps(
    roster: Roster, departments: Mapping[str, Department], now: datetime, days: int
) -> Gaps:
    """The gaps of the next days: of every centre, and of every department that has a turn."""
    start = now.replace(second=0, microsecond=0)
    asked = [
        one.code
        for one in departments.values()
        if one.kind is DepartmentKind.CENTRE or one.code in roster.departments
    ]
    found = {code: roster.gaps(code, start, start + timedelta(days=days)) for code in asked}
    return {code: gaps for code, gaps in found.items() if gaps}


def gaps_json(gaps: Gaps, days: int) -> str:
    """Every gap, in local time."""
    items = [
        {"department": code, "from": _text(start), "to": _text(end)}
        for code, found in gaps.items()
        for start, end in found
    ]
    return json.dumps({"days": days, "gaps": items})


def show_gaps(gaps: Gaps, departments: Mapping[str, Department], days: int) -> None:
    """The first gaps, by department."""
    lines = [
        f"  {code} {departments[code].name_zh}: nobody on duty 无人值班 "
        f"{_text(start)} to {_text(end)}"
        for code, found in gaps.items()
        for start, end in found
    ]
    typer.echo(f"{len(lines):,} gaps in the next {days} days")
    for line in lines[:SHOWN]:
        typer.echo(line)
    if len(lines) > SHOWN:
        typer.echo(f"… and {len(lines) - SHOWN:,} more: --json has them all")


def _text(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M}"
