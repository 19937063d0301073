"""A batch's records by what can be done with them: reports, repeats, refusals, dead letters.

Pure. What the database knows already is left to `dispatch.engine.ingest`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from dispatch.engine.dead_letters import DeadLetter, dead_letter
from dispatch.process.logs import scrub
from dispatch.reports.report import LocatedReport, MalformedReport, read_located
from streams.envelope import REPORT_RECEIVED, read_attributes
from streams.records import Record

# The one way in which ids are compared: as the database writes them.
CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Sorted:
    """A batch's records by what can be done with them."""

    reports: list[LocatedReport] = field(default_factory=list)
    refused: list[LocatedReport] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    duplicates: int = 0
    known: int = 0


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
            found.reports.append(report)
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
