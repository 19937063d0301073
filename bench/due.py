"""Due moments in bulk: in arrays, and as the lines of `wangge due --batch` with their reasons."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time

import numpy as np
import orjson

from bench.figures import Figure
from dispatch.catalogue.due import CalendarShelf, reckon_lines
from dispatch.catalogue.due_shared import reckon_shared
from workflows.bulk import BulkReckoner
from workflows.calendar import WorkingCalendar
from workflows.limits import Limit, parse_limit
from workflows.worktime import to_micros

LIMITS = ("2 紧急工作时", "4 工作时", "1 工作日", "3 工作日", "5 天", "12 工作时")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BUDGET = "≥ 100,000"


def due_moments(count: int) -> Iterator[Figure]:
    """So many starts over one year, each with one of a few limits."""
    starts, limits = _asked(count)
    calendar = CalendarShelf().get("cn")
    yield _arrays(calendar, starts, limits)
    lines = [
        orjson.dumps({"start": start.isoformat(), "limit": limit.text}) + b"\n"
        for start, limit in zip(starts, limits, strict=True)
    ]
    yield _lines(lines)
    yield _shared(lines)


def _asked(count: int) -> tuple[list[datetime], list[Limit]]:
    pick = random.Random(20261130)
    starts = [FIRST + timedelta(seconds=pick.randrange(330 * 86_400)) for _ in range(count)]
    return starts, [parse_limit(pick.choice(LIMITS)) for _ in range(count)]


def _arrays(calendar: WorkingCalendar, starts: list[datetime], limits: list[Limit]) -> Figure:
    begins = np.array([to_micros(start) for start in starts], np.int64)
    table = np.array(calendar.time.starts, np.int64)
    reckoner = BulkReckoner(calendar)
    started = perf_counter()
    reckoner.due(begins, limits)
    seconds = perf_counter() - started
    started = perf_counter()
    for _ in range(2):
        np.searchsorted(table, begins)
    raw_s = perf_counter() - started
    return Figure(
        name="due moments, in arrays",
        value=len(starts) / seconds,
        unit="moments/s",
        raw=len(starts) / raw_s,
        raw_is="two binary searches for each in the calendar's table",
        budget=BUDGET,
    )


def _lines(lines: list[bytes]) -> Figure:
    begun, used = perf_counter(), process_time()
    told = list(reckon_lines(lines, CalendarShelf().get))
    seconds, used = perf_counter() - begun, process_time() - used
    answers = [orjson.loads(line) for line in told]
    begun = perf_counter()
    for line, answer in zip(lines, answers, strict=True):
        orjson.loads(line)
        orjson.dumps(answer)
    raw_s = perf_counter() - begun
    spans = sum(len(answer["breakdown"]) for answer in answers)
    return Figure(
        name="due moments, lines with their breakdowns",
        value=len(lines) / seconds,
        unit="lines/s",
        raw=len(lines) / raw_s,
        raw_is="reading the same lines and writing the same answers as JSON",
        budget=BUDGET,
        note=f"{len(lines) / used:,.0f} a second of processor time; "
        f"{spans / len(lines):.1f} spans a line",
    )


def _shared(lines: list[bytes]) -> Figure:
    workers = os.cpu_count() or 1
    begun = perf_counter()
    told = sum(len(piece) for piece in reckon_shared(lines, workers))
    seconds = perf_counter() - begun
    begun = perf_counter()
    found = sum(len(orjson.dumps(orjson.loads(line))) for line in lines)
    raw_s = perf_counter() - begun
    return Figure(
        name="due moments, lines on all processors",
        value=len(lines) / seconds,
        unit="lines/s",
        raw=len(lines) / raw_s,
        raw_is="reading and writing the lines that ask, on one processor",
        budget=BUDGET,
        note=f"{workers} processors; {found / 1e6:,.0f} MB in, {told / 1e6:,.0f} MB out",
    )
