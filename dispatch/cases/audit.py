"""Checks the history: every chain, every number, every head against its case row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from dispatch.cases import history
from dispatch.cases.case import SELECT, Case, read_case
from dispatch.cases.history import CaseEvent
from dispatch.cases.rebuilding import NotTold, differences, rebuild
from workflows.errors import WorkflowError

HEADS = text(f"""{SELECT} where cast(:id as uuid) is null or c.id = :id
    order by c.opened_month, c.id""")
EVENTS = text(f"""{history.SELECT} where cast(:id as uuid) is null or case_id = :id
    order by opened_month, case_id, seq""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first broken place of a case: its number, the event's ordinal, and what is wrong."""

    number: str
    case_id: UUID
    seq: int
    wrong: str


@dataclass(slots=True)
class Tally:
    """How much was looked at."""

    cases: int = 0
    events: int = 0


def verify(connection: Connection, tally: Tally, case_id: UUID | None = None) -> Iterator[Break]:
    """The first broken place of each broken case; reads in streams, so memory stays flat."""
    events = _Grouped(connection.execution_options(yield_per=2000).execute(EVENTS, {"id": case_id}))
    heads = connection.execution_options(yield_per=2000).execute(HEADS, {"id": case_id})
    for head in map(read_case, heads):
        tally.cases += 1
        for stray in events.before(head.opened_month, head.id):
            yield Break(
                number="(no case row)", case_id=stray.case_id, seq=stray.seq, wrong="case is gone"
            )
        found = _check_case(head, events.of(head.id), tally)
        if found is not None:
            yield found
    for stray in events.rest():
        yield Break(
            number="(no case row)", case_id=stray.case_id, seq=stray.seq, wrong="case is gone"
        )


def _check_case(head: Case, events: list[Any], tally: Tally) -> Break | None:
    previous, seq, at = history.START, 0, None
    for event in events:
        tally.events += 1
        wrong = _wrong(event, seq + 1, previous, at)
        if wrong is not None:
            return Break(number=head.number, case_id=head.id, seq=seq + 1, wrong=wrong)
        previous, seq, at = bytes(event.hash), event.seq, event.at
    if seq != head.seq:
        wrong = f"the case row says {head.seq} events, the history has {seq}"
        return Break(number=head.number, case_id=head.id, seq=seq + 1, wrong=wrong)
    if previous != bytes(head.head_hash):
        wrong = "the case row's head hash is not that of the last event"
        return Break(number=head.number, case_id=head.id, seq=seq, wrong=wrong)
    if not events:
        return Break(number=head.number, case_id=head.id, seq=1, wrong="there is no history")
    return _check_row(head, events)


def _wrong(event: Any, seq: int, previous: bytes, at: Any) -> str | None:
    if event.seq != seq:
        return f"event {seq} is missing (the next is {event.seq})"
    if bytes(event.previous_hash) != previous:
        return "previous_hash is not the hash of the event before"
    if at is not None and event.at < at:
        return "its time runs backwards"
    computed = history.event_hash(
        case_id=str(event.case_id),
        seq=event.seq,
        type_=event.type,
        at=history.moment(event.at),
        actor=event.actor,
        body=event.body,
        previous_hash=previous,
    )
    return None if computed == bytes(event.hash) else "its content does not match its hash"


def _check_row(head: Case, events: list[Any]) -> Break | None:
    """The row equals what its events say of the case (invariant 3)."""
    try:
        told = rebuild(CaseEvent(**event._mapping) for event in events).case
        wrong = [
            f"the case row's {name} is {mine!r}, the history says {theirs!r}"
            for name, mine, theirs in differences(head, told)
        ]
    except NotTold:
        last = events[-1].body
        wrong = [
            f"the case row's {name} is {value!r}, the history says {last.get(name)!r}"
            for name, value in head.summary().items()
            if last.get(name) != value
        ]
    except (KeyError, TypeError, ValueError, WorkflowError) as error:
        wrong = [f"the history cannot be read as a case: {error!r}"]
    if not wrong:
        return None
    return Break(number=head.number, case_id=head.id, seq=head.seq, wrong=wrong[0])


class _Grouped:
    """Walks events in the order of the cases; one case's events are in memory at a time."""

    def __init__(self, rows: Any) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def _take(self) -> Any:
        taken, self._next = self._next, next(self._rows, None)
        return taken

    def before(self, month: Any, case_id: UUID) -> Iterator[Any]:
        while self._next is not None and (self._next.opened_month, self._next.case_id) < (
            month,
            case_id,
        ):
            yield self._take()

    def of(self, case_id: UUID) -> list[Any]:
        found = []
        while self._next is not None and self._next.case_id == case_id:
            found.append(self._take())
        return found

    def rest(self) -> Iterator[Any]:
        while self._next is not None:
            yield self._take()
