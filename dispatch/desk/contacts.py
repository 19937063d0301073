"""Whom to call about a case: contacts that are shown for a purpose, each view of them kept.

The view is noted in the transaction that reads the contact, and before it: the database shows the
service no contact whose view is not noted there (migration 0013). Nothing of a contact goes into
events, topics or logs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, text

from dispatch.cases import access
from dispatch.cases.case import Case
from dispatch.cases.history import moment
from dispatch.desk.masking import masked_name, masked_phone
from dispatch.keys import Keys
from dispatch.reading.reading import KIN
from dispatch.tokens import Principal, Role

SHOWN_MOST = 100

NAME_CASE = text("select set_config('wangge.case', :case, true)")
REPORTS = text(f"""{KIN}
    select r.id, r.received_at, r.source, r.confidential from report r
    join kin on r.case_id = kin.id
    where (:everything or not r.confidential)
        and (cast(:wanted as uuid[]) is null or r.id = any(cast(:wanted as uuid[])))
        and (cast(:after as uuid) is null or (r.received_at, r.id) >
            (select received_at, id from report where id = :after))
    order by r.received_at, r.id limit :limit
""")  # noqa: S608  KIN is a constant
WITHHELD = text(f"""{KIN}
    select count(*) from report r join kin on r.case_id = kin.id where r.confidential
""")  # noqa: S608
NOTE = text("""
    insert into personal.contact_view
        (viewer, role, case_id, report_id, purpose, reason, masked)
    values (:viewer, :role, :case, :report, :purpose, :reason, :masked)
""")
CONTACTS = text("""
    select report_id, contact, on_behalf from personal.contact
    where report_id = any(cast(:reports as uuid[]))
""")
VIEWS = text("""
    select id, at, viewer, role, report_id, purpose, reason, masked from personal.contact_view
    where case_id = :case and id > :after order by id limit :limit
""")


class Purpose(StrEnum):
    """Why somebody looks at contacts."""

    CALL_BACK = "call_back"
    VERIFY = "verify"
    DISPUTE = "dispute"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose contacts are asked for, and why: of these `reports`, or of all behind `after`."""

    purpose: Purpose
    reason: str | None
    masked: bool
    reports: tuple[UUID, ...] | None = None
    after: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One page; `withheld` reports are confidential, and not for this caller."""

    items: list[dict[str, Any]]
    following: UUID | None
    withheld: int


def may_see_contacts(who: Principal, case: Case) -> bool:
    """Acceptors in their scope; a department while it holds the case and the case is open, but not
    one that assists (domain facts 4.7, time by case)."""
    if who.role is Role.ACCEPTOR:
        return access.sees_case(who, case)
    if who.role is not Role.HANDLER or case.department is None or case.closed_at is not None:
        return False
    return access.sees_case(who, case) and who.department == case.department


def show_contacts(
    connection: Connection, keys: Keys, who: Principal, case: Case, asked: Asked
) -> Shown:
    """Notes the views and answers the contacts, at most SHOWN_MOST; raises access.Forbidden.

    The caller commits before it answers.
    """
    if not may_see_contacts(who, case):
        raise access.Forbidden(
            "contacts are for acceptors, and for the department that holds the case while it is "
            "open; ask one of them to call"
        )
    everything = who.role is Role.ACCEPTOR
    reports = _reports(connection, case, asked, everything)
    page = reports[:SHOWN_MOST]
    connection.execute(NAME_CASE, {"case": str(case.id)})
    _note(connection, who, case, asked, [report.id for report in page])
    sealed = {
        row.report_id: row
        for row in connection.execute(CONTACTS, {"reports": [report.id for report in page]})
    }
    held = 0 if everything else connection.execute(WITHHELD, {"id": case.id}).scalar_one()
    return Shown(
        items=[_item(keys, report, sealed.get(report.id), asked.masked) for report in page],
        following=page[-1].id if len(reports) > SHOWN_MOST else None,
        withheld=held,
    )


def _reports(connection: Connection, case: Case, asked: Asked, everything: bool) -> Sequence[Any]:
    values = {
        "id": case.id,
        "everything": everything,
        "wanted": None if asked.reports is None else list(asked.reports),
        "after": asked.after,
        "limit": SHOWN_MOST + 1,
    }
    return connection.execute(REPORTS, values).all()


def _note(
    connection: Connection, who: Principal, case: Case, asked: Asked, reports: Iterable[UUID]
) -> None:
    rows = [
        {
            "viewer": who.subject,
            "role": who.role.value,
            "case": case.id,
            "report": report,
            "purpose": asked.purpose.value,
            "reason": asked.reason,
            "masked": asked.masked,
        }
        for report in reports
    ]
    if rows:
        connection.execute(NOTE, rows)


def _item(keys: Keys, report: Any, sealed: Any, masked: bool) -> dict[str, Any]:
    """`call` says whom: the caller for whom an operator wrote goes before any other contact."""
    caller, contact = (
        _opened(keys, report.id, None if sealed is None else getattr(sealed, name), masked)
        for name in ("on_behalf", "contact")
    )
    call = "caller" if _reachable(caller) else "contact" if _reachable(contact) else None
    return {
        "report": str(report.id),
        "received_at": moment(report.received_at),
        "source": report.source,
        "confidential": report.confidential,
        "caller": caller,
        "contact": contact,
        "call": call,
    }


def _reachable(person: dict[str, Any] | None) -> bool:
    return person is not None and bool(person.get("phone") or person.get("name"))


def _opened(keys: Keys, report: UUID, sealed: bytes | None, masked: bool) -> dict[str, Any] | None:
    if sealed is None:
        return None
    try:
        told = orjson.loads(keys.unseal(bytes(sealed), str(report)))
    except InvalidTag:
        # Sealed with another installation's key; the doctor tells of that, the desk goes on.
        return {"name": None, "phone": None, "unreadable": True}
    name, phone = told.get("name"), told.get("phone")
    if masked:
        name, phone = masked_name(name), masked_phone(phone)
    return {"name": name, "phone": phone}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """Somebody looked at the contact of a report."""

    id: int
    at: datetime
    viewer: str
    role: str
    report_id: UUID
    purpose: str
    reason: str | None
    masked: bool


def contact_views(
    connection: Connection, case: Case, *, after: int, limit: int
) -> list[ContactView]:
    """Who looked at the case's contacts, in order, from the view behind `after` on."""
    connection.execute(NAME_CASE, {"case": str(case.id)})
    rows = connection.execute(VIEWS, {"case": case.id, "after": after, "limit": limit})
    return [ContactView(**row._mapping) for row in rows]
