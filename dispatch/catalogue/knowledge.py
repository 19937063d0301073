"""What a process knows without asking: maps, catalogue, departments, revoked tokens.

Refreshed when it changes, and kept in a snapshot file, so that intake works while PostgreSQL is
down, also after a restart of the api (design §1).
"""

import json
import os
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, text

from dispatch.catalogue.stored import (
    Catalogue,
    catalogue_from_json,
    catalogue_version,
    load_catalogue,
)
from dispatch.errors import Unavailable
from dispatch.process.stopping import Stop
from dispatch.storage.database import transaction
from geo.errors import SnapshotError
from grid.areas import AreaMap, load_map, map_versions
from grid.departments import Department, DutyTable, load_departments, load_duties

log = structlog.get_logger("knowledge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One consistent state; replaced as a whole."""

    maps: tuple[AreaMap, ...]
    catalogue: Catalogue
    denied: frozenset[str]
    departments: Mapping[str, Department]
    duties: DutyTable
    mark: tuple[object, ...]

    def map_at(self, at: datetime) -> AreaMap:
        """The map in force at a moment: the newest that has taken effect."""
        return [m for m in self.maps if m.effective_at <= at][-1]

    @property
    def in_force(self) -> AreaMap:
        """The map in force now; maps that take effect later are known, too."""
        return self.map_at(datetime.now(UTC))


def load_known(connection: Connection) -> Known:
    """Reads everything; raises grid's NoMapError when no map is loaded."""
    now = datetime.now(UTC)
    future = [v for v in map_versions(connection) if v.effective_at > now]
    maps = [load_map(connection), *(load_map(connection, v.effective_at) for v in future)]
    return Known(
        maps=tuple({m.version: m for m in maps}.values()),
        catalogue=load_catalogue(connection),
        denied=load_denied(connection),
        departments=load_departments(connection),
        duties=load_duties(connection),
        mark=read_mark(connection),
    )


def load_denied(connection: Connection) -> frozenset[str]:
    """The ids of revoked tokens that have not expired anyway."""
    rows = connection.execute(
        text("""select jti from token_revocation
            where expires_at is null or expires_at > now()""")
    )
    return frozenset(rows.scalars())


def read_mark(connection: Connection) -> tuple[object, ...]:
    """Changes whenever something of it changes; cheap to ask for."""
    versions = [v.version for v in map_versions(connection)]
    revoked = connection.execute(text("select count(*) from token_revocation")).scalar_one()
    return (tuple(versions), catalogue_version(connection), revoked)


def to_snapshot(known: Known) -> bytes:
    """The part that intake needs, as the bytes of a file."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("denied.json", json.dumps(sorted(known.denied)))
        archive.writestr("catalogue.json", known.catalogue.to_json())
        for area_map in known.maps:
            archive.writestr(f"map-{area_map.version:09d}", area_map.to_bytes())
    return buffer.getvalue()


def from_snapshot(data: bytes) -> Known:
    """Reads what `to_snapshot` wrote; raises SnapshotError on anything else."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            maps = sorted(name for name in archive.namelist() if name.startswith("map-"))
            return Known(
                maps=tuple(AreaMap.from_bytes(archive.read(name)) for name in maps),
                catalogue=catalogue_from_json(archive.read("catalogue.json")),
                denied=frozenset(json.loads(archive.read("denied.json"))),
                departments={},
                duties=DutyTable(()),
                mark=("snapshot",),
            )
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {error}") from error


class Knowledge:
    """Holds the latest `Known` and keeps it fresh from a thread."""

    def __init__(
        self,
        database: Engine,
        *,
        snapshot: Path | None,
        refresh_s: float,
        changed: Callable[[Known], None] = lambda _known: None,
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._refresh_s = refresh_s
        self._changed = changed
        self._known: Known | None = None
        self.reason = "not loaded yet"
        self.stale = True

    @property
    def known(self) -> Known | None:
        """The latest state, or None while nothing could be loaded at all."""
        return self._known

    def start(self, stop: Stop) -> None:
        """Loads once (database, else snapshot), then refreshes until `stop`."""
        self.refresh()
        if self._known is None:
            self._read_snapshot()
        thread = threading.Thread(target=self._keep, args=(stop,), name="knowledge", daemon=True)
        thread.start()

    def refresh(self) -> None:
        """Reads again when something changed; keeps what it has when that fails.

        `stale` says whether it failed, and `reason` why.
        """
        try:
            known = self._read()
        except Unavailable as error:
            self.reason, self.stale = str(error), True
            return
        except Exception as error:  # noqa: BLE001  keeps serving with what it knows
            self.reason, self.stale = str(error), True
            log.warning("cannot read maps and catalogue", error=error)
            return
        self.stale = False
        if known is not None:
            self._take(known)
            self._write_snapshot(known)

    def _read(self) -> Known | None:
        """What the database has now, or None when it is what is known already."""
        with transaction(self._database) as connection:
            if self._known is not None and read_mark(connection) == self._known.mark:
                return None
            return load_known(connection)

    def _keep(self, stop: Stop) -> None:
        while not stop.wait(self._refresh_s):
            self.refresh()

    def _take(self, known: Known) -> None:
        self._known = known
        self._changed(known)

    def _read_snapshot(self) -> None:
        if self._snapshot is None:
            return
        try:
            self._take(from_snapshot(self._snapshot.read_bytes()))
            log.warning("started from the snapshot file", reason=self.reason)
        except FileNotFoundError:
            log.warning("no snapshot file yet", reason=self.reason)
        except (OSError, SnapshotError) as error:
            log.warning("the snapshot file is of no use", error=error)

    def _write_snapshot(self, known: Known) -> None:
        if self._snapshot is None:
            return
        try:
            self._snapshot.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._snapshot.with_name(f"{self._snapshot.name}.{os.getpid()}.tmp")
            temporary.write_bytes(to_snapshot(known))
            temporary.replace(self._snapshot)
        except OSError as error:
            log.warning("the snapshot file cannot be written", error=error)
