"""Open cases go over to another version of their definition: only by command, one event a case.

A case keeps the version that it was opened under. Here it goes over to another one when its whole
history could have been written under that one (`workflows.replaying`), through the ledger, so that
row, history, timer and outbox change together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from dispatch.cases import history
from dispatch.cases.case import SELECT, Case, database_now, lock_cases, read_case
from dispatch.cases.ledger import Ledger
from dispatch.cases.views import view_of
from dispatch.changing.batching import Progress, chunks, in_batches
from dispatch.errors import ConfigurationError
from dispatch.reading import reading
from dispatch.storage.database import transaction
from workflows.calendar import Calendars
from workflows.case import Decision
from workflows.categories import Category
from workflows.definition import Definition
from workflows.replaying import DoesNotReplay, Happened, migrate

ACTOR = "system:workflow"

OPEN = text("""
    select id from "case" where closed_at is null and definition = :definition order by id
""")
READ = text(SELECT + " where c.id = any(:ids) order by c.id")
EVENTS = text(f"""{history.SELECT}
    where case_id = any(:ids) and opened_month = any(:months) order by case_id, seq""")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptingRules:
    """From which definition to which, and what clocks run by."""

    old: Definition
    new: Definition
    calendars: Calendars
    categories: Mapping[str, Category]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A case that stays as it is: its number, the first event that does not fit, and why."""

    number: str
    seq: int
    type: str
    why: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """How many cases went over, or would, and those that stay."""

    moved: int = 0
    left: list[Left] = field(default_factory=list)


def pair(
    definitions: Mapping[str, Definition], old: str, new: str
) -> tuple[Definition, Definition]:
    """The two definitions; raises ConfigurationError unless they are two of one line."""
    for key in (old, new):
        if key not in definitions:
            known = ", ".join(sorted(definitions))
            raise ConfigurationError(f"there is no workflow definition {key}; known are: {known}")
    if old == new:
        raise ConfigurationError(f"{old} is named twice; say from which version to which")
    if definitions[old].line is not definitions[new].line:
        raise ConfigurationError(
            f"{old} is of the line {definitions[old].line} and {new} of {definitions[new].line}; "
            "a case keeps its line"
        )
    return definitions[old], definitions[new]


def cases_under(connection: Connection, definition: Definition) -> list[UUID]:
    """Open cases that keep this definition, by id."""
    return list(connection.execute(OPEN, {"definition": definition.key}).scalars())


def chosen(connection: Connection, rules: AdoptingRules, case: str | None) -> list[UUID]:
    """The open cases that keep the old definition: all, or the one of that id or number, if it has
    not gone over yet.

    Raises ConfigurationError for a case that there is not, that is closed, or that keeps a third.
    """
    if case is None:
        return cases_under(connection, rules.old)
    found = reading.find_case(connection, case, None)
    if found is None:
        raise ConfigurationError(f"there is no case {case}")
    if found.closed_at is not None:
        raise ConfigurationError(f"the case {found.number} is closed; it keeps {found.definition}")
    if found.definition not in (rules.old.key, rules.new.key):
        raise ConfigurationError(
            f"the case {found.number} keeps {found.definition}, not {rules.old.key}"
        )
    return [found.id] if found.definition == rules.old.key else []


def preview(connection: Connection, rules: AdoptingRules, ids: Sequence[UUID]) -> Tally:
    """What `adopt` would do; locks and changes nothing."""
    tally = Tally()
    for chunk in chunks(ids):
        rows = connection.execute(READ, {"ids": list(chunk)})
        for _ in _decided(connection, rules, [read_case(row) for row in rows], tally):
            tally.moved += 1
    return tally


def adopt(database: Engine, rules: AdoptingRules, ids: Sequence[UUID], progress: Progress) -> Tally:
    """Moves the cases that replay, in transactions of `batching.BATCH`; the others stay.

    Safe to run again and beside engines, clocks and desks: each case is locked and looked at anew.
    """
    tally = Tally()
    for batch in in_batches(ids, "moving cases", progress, partial(_adopt_batch, database, rules)):
        tally.moved += batch.moved
        tally.left += batch.left
    return tally


def _adopt_batch(database: Engine, rules: AdoptingRules, ids: Sequence[UUID]) -> Tally:
    tally = Tally()
    with transaction(database) as connection:
        cases = list(lock_cases(connection, ids).values())
        ledger = Ledger()
        for case, decision, now in _decided(connection, rules, cases, tally):
            go_over(ledger, case, decision, rules.new, now)
            tally.moved += 1
        ledger.write(connection)
    return tally


def go_over(ledger: Ledger, case: Case, decision: Decision, new: Definition, now: datetime) -> None:
    """Writes one case's event: from which version to which, with clocks and marks that changed."""
    ledger.decided(case, decision)
    case.definition = new.key
    (draft,) = decision.events
    ledger.append(case, type_=draft.type, at=now, actor=ACTOR, body=draft.body)


def _decided(
    connection: Connection, rules: AdoptingRules, cases: Sequence[Case], tally: Tally
) -> Iterator[tuple[Case, Decision, datetime]]:
    """The cases that replay; those that do not are told in the tally."""
    meant = [case for case in cases if case.closed_at is None and case.definition == rules.old.key]
    histories = _histories(connection, meant)
    now = database_now(connection)
    for case in meant:
        moment = max(now, case.last_at)
        view = view_of(case, rules.categories)
        told = histories.get(case.id, [])
        try:
            decision = migrate(rules.old, rules.new, view, told, moment, rules.calendars)
        except DoesNotReplay as error:
            tally.left.append(
                Left(number=case.number, seq=error.seq, type=error.type, why=error.why)
            )
            continue
        yield case, decision, moment


def _histories(connection: Connection, cases: Sequence[Case]) -> dict[UUID, list[Happened]]:
    asked = {
        "ids": [case.id for case in cases],
        "months": sorted({case.opened_month for case in cases}),
    }
    rows = connection.execute(EVENTS, asked)
    return {
        case: [Happened(seq=e.seq, type=e.type, actor=e.actor, body=e.body) for e in events]
        for case, events in groupby(rows, key=lambda row: row.case_id)
    }
