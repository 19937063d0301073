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

from dispatch import history
from dispatch.bulk import copy_rows, point
from dispatch.cases import COLUMNS, SRID, Case
from workflows.case import Decision
from workflows.deadlines import Deadline

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
        map_version = :map_version, geom = ST_SetSRID(ST_MakePoint(:x, :y), 4546), lon = :lon,
        lat = :lat, accuracy_m = :accuracy_m, department = :department, closed_at = :closed_at,
        links = cast(:links as jsonb), handled_by = cast(:handled_by as text[]), part = :part
    where id = :id and opened_month = :opened_month
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    """The one timer a case has: which rung of which stage fires when."""

    stage: str
    rung: int
    due_at: datetime


@dataclass(slots=True)
class _Change:
    case: Case
    first_seq: int
    new: bool
    replaced: bool = False
    timer: TimerRow | None = None
    timer_set: bool = False
    left_district: str | None = None


@dataclass(slots=True)
class Ledger:
    """Changes to cases, gathered in memory and written set by set."""

    _changes: dict[UUID, _Change] = field(default_factory=dict)
    _events: list[history.CaseEvent] = field(default_factory=list)
    _texts: list[tuple[UUID, int, str, bytes, str]] = field(default_factory=list)

    @property
    def events(self) -> Sequence[history.CaseEvent]:
        return self._events

    def open(self, case: Case) -> None:
        """A new case; it must get its first event before `write`."""
        self._changes[case.id] = _Change(case, first_seq=1, new=True)

    def append(
        self,
        case: Case,
        *,
        type_: str,
        at: datetime,
        actor: str,
        body: Mapping[str, Any],
        texts: Mapping[str, str] | None = None,
    ) -> history.CaseEvent:
        """Appends one event to the case's history; words are kept aside, named by digest."""
        self._change(case)
        seq = case.seq + 1
        full = {**case.summary(), **body}
        for name, words in (texts or {}).items():
            salt = secrets.token_bytes(16)
            full[f"{name}_digest"] = history.text_digest(salt, words)
            self._texts.append((case.id, seq, name, salt, words))
        moment = max(at, case.last_at)
        digest = history.event_hash(
            case_id=str(case.id),
            seq=seq,
            type_=type_,
            at=history.moment(moment),
            actor=actor,
            body=full,
            previous_hash=case.head_hash,
        )
        event = history.CaseEvent(
            case_id=case.id,
            opened_month=str(case.opened_month),
            seq=seq,
            type=type_,
            at=moment,
            actor=actor,
            body=full,
            previous_hash=case.head_hash,
            hash=digest,
        )
        case.seq, case.head_hash, case.last_at = seq, digest, event.at
        self._events.append(event)
        return event

    def decided(self, case: Case, decision: Decision) -> None:
        """Takes over what the workflow decided: state, holder, clocks, timer, version."""
        change = self._change(case)
        change.replaced = change.replaced or decision.raises_version
        case.state = decision.state
        case.category = decision.category
        case.condition = None if decision.condition is None else decision.condition.code
        case.department = decision.department
        case.deadlines = decision.deadlines
        case.due_at = running_due(decision)
        if decision.raises_version and not change.new:
            case.version += 1
        change.timer_set = True
        timer = decision.timer
        change.timer = (
            None
            if timer is None
            else TimerRow(stage=timer.stage, rung=timer.rung, due_at=timer.due_at)
        )

    def moved(self, case: Case, left_district: str) -> None:
        """The next event is published in the district that the case leaves, too."""
        self._change(case).left_district = left_district

    def _change(self, case: Case) -> _Change:
        change = self._changes.get(case.id)
        if change is None:
            change = _Change(case, first_seq=case.seq + 1, new=False)
            self._changes[case.id] = change
        return change

    def write(self, connection: Connection) -> None:
        """Writes everything inside the connection's transaction; the ledger is spent."""
        changes = sorted(self._changes.values(), key=lambda change: change.case.id)
        _write_new(connection, [change.case for change in changes if change.new])
        _write_changed(connection, [change for change in changes if not change.new])
        copy_rows(connection, "case_event", EVENT_COLUMNS, map(_event_row, self._events))
        if self._texts:
            copy_rows(
                connection, "case_text", ("case_id", "seq", "name", "salt", "text"), self._texts
            )
        _write_timers(connection, changes)
        _write_outbox(connection, changes)


EVENT_COLUMNS = ("opened_month case_id seq type at actor body previous_hash hash").split()


def running_due(decision: Decision) -> datetime | None:
    """The due moment of the stage whose clock runs now, if one does."""
    for deadline in decision.deadlines:
        if deadline.due_at is not None and deadline.stopped_at is None:
            return deadline.due_at
    return None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def deadlines_json(deadlines: Sequence[Deadline]) -> str:
    return _json([deadline.to_json() for deadline in deadlines])


def _event_row(event: history.CaseEvent) -> tuple[Any, ...]:
    return (
        event.opened_month,
        event.case_id,
        event.seq,
        event.type,
        event.at,
        event.actor,
        _json(event.body),
        event.previous_hash,
        event.hash,
    )


def _write_new(connection: Connection, cases: Sequence[Case]) -> None:
    if not cases:
        return
    rows = (tuple(_column(case, name) for name in COLUMNS) for case in cases)
    copy_rows(connection, "case", COLUMNS, rows)


def _column(case: Case, name: str) -> Any:
    if name == "geom":
        return point(case.x, case.y, SRID)
    if name == "deadlines":
        return deadlines_json(case.deadlines)
    value = getattr(case, name)
    if name == "links":
        return _json(value)
    return list(value) if name == "handled_by" else value


def _write_changed(connection: Connection, changes: Sequence[_Change]) -> None:
    if not changes:
        return
    for change in changes:
        if change.replaced:
            connection.execute(REPLACE, _replacement(change.case))
    connection.execute(TOUCH, {"rows": _json([_touched(change.case) for change in changes])})


def _touched(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
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
        "map_version x y lon lat accuracy_m department closed_at part"
    ).split()
    values = {name: getattr(case, name) for name in names}
    return {**values, "links": _json(case.links), "handled_by": list(case.handled_by)}


def _write_timers(connection: Connection, changes: Sequence[_Change]) -> None:
    stale = [change.case.id for change in changes if change.timer_set and not change.new]
    if stale:
        connection.execute(text("delete from timer where case_id = any(:ids)"), {"ids": stale})
    rows = [
        (
            change.case.id,
            change.timer.stage,
            change.case.opened_month,
            change.timer.rung,
            change.case.seq,
            change.timer.due_at,
        )
        for change in changes
        if change.timer_set and change.timer is not None
    ]
    if rows:
        columns = ("case_id", "stage", "opened_month", "rung", "generation", "due_at")
        copy_rows(connection, "timer", columns, rows)


def _write_outbox(connection: Connection, changes: Sequence[_Change]) -> None:
    rows = []
    for change in changes:
        case = change.case
        if change.first_seq > case.seq:
            continue
        run = (case.id, case.opened_month, change.first_seq, case.seq)
        if change.left_district is not None:
            rows.append((change.left_district, *run))
        rows.append((case.district, *run))
    columns = ("topic_district", "case_id", "opened_month", "first_seq", "last_seq")
    copy_rows(connection, "outbox", columns, rows)
