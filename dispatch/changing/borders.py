"""Borders that change: which open cases a new map moves, and moving them.

A case keeps the map of its day until somebody moves it by command: one event a case, through the
ledger, so that row, history, version and outbox change together (design decisions 8 and 13).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from dispatch.cases.case import Case, database_now, lock_cases
from dispatch.cases.event_bodies import REMAPPED
from dispatch.cases.ledger import Ledger
from dispatch.changing.batching import Progress, in_batches
from dispatch.errors import DispatchError
from dispatch.storage.database import transaction
from grid.areas import AreaMap
from grid.moving import Areas, areas_at

ACTOR = "system:borders"

OPEN = text("""
    select id, number, city, district, community, ST_X(geom) as x, ST_Y(geom) as y
    from "case" where closed_at is null and not marks ? 'transferred' order by id
""")
IN_FORCE = text("""
    select version from map_version where effective_at <= clock_timestamp()
    order by version desc limit 1
""")


class MapChanged(DispatchError):
    """A newer map took effect meanwhile; what was moved stays moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMove:
    """An open case that a map puts elsewhere; `new` None: no community holds it."""

    id: UUID
    number: str
    old: Areas
    new: Areas | None


def case_moves(connection: Connection, area_map: AreaMap) -> Iterator[CaseMove]:
    """The open cases whose city, district or community is another in this map."""
    rows = connection.execute(OPEN).all()
    found = areas_at(area_map, [row.x for row in rows], [row.y for row in rows])
    for row, new in zip(rows, found, strict=True):
        old = (row.city, row.district, row.community)
        if new != old:
            yield CaseMove(id=row.id, number=row.number, old=old, new=new)


def move_cases(
    database: Engine, area_map: AreaMap, moves: Sequence[CaseMove], progress: Progress
) -> int:
    """Moves the cases to their areas in the map, batch by batch; answers how many.

    Safe to run again and beside engines and desks: each case is locked and looked at anew. Raises
    MapChanged when the map is no longer the one in force.
    """
    ids = sorted(move.id for move in moves if move.new is not None)
    return sum(in_batches(ids, "moving cases", progress, partial(_move_batch, database, area_map)))


def _move(ledger: Ledger, case: Case, areas: Areas, version: int, now: datetime) -> None:
    """Writes one case's event: the areas it had under which map, and those it has now."""
    was = {"areas": case.areas, "map_version": case.map_version}
    if areas[1] != case.district:
        ledger.moved(case, case.district)
    case.city, case.district, case.community = areas
    case.map_version = version
    ledger.remapped(case)
    body = {"rule": "map-in-force", "map_version": version, "was_place": was}
    ledger.append(case, type_=REMAPPED, at=now, actor=ACTOR, body=body)


def _is_moved(case: Case) -> bool:
    """Borders move open cases; one that a desk gave to another district stays there."""
    return case.closed_at is None and "transferred" not in case.marks


def _move_batch(database: Engine, area_map: AreaMap, ids: Sequence[UUID]) -> int:
    with transaction(database) as connection:
        if connection.execute(IN_FORCE).scalar_one() != area_map.version:
            raise MapChanged("a newer map has taken effect; run the command again")
        cases = [case for case in lock_cases(connection, ids).values() if _is_moved(case)]
        found = areas_at(area_map, [case.x for case in cases], [case.y for case in cases])
        now = database_now(connection)
        ledger = Ledger()
        moved = 0
        for case, areas in zip(cases, found, strict=True):
            if areas is not None and areas != (case.city, case.district, case.community):
                _move(ledger, case, areas, area_map.version, now)
                moved += 1
        ledger.write(connection)
    return moved
