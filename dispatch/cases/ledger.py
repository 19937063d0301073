"""The ledger: changes to cases, gathered in memory and written set by set.

Nothing changes a case without appending to its history in the same transaction (design §1):
whoever changes one does it through a `Ledger`.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from dispatch.cases import history
from dispatch.cases.case import COLUMNS, Case
from dispatch.storage.bulk import copy_rows
from geo import ewkb
from grid.arrays import words
from grid.columns import SRID
from workflows.case import Decision, Timer
from workflows.deadlines import Deadline, running_due

# Rows come as one JSON text: psycopg spends more time on arrays than PostgreSQL on the update.
TOUCH = text("""
    update "case" set seq = t.seq, head_hash = decode(t.head_hash, 'hex'), last_at = t.last_at,
        report_count = t.report_count, deadlines = t.deadlines, due_at = t.due_at
    from json_to_recordset(cast(:rows as json)) as t (
        id uuid, opened_month date, seq integer, head_hash text, last_at timestamptz,
        report_count integer, deadlines jsonb, due_at timestamptz
    )
    where "case".id = t.id and "case".opened_month = t.opened_month
""")

REPLACE = text("""
    update "case" set category = :category, condition = :condition, state = :state,
        version = :version, city = :city, district = :district, community = :community,
        map_version = :map_version, geom = ST_SetSRID(ST_MakePoint(:x, :y), :srid), lon = :lon,
        lat = :lat, accuracy_m = :accuracy_m, department = :department, closed_at = :closed_at,
        links = cast(:links as jsonb), handled_by = cast(:handled_by as text[]), part = :part,
        line = :line, marks = cast(:marks as jsonb), assistants = cast(:assistants as jsonb),
        merged_into = :merged_into, definition = :definition, limit_text = :limit_text
    where id = :id and opened_month = :opened_month
""").bindparams(srid=SRID)


# A case has one timer: what it has of another stage, or when it is to have none, goes.
SET_TIMERS = text("""
    with given as (
        select * from json_to_recordset(cast(:rows as json)) as t (
            case_id uuid, stage text, opened_month date, rung smallint, generation integer,
            due_at timestamptz
        )
    ), gone as (
        delete from timer using given
        where timer.case_id = given.case_id and timer.stage is distinct from given.stage
    )
    insert into timer (case_id, stage, opened_month, rung, generation, due_at)
    select case_id, stage, opened_month, rung, generation, due_at from given
    where stage is not null
    on conflict (case_id, stage) do update
        set rung = excluded.rung, generation = excluded.generation, due_at = excluded.due_at
""")

EVENT_COLUMNS = ("opened_month case_id seq type at actor body previous_hash hash").split()
TIMER_COLUMNS = ("case_id", "stage", "opened_month", "rung", "generation", "due_at")


@dataclass(slots=True)
class _Change:
    case: Case
    id: str
    first_seq: int
    new: bool
    replaced: bool = False
    timer: Timer | None = None
    timer_set: bool = False
    left_district: str | None = None


@dataclass(slots=True)
class Ledger:
    """Changes to cases, gathered in memory and written set by set."""

    _changes: dict[UUID, _Change] = field(default_factory=dict)
    _events: list[tuple[Any, ...]] = field(default_factory=list)
    _texts: list[tuple[UUID, int, str, bytes, str]] = field(default_factory=list)

    def open(self, case: Case) -> None:
        """A new case; it must get its first event before `write`."""
        self._changes[case.id] = _Change(case, str(case.id), first_seq=1, new=True)

    def append(
        self,
        case: Case,
        *,
        type_: str,
        at: datetime,
        actor: str,
        body: Mapping[str, Any],
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """Appends one event to the case's history; words are kept aside, named by digest."""
        change = self._change(case)
        seq = case.seq + 1
        full = {**case.summary(), **body}
        for name, told in (texts or {}).items():
            salt = secrets.token_bytes(16)
            full[f"{name}_digest"] = history.text_digest(salt, told)
            self._texts.append((case.id, seq, name, salt, told))
        last = max(at, case.last_at)
        moment = history.moment(last)
        # Written once: the bytes that are hashed are those that are stored.
        written = history.canonical(full)
        digest = history.event_hash(
            case_id=change.id,
            seq=seq,
            type_=type_,
            at=moment,
            actor=actor,
            body=orjson.Fragment(written),
            previous_hash=case.head_hash,
        )
        before = _bytea(case.head_hash)
        month, stored = str(case.opened_month), written.decode()
        row = (month, change.id, seq, type_, moment, actor, stored, before, _bytea(digest))
        self._events.append(row)
        case.seq, case.head_hash, case.last_at = seq, digest, last

    def decided(self, case: Case, decision: Decision) -> None:
        """Takes over what the workflow decided: state, holder, clocks, timer, version."""
        change = self._change(case)
        marked = decision.marks != case.marks or decision.assistants != case.assistants
        change.replaced = change.replaced or decision.raises_version or marked
        case.marks, case.assistants = decision.marks, decision.assistants
        case.state = decision.state
        case.category = decision.category
        condition = decision.condition
        case.condition = None if condition is None else condition.code
        case.limit_text = None if condition is None else condition.limit.text
        case.department = decision.department
        case.note_holder()
        case.deadlines = decision.deadlines
        case.due_at = running_due(decision.deadlines)
        if decision.raises_version and not change.new:
            case.version += 1
        change.timer_set = True
        change.timer = decision.timer

    def remapped(self, case: Case) -> None:
        """Another map put the case into other areas: its place changed, so its version rises."""
        self._change(case).replaced = True
        case.version += 1

    def recomputed(self, case: Case, deadlines: tuple[Deadline, ...], timer: Timer | None) -> None:
        """Its clocks run by another version of their calendar: deadlines and timer changed."""
        change = self._change(case)
        change.replaced = True
        case.version += 1
        case.deadlines = deadlines
        case.due_at = running_due(deadlines)
        change.timer_set = True
        change.timer = timer

    def moved(self, case: Case, left_district: str) -> None:
        """The next event is published in the district that the case leaves, too."""
        self._change(case).left_district = left_district

    def _change(self, case: Case) -> _Change:
        change = self._changes.get(case.id)
        if change is None:
            change = _Change(case, str(case.id), first_seq=case.seq + 1, new=False)
            self._changes[case.id] = change
        return change

    def write(self, connection: Connection) -> None:
        """Writes everything inside the connection's transaction; the ledger is spent."""
        changes = sorted(self._changes.values(), key=lambda change: change.id)
        _write_new(connection, [change for change in changes if change.new])
        _write_changed(connection, [change for change in changes if not change.new])
        copy_rows(connection, "case_event", EVENT_COLUMNS, self._events)
        if self._texts:
            copy_rows(
                connection, "case_text", ("case_id", "seq", "name", "salt", "text"), self._texts
            )
        _write_timers(connection, changes)
        _write_outbox(connection, changes)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _bytea(value: bytes) -> str:
    return f"\\x{value.hex()}"


def _write_new(connection: Connection, changes: Sequence[_Change]) -> None:
    if changes:
        copy_rows(connection, "case", COLUMNS, [_case_row(change) for change in changes])


def _case_row(change: _Change) -> tuple[Any, ...]:
    """The cells of a new case, in the order of COLUMNS."""
    case = change.case
    return (
        change.id,
        str(case.opened_month),
        case.number,
        case.line,
        case.definition,
        case.category,
        case.condition,
        case.state,
        case.version,
        case.seq,
        _bytea(case.head_hash),
        history.moment(case.last_at),
        case.city,
        case.district,
        case.community,
        case.map_version,
        ewkb.point(case.x, case.y, SRID),
        case.lon,
        case.lat,
        case.accuracy_m,
        case.department,
        case.source,
        case.part,
        history.moment(case.opened_at),
        history.moment_or_none(case.closed_at),
        history.moment_or_none(case.due_at),
        _json([deadline.to_json() for deadline in case.deadlines]),
        _json(case.links),
        case.report_count,
        words(case.handled_by),
        case.possible_duplicate_of,
        _json(case.marks),
        _json(case.assistants),
        case.merged_into,
        case.split_from,
        case.limit_text,
    )


def _write_changed(connection: Connection, changes: Sequence[_Change]) -> None:
    if not changes:
        return
    for change in changes:
        if change.replaced:
            connection.execute(REPLACE, _replacement(change.case))
    connection.execute(TOUCH, {"rows": _json([_touched(change) for change in changes])})


def _touched(change: _Change) -> dict[str, Any]:
    case = change.case
    return {
        "id": change.id,
        "opened_month": case.opened_month,
        "seq": case.seq,
        "head_hash": case.head_hash.hex(),
        "last_at": case.last_at,
        "report_count": case.report_count,
        "deadlines": [deadline.to_json() for deadline in case.deadlines],
        "due_at": case.due_at,
    }


def _replacement(case: Case) -> dict[str, Any]:
    names = (
        "id opened_month category condition state version city district community "
        "map_version x y lon lat accuracy_m department closed_at part line merged_into "
        "definition limit_text"
    ).split()
    values = {name: getattr(case, name) for name in names}
    return {
        **values,
        "links": _json(case.links),
        "handled_by": list(case.handled_by),
        "marks": _json(case.marks),
        "assistants": _json(case.assistants),
    }


def _write_timers(connection: Connection, changes: Sequence[_Change]) -> None:
    first = [_timer_row(change) for change in changes if change.new and change.timer is not None]
    if first:
        copy_rows(connection, "timer", TIMER_COLUMNS, first)
    later = [_timer_row(change) for change in changes if change.timer_set and not change.new]
    if later:
        rows = [dict(zip(TIMER_COLUMNS, row, strict=True)) for row in later]
        connection.execute(SET_TIMERS, {"rows": _json(rows)})


def _timer_row(change: _Change) -> tuple[Any, ...]:
    case, timer = change.case, change.timer
    month = str(case.opened_month)
    if timer is None:
        return change.id, None, month, None, case.seq, None
    moment = history.moment(timer.due_at)
    return change.id, timer.stage, month, timer.rung, case.seq, moment


def _write_outbox(connection: Connection, changes: Sequence[_Change]) -> None:
    rows = []
    for change in changes:
        case = change.case
        if change.first_seq > case.seq:
            continue
        run = (change.id, str(case.opened_month), change.first_seq, case.seq)
        if change.left_district is not None:
            rows.append((change.left_district, *run))
        rows.append((case.district, *run))
    columns = ("topic_district", "case_id", "opened_month", "first_seq", "last_seq")
    copy_rows(connection, "outbox", columns, rows)
