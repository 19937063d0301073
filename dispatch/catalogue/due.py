"""Due moments for whoever asks, without a server: one, or a stream of lines."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import orjson

from dispatch.catalogue.standards import document_of
from workflows.bulk import BulkReckoner, moment_text
from workflows.calendar import WorkingCalendar
from workflows.errors import WorkflowError
from workflows.limits import Limit, parse_limit
from workflows.reckoning import Pause, Reckoning, reckon
from workflows.worktime import to_micros

STANDARD = "cn"
LINES = 5000
KEYS = frozenset({"start", "limit", "calendar", "pauses"})
FIRST_YEAR, LAST_YEAR = 1900, 2200


class AskedWrong(WorkflowError):
    """What was asked cannot be read; the message says which part."""


class CalendarShelf:
    """The calendars by name, from the standards, or by the path of a file; each read once."""

    def __init__(self) -> None:
        self._read: dict[str, WorkingCalendar] = {}

    def get(self, named: str) -> WorkingCalendar:
        """Raises `CalendarError` or `DocumentError` for one that is unknown or wrong."""
        if named not in self._read:
            self._read[named] = WorkingCalendar.from_document(document_of(named))
        return self._read[named]


def read_moment(text: object, calendar: WorkingCalendar) -> datetime:
    """Reads an ISO 8601 moment; without an offset it is by the wall clock of the calendar.

    Raises `AskedWrong`.
    """
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise AskedWrong(
            f"{text!r} is no moment; write it like 2026-09-18T17:00 or 2026-09-18T09:00:00Z"
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=calendar.zone)
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise AskedWrong(f"{text!r} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment


class Asked(NamedTuple):
    """One due moment to reckon."""

    calendar: WorkingCalendar
    start: datetime
    limit: Limit
    pauses: tuple[Pause, ...]

    def reckon(self) -> Reckoning:
        """Raises `CalendarError` beyond the calendar's years."""
        return reckon(self.calendar, self.start, self.limit, self.pauses)


def read_asked(line: bytes, calendar_of: Callable[[str], WorkingCalendar]) -> Asked:
    """Reads a line `{"start", "limit", "calendar", "pauses"}`; raises `WorkflowError`."""
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise AskedWrong(f"the line is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise AskedWrong("the line is no JSON object")
    if not KEYS.issuperset(given):
        strange = min(given.keys() - KEYS)
        raise AskedWrong(f"{strange} is unknown; known are start, limit, calendar, pauses")
    named = given.get("calendar") or STANDARD
    if not isinstance(named, str):
        raise AskedWrong("calendar must be a name or the path of a file")
    calendar = calendar_of(named)
    limit = given.get("limit")
    if not isinstance(limit, str):
        raise AskedWrong('limit must be a text like "4 工作时"')
    return Asked(
        calendar=calendar,
        start=read_moment(given.get("start"), calendar),
        limit=parse_limit(limit),
        pauses=_pauses(given.get("pauses") or (), calendar),
    )


def _pauses(given: Any, calendar: WorkingCalendar) -> tuple[Pause, ...]:
    if not given:
        return ()
    if not isinstance(given, list) or any(not isinstance(p, list) or len(p) != 2 for p in given):
        raise AskedWrong("pauses must be a list of pairs [from, to]")
    return tuple((read_moment(a, calendar), read_moment(b, calendar)) for a, b in given)


def reckon_lines(
    lines: Iterable[bytes], calendar_of: Callable[[str], WorkingCalendar]
) -> Iterator[bytes]:
    """One line of JSON for each: `due_at`, `provisional` and `breakdown`, or `error`."""
    work = LineReckoner(calendar_of)
    for chunk in in_chunks(lines):
        yield from work.reckon(chunk)


def in_chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines in pieces that are reckoned together."""
    given = iter(lines)
    while chunk := list(islice(given, LINES)):
        yield chunk


class LineReckoner:
    """Reckons pieces of lines; what it has laid out of a calendar serves the next piece."""

    def __init__(self, calendar_of: Callable[[str], WorkingCalendar]) -> None:
        self._calendar_of = calendar_of
        self._reckoners: dict[WorkingCalendar, BulkReckoner] = {}

    def reckon(self, lines: list[bytes]) -> list[bytes]:
        """One answer a line, in order."""
        return _reckon_chunk(lines, self._calendar_of, self._reckoners)


class _Plain(NamedTuple):
    place: int
    begin: int
    asked: Asked


def _reckon_chunk(
    lines: list[bytes],
    calendar_of: Callable[[str], WorkingCalendar],
    reckoners: dict[WorkingCalendar, BulkReckoner],
) -> list[bytes]:
    told: list[bytes] = [b""] * len(lines)
    plain: dict[WorkingCalendar, list[_Plain]] = defaultdict(list)
    for place, line in enumerate(lines):
        try:
            asked = read_asked(line, calendar_of)
            if asked.pauses:
                told[place] = reckoning_line(asked.reckon())
            else:
                plain[asked.calendar].append(_Plain(place, to_micros(asked.start), asked))
        except WorkflowError as error:
            told[place] = _error_line(error)
    for calendar, group in plain.items():
        if calendar not in reckoners:
            reckoners[calendar] = BulkReckoner(calendar)
        _reckon_plain(reckoners[calendar], group, told)
    return told


def _reckon_plain(reckoner: BulkReckoner, group: list[_Plain], told: list[bytes]) -> None:
    begins = np.fromiter((one.begin for one in group), np.int64, len(group))
    ends, provisional, held = reckoner.due(begins, [one.asked.limit for one in group])
    found = zip(group, ends.tolist(), provisional.tolist(), held.tolist(), strict=True)
    for (place, begin, asked), end, is_provisional, holds in found:
        told[place] = (
            b'{"due_at":"%s","provisional":%s,"breakdown":%s}\n'
            % (
                moment_text(end),
                b"true" if is_provisional else b"false",
                reckoner.explained(begin, end, asked.limit),
            )
            if holds
            else _refusal(asked)
        )


def _refusal(asked: Asked) -> bytes:
    try:
        return reckoning_line(asked.reckon())
    except WorkflowError as error:
        return _error_line(error)


def _error_line(error: WorkflowError) -> bytes:
    return orjson.dumps({"error": str(error)}) + b"\n"


def reckoning_line(reckoning: Reckoning) -> bytes:
    """The reckoning as a line of JSON."""
    told = {
        "due_at": moment_text(to_micros(reckoning.due.due_at)).decode(),
        "provisional": reckoning.due.provisional,
        "breakdown": [span.to_json() for span in reckoning.spans],
    }
    return orjson.dumps(told) + b"\n"
