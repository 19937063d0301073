"""Reports as rows: which the database has, writing new ones, noting those that are refused."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from dispatch.cases.history import moment
from dispatch.engine.opening import Prepared
from dispatch.reports.report import LocatedReport
from dispatch.storage.bulk import copy_rows
from grid.arrays import words

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


def known_fingerprints(connection: Connection, reports: Iterable[LocatedReport]) -> dict[str, str]:
    """The fingerprints of those reports that are stored, by id."""
    ids = words(sorted(report.id for report in reports))
    return {row.id: row.fingerprint for row in connection.execute(KNOWN, {"ids": ids})}


def write_reports(
    connection: Connection, placed: Sequence[tuple[Prepared, UUID]], now: datetime
) -> None:
    """Writes reports with the cases that they came to; a report id that is taken is an error."""
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


def write_refusals(connection: Connection, reports: Iterable[LocatedReport]) -> None:
    """Notes reports whose id another report had first, for those who ask what became of them."""
    for report in reports:
        _refuse(connection, report)


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
