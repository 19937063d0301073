"""When a limit runs out that starts at a moment and stands during some pauses, and why then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.calendar import Due, Span, WorkingCalendar
from workflows.deadlines import PAUSED
from workflows.errors import CalendarError
from workflows.limits import Limit

Pause = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """A due moment in UTC with every stretch from the start to it, counted or not."""

    due: Due
    spans: tuple[Span, ...]


def reckon(
    calendar: WorkingCalendar, start: datetime, limit: Limit, pauses: Iterable[Pause] = ()
) -> Reckoning:
    """Return when the limit runs out, and each stretch until then.

    The clock stands during the pauses, which may overlap, come in any order, and lie before the
    start or behind the due moment, where they change nothing. Moments are aware. Raises
    `CalendarError` for a pause that ends before it begins, and as the calendar does.
    """
    spans: list[Span] = []
    used, cursor = timedelta(), start
    due = None
    for begin, end in _merged(pauses):
        if end <= cursor:
            continue
        due = calendar.due(cursor, limit, used, start)
        if due.due_at <= begin:
            break
        stop = max(begin, cursor)
        used += calendar.counted(cursor, stop, limit.clock, start)
        spans += calendar.spans(cursor, stop, limit.clock, start)
        spans.append(Span(from_=stop, to=end, counted=False, why=PAUSED))
        cursor, due = end, None
    due = due or calendar.due(cursor, limit, used, start)
    spans += calendar.spans(cursor, due.due_at, limit.clock, start)
    return Reckoning(due=due, spans=tuple(spans))


def _merged(pauses: Iterable[Pause]) -> Iterator[Pause]:
    held: Pause | None = None
    for begin, end in sorted(pauses):
        if end < begin:
            raise CalendarError(f"The pause from {begin} ends before it begins, at {end}.")
        if held is not None and begin <= held[1]:
            held = (held[0], max(held[1], end))
            continue
        if held is not None:
            yield held
        held = (begin, end)
    if held is not None:
        yield held
