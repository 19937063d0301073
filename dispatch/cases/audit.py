"""Checks the history: every chain, every number, every head against its case row."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple
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

PAGE_HEADS = text(f"""{SELECT} where (c.opened_month, c.id) > (:month, :id)
    order by c.opened_month, c.id limit :limit""")
# The months alone say which partitions need not be looked at.
PAGE_EVENTS = text(f"""{history.SELECT}
    where opened_month >= :month and (opened_month, case_id) > (:month, :id)
      and opened_month <= :last_month and (opened_month, case_id) <= (:last_month, :last_id)
    order by opened_month, case_id, seq""")

# Events that are in memory at a time. Between two fetches other threads have the interpreter.
FETCHED = {"yield_per": 100}
MOST_BREAKS = 100
GONE = "(no case row)"
# What a row or a body that somebody changed may raise when it is read.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, WorkflowError)


class Place(NamedTuple):
    """A case in the order in which histories are read; compares as PostgreSQL does."""

    opened_month: date
    case_id: UUID


FIRST = Place(date.min, UUID(int=0))
LAST = Place(date.max, UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first broken place of a case: its number, the event's ordinal, and what is wrong."""

    number: str
    opened_month: date
    case_id: UUID
    seq: int
    wrong: str


@dataclass(slots=True)
class Tally:
    """How much was looked at."""

    cases: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a bounded look found; `upto` is the last case it read, None when no more follow."""

    breaks: Sequence[Break]
    upto: Place | None


def verify(connection: Connection, tally: Tally, case_id: UUID | None = None) -> Iterator[Break]:
    """The first broken place of each broken case; reads in streams, so memory stays flat."""
    wanted = {"id": case_id}
    with (
        connection.execute(EVENTS, wanted, execution_options=FETCHED) as events,
        connection.execute(HEADS, wanted, execution_options=FETCHED) as heads,
    ):
        yield from _check(heads, _Grouped(events, tally), tally)


def verify_page(
    connection: Connection, tally: Tally, after: Place, *, cases: int, events: int
) -> Page:
    """Checks the cases behind `after`, at most so many, as `verify` does.

    It ends behind the case with which so many events are reached, or with the hundredth broken
    one. Events whose case row is gone belong to the page into whose stretch they fall. The
    transaction must be of one snapshot, else what is written meanwhile looks broken.
    """
    behind = {"month": after.opened_month, "id": after.case_id}
    found = connection.execute(PAGE_HEADS, {**behind, "limit": cases}).all()
    heads = _first_of(found, events)
    is_last = len(heads) == len(found) < cases
    upto = LAST if is_last else Place(heads[-1].opened_month, heads[-1].id)
    stretch = {**behind, "last_month": upto.opened_month, "last_id": upto.case_id}
    with connection.execute(PAGE_EVENTS, stretch, execution_options=FETCHED) as rows:
        breaks = list(islice(_check(heads, _Grouped(rows, tally), tally), MOST_BREAKS))
    if len(breaks) == MOST_BREAKS:
        return Page(breaks=breaks, upto=Place(breaks[-1].opened_month, breaks[-1].case_id))
    return Page(breaks=breaks, upto=None if is_last else upto)


def _first_of(heads: Sequence[Any], events: int) -> Sequence[Any]:
    """Those with which so many events are reached, by what the case rows say."""
    counted = 0
    for place, head in enumerate(heads, start=1):
        counted += head.seq
        if counted >= events:
            return heads[:place]
    return heads


def _check(heads: Iterable[Any], events: "_Grouped", tally: Tally) -> Iterator[Break]:
    """Walks rows of cases and rows of events, both in the order of `Place`."""
    for row in heads:
        tally.cases += 1
        place = Place(row.opened_month, row.id)
        yield from events.gone_before(place)
        mine = events.of(place)
        found = _check_case(row, mine)
        deque(mine, maxlen=0)  # behind a broken place nothing more is said of the case
        if found is not None:
            seq, wrong = found
            yield Break(number=row.number, opened_month=row.opened_month, case_id=row.id,
                        seq=seq, wrong=wrong)  # fmt: skip
    yield from events.gone_before(None)


def _check_case(row: Any, events: Iterator[Any]) -> tuple[int, str] | None:
    """Where the case is broken first, and what is wrong there."""
    chain = _Chain()
    sound = chain.follow(events)
    unlike = _unlike(row, chain, sound)
    deque(sound, maxlen=0)  # what cannot be read as a case is a chain all the same
    if chain.wrong is not None:
        return chain.seq + 1, chain.wrong
    if chain.seq != row.seq:
        wrong = f"the case row says {row.seq} events, the history has {chain.seq}"
        return chain.seq + 1, wrong
    if chain.hash != bytes(row.head_hash):
        return chain.seq, "the case row's head hash is not that of the last event"
    if chain.seq == 0:
        return 1, "there is no history"
    return None if unlike is None else (chain.seq, unlike)


@dataclass(slots=True)
class _Chain:
    """The sound events of a case so far, and what is wrong with the one behind them."""

    seq: int = 0
    hash: bytes = history.START
    at: datetime | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    wrong: str | None = None

    def follow(self, events: Iterator[Any]) -> Iterator[CaseEvent]:
        """Gives sound events, and ends with the first that is not."""
        for event in events:
            self.wrong = _wrong(event, self)
            if self.wrong is not None:
                return
            self.seq, self.hash, self.at = event.seq, bytes(event.hash), event.at
            self.body = event.body
            yield CaseEvent(**event._mapping)


def _wrong(event: Any, chain: _Chain) -> str | None:
    if event.seq != chain.seq + 1:
        return f"event {chain.seq + 1} is missing (the next is {event.seq})"
    if bytes(event.previous_hash) != chain.hash:
        return "previous_hash is not the hash of the event before"
    if chain.at is not None and event.at < chain.at:
        return "its time runs backwards"
    try:
        computed = history.event_hash(
            case_id=str(event.case_id),
            seq=event.seq,
            type_=event.type,
            at=history.moment(event.at),
            actor=event.actor,
            body=event.body,
            previous_hash=chain.hash,
        )
    except (TypeError, ValueError):  # what no body may hold, so nothing ever hashed it
        computed = None
    return None if computed == bytes(event.hash) else "its content does not match its hash"


def _unlike(row: Any, chain: _Chain, sound: Iterator[CaseEvent]) -> str | None:
    """The row equals what its events say of the case (invariant 3); the first that does not."""
    try:
        head = read_case(row)
    except UNREADABLE as error:
        return f"the case row cannot be read: {error!r}"
    try:
        return next(_differences(head, chain, sound), None)
    except UNREADABLE as error:
        return f"the history cannot be read as a case: {error!r}"


def _differences(head: Case, chain: _Chain, sound: Iterator[CaseEvent]) -> Iterator[str]:
    try:
        told = rebuild(sound).case
    except NotTold:
        deque(sound, maxlen=0)
        pairs = [
            (name, value, chain.body.get(name))
            for name, value in head.summary().items()
            if chain.body.get(name) != value
        ]
    else:
        pairs = differences(head, told)
    for name, mine, theirs in pairs:
        yield f"the case row's {name} is {mine!r}, the history says {theirs!r}"


class _Grouped:
    """Walks events in the order of the cases; as many as one fetch brings are in memory."""

    def __init__(self, rows: Iterable[Any], tally: Tally) -> None:
        self._rows = iter(rows)
        self._tally = tally
        self._next = next(self._rows, None)

    def of(self, place: Place) -> Iterator[Any]:
        """The events of this case, if they are what comes next."""
        while self._next is not None and _place(self._next) == place:
            yield self._take()

    def gone_before(self, place: Place | None) -> Iterator[Break]:
        """Passes over what no case row answers for, up to `place`; None is the end."""
        while (event := self._next) is not None and (place is None or _place(event) < place):
            yield Break(number=GONE, opened_month=event.opened_month, case_id=event.case_id,
                        seq=event.seq, wrong="case is gone")  # fmt: skip
            deque(self.of(_place(event)), maxlen=0)

    def _take(self) -> Any:
        taken, self._next = self._next, next(self._rows, None)
        self._tally.events += 1
        return taken


def _place(event: Any) -> Place:
    return Place(event.opened_month, event.case_id)
