"""A case as it is stored: reading it, locking it, numbering it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from dispatch.cases import history
from workflows.deadlines import Deadline
from workflows.definition import Definition


@dataclass(slots=True, kw_only=True)
class Case:
    """One case row. Times are aware UTC; `x`, `y` are metres in EPSG:4546; degrees are WGS-84."""

    id: UUID
    opened_month: date
    number: str
    line: str
    definition: str
    category: str
    condition: str | None
    state: str
    version: int
    seq: int
    head_hash: bytes
    last_at: datetime
    city: str
    district: str
    community: str
    map_version: int
    x: float
    y: float
    lon: float
    lat: float
    accuracy_m: float
    department: str | None
    source: str
    part: str | None
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    deadlines: tuple[Deadline, ...]
    links: Mapping[str, Any]
    report_count: int
    handled_by: tuple[str, ...]
    possible_duplicate_of: UUID | None
    marks: Mapping[str, int | str]
    assistants: Mapping[str, bool]
    merged_into: UUID | None
    split_from: UUID | None
    limit_text: str | None = None
    """The limit that its condition had when the case was filed with it."""

    @property
    def areas(self) -> dict[str, str]:
        """The codes of its three areas by level."""
        return {"city": self.city, "district": self.district, "community": self.community}

    def note_holder(self) -> None:
        """Whoever has the case now, or assists in it, may never close it (design invariant 7)."""
        if self.department is not None and self.department not in self.handled_by:
            self.handled_by = (*self.handled_by, self.department)
        if self.assistants:
            # In the order of the event's body, whose keys are sorted: it is rebuilt from there.
            more = sorted(code for code in self.assistants if code not in self.handled_by)
            self.handled_by = (*self.handled_by, *more)

    def summary(self) -> dict[str, Any]:
        """What every event says of the case as it is after the event."""
        return {
            "number": self.number,
            "state": self.state,
            "version": self.version,
            "category": self.category,
            "condition": self.condition,
            "limit": self.limit_text,
            "department": self.department,
            "areas": self.areas,
            "lon": history.coordinate(self.lon),
            "lat": history.coordinate(self.lat),
        }


class Placed(Protocol):
    """What lies somewhere on a map: a report, a place, another case."""

    @property
    def city(self) -> str: ...
    @property
    def district(self) -> str: ...
    @property
    def community(self) -> str: ...
    @property
    def map_version(self) -> int: ...
    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


def new_id() -> UUID:
    """An id for a case that is being opened: a UUID of version 7 (RFC 9562, 5.7).

    It begins with the time, so what is written today lies together in every index, however many
    years are stored.
    """
    return uuid7()


def new_case(  # noqa: PLR0913  what a case begins with
    placed: Placed,
    *,
    id: UUID,
    number: str,
    definition: Definition,
    category: str,
    opened_at: datetime,
    zone: ZoneInfo,
    accuracy_m: float,
    source: str,
    links: Mapping[str, Any],
    split_from: UUID | None = None,
) -> Case:
    """A case that lies where `placed` does, before its first event: nobody reported or holds it."""
    return Case(
        id=id,
        opened_month=opened_month(opened_at, zone),
        number=number,
        line=definition.line.value,
        definition=definition.key,
        category=category,
        condition=None,
        state=definition.initial,
        version=1,
        seq=0,
        head_hash=history.START,
        last_at=opened_at,
        city=placed.city,
        district=placed.district,
        community=placed.community,
        map_version=placed.map_version,
        x=placed.x,
        y=placed.y,
        lon=round(placed.lon, history.DECIMALS),
        lat=round(placed.lat, history.DECIMALS),
        accuracy_m=accuracy_m,
        department=None,
        source=source,
        part=None,
        opened_at=opened_at,
        closed_at=None,
        due_at=None,
        deadlines=(),
        links=links,
        report_count=0,
        handled_by=(),
        possible_duplicate_of=None,
        marks={},
        assistants={},
        merged_into=None,
        split_from=split_from,
    )


COLUMNS = (
    "id opened_month number line definition category condition state version seq "
    "head_hash last_at city district community map_version geom lon lat accuracy_m "
    "department source part opened_at closed_at due_at deadlines links report_count "
    "handled_by possible_duplicate_of marks assistants merged_into split_from limit_text"
).split()

# In the order of `Case`. Documents come as texts: the driver's own reader of them is slow.
SELECT = """
    select c.id, c.opened_month, c.number, c.line, c.definition, c.category, c.condition, c.state,
        c.version, c.seq, c.head_hash, c.last_at, c.city, c.district, c.community, c.map_version,
        ST_X(c.geom) as x, ST_Y(c.geom) as y, c.lon, c.lat, c.accuracy_m, c.department, c.source,
        c.part, c.opened_at, c.closed_at, c.due_at, c.deadlines::text, c.links::text,
        c.report_count, c.handled_by, c.possible_duplicate_of, c.marks::text, c.assistants::text,
        c.merged_into, c.split_from, c.limit_text
    from "case" c
"""
FIELDS = tuple(field.name for field in fields(Case))

LOCK = text(SELECT + " where c.id = any(:ids) order by c.id for update")


def read_case(row: Sequence[Any]) -> Case:
    """A `Case` from a row of SELECT."""
    values = dict(zip(FIELDS, row, strict=True))
    values["deadlines"] = tuple(map(Deadline.from_json, orjson.loads(values["deadlines"])))
    values["links"] = orjson.loads(values["links"])
    values["marks"] = orjson.loads(values["marks"])
    values["assistants"] = orjson.loads(values["assistants"])
    values["handled_by"] = tuple(values["handled_by"])
    return Case(**values)


def lock_cases(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Case]:
    """Locks the cases in ascending order of id (the one lock order) and reads them."""
    if not ids:
        return {}
    rows = connection.execute(LOCK, {"ids": sorted(ids)}).all()
    return {case.id: case for case in map(read_case, rows)}


def database_now(connection: Connection) -> datetime:
    """The database's time, the only clock of history and deadlines (design decision 3)."""
    now: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return now


def take_numbers(
    connection: Connection, count: int, at: datetime, prefix: str, zone: ZoneInfo
) -> list[str]:
    """`count` case numbers of the local day of `at`, in one counter update."""
    if count == 0:
        return []
    day = at.astimezone(zone).date()
    last = connection.execute(
        text("""
            insert into number_counter as kept (day, next_serial) values (:day, 1 + :count)
            on conflict (day) do update set next_serial = kept.next_serial + :count
            returning next_serial
        """),
        {"day": day, "count": count},
    ).scalar_one()
    return [f"{prefix}{day:%Y%m%d}{serial:04d}" for serial in range(last - count, last)]


@lru_cache(maxsize=16)
def opened_month(at: datetime, zone: ZoneInfo) -> date:
    """The first day of the local month of `at`; fixed for the life of a case."""
    return at.astimezone(zone).date().replace(day=1)
