"""Checks the history: every chain, every number, every head against its case row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from dispatch import history

HEADS = text("""
    select id, number, opened_month, seq, head_hash, last_at, state, version, category, condition,
        department, city, district, community, lon, lat
    from "case" where cast(:id as uuid) is null or id = :id
    order by opened_month, id
""")
EVENTS = text("""
    select opened_month, case_id, seq, type, at, actor, body, previous_hash, hash
    from case_event where cast(:id as uuid) is null or case_id = :id
    order by opened_month, case_id, seq
""")


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
    for head in heads:
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


def _check_case(head: Any, events: list[Any], tally: Tally) -> Break | None:
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
    return _check_row(head, events[-1])


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


def _check_row(head: Any, last: Any) -> Break | None:
    """The row equals what its last event says of the case."""
    told = last.body
    now = {
        "number": head.number,
        "state": head.state,
        "version": head.version,
        "category": head.category,
        "condition": head.condition,
        "department": head.department,
        "areas": {"city": head.city, "district": head.district, "community": head.community},
        "lon": history.coordinate(head.lon),
        "lat": history.coordinate(head.lat),
    }
    for name, value in now.items():
        if told.get(name) != value:
            wrong = f"the case row's {name} is {value!r}, the history says {told.get(name)!r}"
            return Break(number=head.number, case_id=head.id, seq=head.seq, wrong=wrong)
    return None


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
