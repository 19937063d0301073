"""One batch of located reports becomes cases: the transaction of the engine.

The lock order is the one of the whole system: offset rows, report keys, case rows ascending,
number counters, timers (design decision 6). Report rows themselves are written last, by COPY;
a report id that another engine wrote meanwhile makes the COPY fail, and the batch is done again.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from dispatch.bulk import copy_rows
from dispatch.cases import Case, database_now, lock_cases, take_numbers
from dispatch.dead_letters import DeadLetter, write_dead_letters
from dispatch.history import moment
from dispatch.joining import Join, Neighbourhood, OpenCase
from dispatch.ledger import Ledger
from dispatch.links import link_request
from dispatch.logs import scrub
from dispatch.offsets import advance
from dispatch.opening import Prepared, Rules, attach_to, open_for
from dispatch.reports import LocatedReport, MalformedReport, read_located
from grid.arrays import words
from grid.linking import LinkRequest, link_batch, part_place
from streams.consumer import Batch
from streams.envelope import REPORT_RECEIVED, read_attributes
from streams.records import Record

# The one way in which ids are compared: as the database writes them.
CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

REPORT_COLUMNS = (
    "id case_id fingerprint subject reporter source category condition lon lat crs original_lon "
    "original_lat accuracy_m community candidates map_version part text text_salt photos "
    "confidential observed_at observed_ahead received_at stored_at"
).split()

KNOWN = text("""
    select id::text as id, encode(fingerprint, 'hex') as fingerprint
    from report where id = any(cast(:ids as uuid[]))
""")
REFUSE = text("""
    insert into report_refusal (report_id, fingerprint, subject, reason)
    values (:report_id, :fingerprint, :subject, :reason)
    on conflict do nothing
""")
CONTACT = text("""
    insert into personal.contact (report_id, contact, on_behalf)
    values (:report_id, :contact, :on_behalf)
""")


@dataclass(slots=True)
class Sorted:
    """A batch's records by what can be done with them."""

    reports: list[tuple[Record, LocatedReport]] = field(default_factory=list)
    refused: list[LocatedReport] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    duplicates: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one committed batch did; `known` are those duplicates that the database had."""

    opened: int
    attached: int
    duplicates: int
    known: int
    refused: int
    dead: int
    dead_classes: Mapping[str, int]


def sort_records(
    records: Iterable[Record], topic_ids: Mapping[str, UUID], categories: Mapping[str, Any]
) -> Sorted:
    """Parses; sets aside what is malformed; drops duplicates inside the batch.

    The last is compulsory: a row that the batch itself is about to insert is invisible to any
    look-up in the database (reliability notes, finding 4).
    """
    found = Sorted()
    first: dict[str, LocatedReport] = {}
    for record in records:
        try:
            report = _read(record, categories)
        except MalformedReport as error:
            found.dead.append(dead_letter(record, topic_ids, "malformed", scrub(str(error))))
            continue
        earlier = first.get(report.id)
        if earlier is None:
            first[report.id] = report
            found.reports.append((record, report))
        elif earlier.fingerprint == report.fingerprint:
            found.duplicates += 1
        else:
            found.refused.append(report)
    return found


def _read(record: Record, categories: Mapping[str, Any]) -> LocatedReport:
    attributes = read_attributes(record.headers)
    if attributes.type != REPORT_RECEIVED:
        raise MalformedReport(f"ce_type is {attributes.type!r}, not {REPORT_RECEIVED}")
    report = read_located(record.value)
    if not CANONICAL.fullmatch(report.id):
        report = replace(report, id=str(UUID(report.id)))
    if report.category not in categories:
        raise MalformedReport(f"category {report.category!r} is not in the catalogue")
    return report


def dead_letter(
    record: Record, topic_ids: Mapping[str, UUID], reason_class: str, reason: str, attempts: int = 1
) -> DeadLetter:
    """A dead letter for `record`, naming the report when its headers hold a readable id."""
    try:
        report_id: str | None = str(UUID(read_attributes(record.headers).id))
    except ValueError:
        report_id = None
    return DeadLetter(
        record=record,
        topic_id=topic_ids[record.partition.topic],
        report_id=report_id,
        reason_class=reason_class,
        reason=reason,
        attempts=attempts,
    )


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
        opened, attached = self._place_in_cases(connection, fresh)
        for report in found.refused:
            _refuse(connection, report)
        write_dead_letters(connection, [*found.dead, *dead])
        return Outcome(
            opened=opened,
            attached=attached,
            duplicates=found.duplicates,
            known=found.known,
            refused=len(found.refused),
            dead=len(found.dead) + len(dead),
            dead_classes=Counter(letter.reason_class for letter in (*found.dead, *dead)),
        )

    def _drop_known(self, connection: Connection, found: Sorted) -> list[LocatedReport]:
        ids = words(sorted(report.id for _, report in found.reports))
        known = {row.id: row.fingerprint for row in connection.execute(KNOWN, {"ids": ids})}
        fresh = []
        for _, report in found.reports:
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
    ) -> tuple[int, int]:
        if not reports:
            return 0, 0
        prepared = self._prepare(connection, reports)
        near = Neighbourhood(self._rules.categories)
        near.read(connection, reports)
        candidates = near.candidates()
        locked = lock_cases(connection, list(candidates))
        near.gone({i for i in candidates if i not in locked or locked[i].closed_at})
        now = database_now(connection)
        work = _Work(self._rules, near, locked, now)
        joins = work.joins(reports)
        numbers = iter(
            take_numbers(
                connection,
                sum(join.opens for join in joins),
                now,
                self._prefix,
                self._rules.zone,
            )
        )
        for one, join in zip(prepared, joins, strict=True):
            work.settle(one, join, numbers)
        work.ledger.write(connection)
        _write_reports(connection, work.placed, now)
        return work.opened, len(reports) - work.opened

    def _prepare(self, connection: Connection, reports: Sequence[LocatedReport]) -> list[Prepared]:
        named = sorted({report.part for report in reports if report.part is not None})
        parts = part_place(connection, named) if named else {}
        links = link_batch(connection, [self._link_request(report) for report in reports])
        return [
            Prepared(
                report=report,
                links=link,
                known_part=report.part is None or report.part in parts,
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
        self._rules = rules
        self._near = near
        self._cases = dict(locked)
        self._now = now
        self.ledger = Ledger()
        self.placed: list[tuple[Prepared, UUID]] = []
        self.opened = 0

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
            number = next(numbers)
            case = open_for(self._rules, self.ledger, prepared, join, number=number, at=self._now)
            self._cases[case.id] = case
            self.opened += 1
        else:
            case = self._cases[join.case]
            attach_to(self.ledger, case, prepared, join, self._now)
        self.placed.append((prepared, case.id))


def _write_reports(
    connection: Connection, placed: Sequence[tuple[Prepared, UUID]], now: datetime
) -> None:
    ordered = sorted(placed, key=lambda item: item[0].report.id)
    stored_at = moment(now)
    rows = [_report_row(prepared, case_id, stored_at) for prepared, case_id in ordered]
    copy_rows(connection, "report", REPORT_COLUMNS, rows)
    contacts = [
        {
            "report_id": one.report.id,
            "contact": one.report.sealed_contact,
            "on_behalf": one.report.sealed_on_behalf,
        }
        for one, _ in ordered
        if one.report.contact or one.report.on_behalf
    ]
    if contacts:
        connection.execute(CONTACT, contacts)
    photos = [
        (photo, one.report.id, case_id, one.report.subject)
        for one, case_id in ordered
        for photo in dict.fromkeys(one.report.photos)
    ]
    if photos:
        copy_rows(
            connection, "report_photo", ("photo_id", "report_id", "case_id", "subject"), photos
        )


def _report_row(prepared: Prepared, case_id: UUID, stored_at: str) -> tuple[Any, ...]:
    report = prepared.report
    return (
        report.id,
        str(case_id),
        f"\\x{report.fingerprint}",
        report.subject,
        report.reporter,
        report.source,
        report.category,
        report.condition,
        report.lon,
        report.lat,
        report.crs,
        report.original_lon,
        report.original_lat,
        report.accuracy_m,
        report.community,
        words(report.candidates),
        report.map_version,
        report.part,
        report.text or None,
        f"\\x{prepared.salt.hex()}" if report.text else None,
        words(report.photos),
        report.confidential,
        report.observed_at,
        report.observed_ahead,
        report.received_at,
        stored_at,
    )


def _refuse(connection: Connection, report: LocatedReport) -> None:
    connection.execute(
        REFUSE,
        {
            "report_id": report.id,
            "fingerprint": bytes.fromhex(report.fingerprint),
            "subject": report.subject,
            "reason": "another report with this id was received first",
        },
    )
