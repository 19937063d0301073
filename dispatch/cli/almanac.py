"""Calendars on the terminal: a list, a year as a sheet, and what a new version changes."""

import calendar as names
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dispatch.catalogue.calendars import Loaded
from dispatch.changing.recomputing import Tally
from workflows.almanac import (
    Change,
    Day,
    Mark,
    day_changes,
    holidays,
    hour_changes,
    hours_text,
    notice_changes,
    year_sheet,
)
from workflows.workdays import DEFAULT_SPANS, DayKind, Hours, Workdays

MONTHS = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月".split()
WEEK = "一二三四五六日"
SIGNS = {Mark.REST: "休", Mark.MAKE_UP: "班", Mark.WORKDAY: "  ", Mark.WEEKEND: "  "}
STYLES = {Mark.REST: "red", Mark.MAKE_UP: "bold cyan", Mark.WORKDAY: "", Mark.WEEKEND: "dim"}
MONTH_WIDTH, GAP = 35, 3
RULES = {
    "sliding": "工作日 is 8 working hours (sliding)",
    "end-of-day": "工作日 ends with the n-th working day (end-of-day)",
}


def summary(rules: Workdays) -> str:
    """A calendar in a line."""
    kinds = Counter(named.kind for named in rules.days.values())
    return (
        f"settled {rules.first} to {rules.last}, {rules.zone}, {RULES[rules.rule.value]}, "
        f"{kinds[DayKind.REST]} rest days, {kinds[DayKind.WORK]} workdays named"
    )


def show_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Each version in a line."""
    table = Table(box=None, pad_edge=False)
    for heading in ("calendar", "where", "settled", "workday", "timezone", ""):
        table.add_column(heading)
    for row in rows:
        version = row["version"]
        table.add_row(
            row["name"] if version is None else f"{row['name']}@{version}",
            row["where"],
            f"{row['from']} to {row['until']}",
            row["workday"],
            row["timezone"],
            "in use 使用中" if row["in_use"] else "",
        )
    Console(highlight=False).print(table)


def show_year(rules: Workdays, year: int) -> None:
    """The twelve months, the holidays by name, and the working hours."""
    console = Console(highlight=False)
    sheet = year_sheet(rules, year)
    console.print(f"{rules.name} {year}  ({rules.zone})", style="bold")
    across = max(1, min(3, (console.width + GAP) // (MONTH_WIDTH + GAP)))
    blocks = [_month(list(days)) for _, days in groupby(sheet, key=lambda one: one.day.month)]
    for start in range(0, 12, across):
        row = blocks[start : start + across]
        for lines in zip(*row, strict=True):
            week = Text(" " * GAP).join(lines)
            week.rstrip()
            console.print(week, no_wrap=True)
    console.print("休 rest day  班 make-up workday 调休上班  ~ provisional 暂定")
    _show_names(console, sheet)
    for line in _hours_lines(rules):
        console.print(line)
    counts = Counter(one.mark for one in sheet)
    worked = counts[Mark.WORKDAY] + counts[Mark.MAKE_UP]
    provisional = sum(one.provisional for one in sheet)
    console.print(
        f"{worked} workdays, {len(sheet) - worked} days of rest, {provisional} provisional"
    )


def show_loaded(loaded: Loaded, in_use: str) -> None:
    """What a load stored, and what its version changes day by day."""
    console = Console(highlight=False, soft_wrap=True)
    key = f"{loaded.new.name}@{loaded.version}"
    if not loaded.stored:
        console.print(f"{key} says the same already; nothing is stored")
        return
    console.print(f"{key} is stored: {summary(loaded.new)}")
    if loaded.old is not None:
        _show_changes(console, loaded.old, loaded.new)
    if loaded.new.name != in_use:
        console.print(
            f"The calendar in use is {in_use} (WANGGE_CALENDAR); load with `--as {in_use}` to "
            "renew that one."
        )
    elif loaded.old is not None:
        console.print(
            "New clocks run by it. Open deadlines keep their moments; `wangge calendar recompute` "
            "computes them anew."
        )


def show_recomputed(tally: Tally, zone: ZoneInfo, *, dry_run: bool) -> None:
    """How many cases changed or would, the first due moments that moved, and what was left."""
    console = Console(highlight=False, soft_wrap=True)
    would = "would follow" if dry_run else "follow"
    console.print(
        f"{tally.cases:,} open cases {would} a newer calendar; {tally.moved:,} due moments move"
    )
    for one in tally.first:
        old, new = (_moment(clock.due_at, zone) for clock in (one.old, one.new))
        console.print(
            f"  {one.number} {one.new.stage}: {old} ({one.old.calendar}) -> "
            f"{new} ({one.new.calendar})"
        )
    if tally.moved > len(tally.first):
        console.print(f"  … and {tally.moved - len(tally.first):,} more")
    for number, why in tally.left:
        console.print(f"[red]{number} stays as it is: {why}[/red]")


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return "-" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _show_changes(console: Console, old: Workdays, new: Workdays) -> None:
    for name, a, b in (("timezone", old.zone, new.zone), ("workday", old.rule, new.rule)):
        if a != b:
            console.print(f"{name}: {a} -> {b}")
    for heading, changes in (
        ("days 日期", day_changes(old, new)),
        ("hours 工作时间", hour_changes(old, new)),
        ("notices 通知", notice_changes(old, new)),
    ):
        if changes:
            console.print(f"{heading}:")
        for change in changes:
            console.print(f"  {_change(change)}")


def _change(change: Change) -> str:
    when = f"{change.first:%Y-%m-%d %a}"
    if change.last != change.first:
        when = f"{change.first} to {change.last}"
    if change.old.zh == change.old.en:
        return f"{when}  {change.old.zh} -> {change.new.zh}"
    return f"{when}  {change.old.zh} {change.old.en} -> {change.new.zh} {change.new.en}"


def _month(days: Sequence[Day]) -> list[Text]:
    """Eight lines of one width: the name, the days of the week, at most six weeks."""
    month = days[0].day.month
    title = Text(f"{MONTHS[month - 1]} {names.month_name[month]}", style="bold")
    lines = [title, Text("".join(f" {sign}  " for sign in WEEK), style="dim")]
    cells = [Text(" " * 5)] * days[0].day.weekday() + [_cell(day) for day in days]
    lines += [Text("").join(cells[start : start + 7]) for start in range(0, len(cells), 7)]
    lines += [Text("")] * (8 - len(lines))
    for line in lines:
        line.pad_right(MONTH_WIDTH - line.cell_len)
    return lines


def _cell(day: Day) -> Text:
    sign = "~" if day.provisional else " "
    style = STYLES[day.mark]
    return Text(f"{sign}{day.day.day:2}{SIGNS[day.mark]}", style=style)


def _show_names(console: Console, sheet: Sequence[Day]) -> None:
    for each in holidays(sheet):
        days = f"{each.first:%m-%d}"
        if each.last != each.first:
            days += f" to {each.last:%m-%d}"
        console.print(f"{days:<15} {each.label.zh} {each.label.en}")
    made_up = [f"{one.day:%m-%d}" for one in sheet if one.mark is Mark.MAKE_UP]
    if made_up:
        console.print(f"调休上班 make-up workdays: {', '.join(made_up)}")


def _hours_lines(rules: Workdays) -> Iterator[str]:
    for row in rules.hours:
        yield f"工作时间 working hours {_validity(row)}{hours_text(row.spans)}"
    if all(row.first is not None or row.last is not None for row in rules.hours):
        yield f"工作时间 working hours otherwise {hours_text(DEFAULT_SPANS)}"


def _validity(row: Hours) -> str:
    ends = [("from", row.first), ("to", row.last)]
    told = [
        f"{word} {end[0]:02}-{end[1]:02}" if isinstance(end, tuple) else f"{word} {end}"
        for word, end in ends
        if end is not None
    ]
    return "".join(f"{one} " for one in told)
