"""One batch of located reports becomes cases: the transaction of the engine.

The lock order is the one of the whole system: offset rows, report keys, case rows ascending,
number counters, timers (design decision 6). Report rows themselves are written last, by COPY;
a report id that another engine wrote meanwhile makes the COPY fail, and the batch is done again.
"""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from dispatch.cases.case import Case, database_now, lock_cases, take_numbers
from dispatch.cases.ledger import Ledger
from dispatch.cases.links import link_request
from dispatch.engine.dead_letters import DeadLetter, write_dead_letters
from dispatch.engine.filing import NO_PART, AskedPart
from dispatch.engine.joining import Join, Neighbourhood, OpenCase
from dispatch.engine.opening import Openings, Prepared, attach_to
from dispatch.engine.report_rows import known_fingerprints, write_refusals, write_reports
from dispatch.engine.rules import Rules
from dispatch.engine.sorting import Sorted, sort_records
from dispatch.reports.report import LocatedReport
from dispatch.storage.offsets import advance
from grid.linking import LinkRequest, link_batch, part_place
from streams.consumer import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one committed batch did; `known` are those duplicates that the database had,
    `opened_under` counts the cases opened by the key of their definition.
    """

    attached: int
    duplicates: int
    known: int
    refused: int
    dead: int
    dead_classes: Mapping[str, int]
    opened_under: Mapping[str, int]

    @property
    def opened(self) -> int:
        return sum(self.opened_under.values())


class Ingest:
    """Writes one batch inside the caller's transaction."""

    def __init__(self, rules: Rules, number_prefix: str, consumer: str) -> None:
        self._rules = rules
        self._prefix = number_prefix
        self._consumer = consumer

    def store(
        self, connection: Connection, batch: Batch, dead: Sequence[DeadLetter] = ()
    ) -> Outcome:
        """The whole effect of a batch; `dead` are records given up after repeated failure."""
        topic_ids = {a.partition.topic: a.topic_id for a in batch.advances}
        given_up = {(letter.record.partition, letter.record.offset) for letter in dead}
        advance(connection, self._consumer, batch.advances)
        usable = [r for r in batch.records if (r.partition, r.offset) not in given_up]
        found = sort_records(usable, topic_ids, self._rules.categories)
        fresh = self._drop_known(connection, found)
        opened = self._place_in_cases(connection, fresh)
        write_refusals(connection, found.refused)
        write_dead_letters(connection, [*found.dead, *dead])
        return Outcome(
            opened_under=opened,
            attached=len(fresh) - opened.total(),
            duplicates=found.duplicates,
            known=found.known,
            refused=len(found.refused),
            dead=len(found.dead) + len(dead),
            dead_classes=Counter(letter.reason_class for letter in (*found.dead, *dead)),
        )

    def _drop_known(self, connection: Connection, found: Sorted) -> list[LocatedReport]:
        """The reports that are new; the others are counted or set aside in `found`."""
        known = known_fingerprints(connection, found.reports)
        fresh = []
        for report in found.reports:
            stored = known.get(report.id)
            if stored is None:
                fresh.append(report)
            elif stored == report.fingerprint:
                found.duplicates += 1
                found.known += 1
            else:
                found.refused.append(report)
        return fresh

    def _place_in_cases(
        self, connection: Connection, reports: Sequence[LocatedReport]
    ) -> Counter[str]:
        """Opens and joins cases, and stores the reports; answers how many were opened under what.

        Where the report of a batch goes is decided before any of it is written, because a report
        may join the case that an earlier one is about to open.
        """
        if not reports:
            return Counter()
        prepared = self._prepare(connection, reports)
        near = Neighbourhood(self._rules.categories, self._rules.grades)
        near.read(connection, reports)
        candidates = near.candidates()
        locked = lock_cases(connection, list(candidates))
        near.gone({i for i in candidates if i not in locked or locked[i].closed_at})
        now = database_now(connection)
        work = _Work(self._rules, near, locked, now)
        joins = work.joins(reports)
        opened = Counter(
            self._rules.definition_of(report.category).key
            for report, join in zip(reports, joins, strict=True)
            if join.opens
        )
        count = opened.total()
        numbers = iter(take_numbers(connection, count, now, self._prefix, self._rules.zone))
        for one, join in zip(prepared, joins, strict=True):
            work.settle(one, join, numbers)
        work.ledger.write(connection)
        write_reports(connection, work.placed, now)
        return opened

    def _prepare(self, connection: Connection, reports: Sequence[LocatedReport]) -> list[Prepared]:
        named = sorted({report.part for report in reports if report.part is not None})
        parts = part_place(connection, named) if named else {}
        links = link_batch(connection, [self._link_request(report) for report in reports])
        return [
            Prepared(
                report=report,
                links=link,
                part=NO_PART if report.part is None else AskedPart.of(parts.get(report.part)),
                salt=secrets.token_bytes(16),
            )
            for report, link in zip(reports, links, strict=True)
        ]

    def _link_request(self, report: LocatedReport) -> LinkRequest:
        category = self._rules.categories[report.category]
        return link_request(report.x, report.y, report.accuracy_m, category)


class _Work:
    """The cases a batch opens or adds to, decided report by report in the batch's order."""

    def __init__(
        self, rules: Rules, near: Neighbourhood, locked: Mapping[UUID, Case], now: datetime
    ) -> None:
        self._near = near
        self._cases = dict(locked)
        self._now = now
        self.ledger = Ledger()
        self._openings = Openings(rules, self.ledger, now)
        self.placed: list[tuple[Prepared, UUID]] = []

    def joins(self, reports: Sequence[LocatedReport]) -> list[Join]:
        """Which report joins what; a case that the batch will open may be joined already."""
        joins = []
        for ordinal, report in enumerate(reports):
            join = self._near.join(ordinal, report, self._now)
            if join.opens:
                self._near.opened(report, self._future(join.case, report))
            joins.append(join)
        return joins

    def _future(self, case_id: UUID, report: LocatedReport) -> OpenCase:
        return OpenCase(
            id=case_id, condition=report.condition, opened_at=self._now, x=report.x, y=report.y
        )

    def settle(self, prepared: Prepared, join: Join, numbers: Iterator[str]) -> None:
        """Opens the report's case or attaches it, as `join` says."""
        if join.opens:
            case = self._openings.open_for(prepared, join, number=next(numbers))
            self._cases[case.id] = case
        else:
            case = self._cases[join.case]
            attach_to(self.ledger, case, prepared, join, self._now)
        self.placed.append((prepared, case.id))
