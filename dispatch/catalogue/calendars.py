"""Calendars that are shipped, stored, or lie in a file: found by name, and loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from dispatch.catalogue.standards import document_of, names_file
from dispatch.catalogue.stored import store_calendar
from workflows.calendar import WorkingCalendar
from workflows.errors import CalendarError
from workflows.workdays import Workdays, read_workdays

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A version of a calendar that the database holds."""

    name: str
    version: int
    document: Document
    loaded_at: datetime

    @property
    def key(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What loading a document did: `version` is the newest now, `stored` whether it is new.

    `old` is what the version before it says, None for a new name.
    """

    version: int
    stored: bool
    old: Workdays | None
    new: Workdays


def calendar_names(connection: Connection) -> list[str]:
    """The names under which calendars are stored."""
    return list(connection.execute(text("select distinct name from calendar")).scalars())


def stored_calendars(connection: Connection) -> list[Stored]:
    """Every version of every calendar, by name, oldest first."""
    rows = connection.execute(
        text("select name, version, document, loaded_at from calendar order by name, version")
    )
    return [
        Stored(name=r.name, version=r.version, document=r.document, loaded_at=r.loaded_at)
        for r in rows
    ]


def find_document(named: str, stored: list[Stored]) -> Document:
    """The document of a file, of a stored name (its newest) or `name@version`, or a shipped one.

    Raises `CalendarError` or `DocumentError`.
    """
    if not names_file(named):
        found = [one for one in stored if named in (one.name, one.key)]
        if found:
            return {**found[-1].document, "name": found[-1].name}
        try:
            return document_of(named)
        except CalendarError as error:
            kept = ", ".join(one.key for one in stored) or "none"
            raise CalendarError(f"{error} Stored are: {kept}.") from error
    return document_of(named)


def check_document(document: object) -> Workdays:
    """What a document says, looked at to its last day; `CalendarError` names what is wrong."""
    WorkingCalendar.from_document(document)
    return read_workdays(document)


def load_document(connection: Connection, document: Document) -> Loaded:
    """Stores a document as the next version of its name, unless the newest says the same.

    Open deadlines keep the version that they were set under. Raises `CalendarError`.
    """
    new = check_document(document)
    # Whoever loads a calendar at the same moment waits here.
    connection.execute(text("select catalogue_version from installation for update"))
    kept = [one for one in stored_calendars(connection) if one.name == new.name]
    old = read_workdays(kept[-1].document) if kept else None
    if kept and old == new:
        return Loaded(version=kept[-1].version, stored=False, old=old, new=new)
    return Loaded(version=store_calendar(connection, document), stored=True, old=old, new=new)
