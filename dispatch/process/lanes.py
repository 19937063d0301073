"""A lane is worked by whoever holds its session advisory lock (design decision 7)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.errors import Unavailable
from dispatch.process.heartbeat import POSTGRES, Beating
from dispatch.process.stopping import Stop
from dispatch.storage.database import SILENT_S, end_frozen, is_passing, unavailable_told

RELAY = 1_001
CLOCK = 1_002
VERIFY = 1_003
log = structlog.get_logger("lanes")


def work_lane(
    database: Engine,
    kind: int,
    number: int,
    work: Callable[[Connection], None],
    heartbeat: Beating,
    stop: Stop,
) -> None:
    """Works the lane whenever it is to be had, until told to stop; outlives a lost PostgreSQL.

    `work` runs on the connection that holds the lane, and returns when told to stop.
    """
    while not stop.is_set():
        try:
            with lane(database, kind, number) as connection:
                if connection is None:
                    heartbeat.stand_by("another process holds the lane")
                    stop.wait(0.5)
                else:
                    work(connection)
        except Unavailable as error:
            heartbeat.beat(POSTGRES)
            log.warning("postgres is away", error=error)
            stop.wait(1)
        except DBAPIError as error:
            if not is_passing(error):
                raise
            log.warning("pass is tried again", error=error)
            stop.wait(0.5)


@contextmanager
def lane(engine: Engine, kind: int, number: int) -> Iterator[Connection | None]:
    """The connection that holds the lane, or None when another process holds it.

    The session ends by itself after ten idle seconds, so that an unplugged holder loses its lane,
    and a frozen one too; one that froze while it sent rows is ended by who waits for the lane.
    Every pass must run on this connection.
    """
    with unavailable_told(engine), engine.connect() as connection:
        connection.exec_driver_sql(f"set idle_session_timeout = '{SILENT_S:.0f}s'")
        held = connection.execute(
            text("select pg_try_advisory_lock(:kind, :number)"),
            {"kind": kind, "number": number},
        ).scalar_one()
        if not held:
            end_frozen(connection)
        connection.commit()
        try:
            yield connection if held else None
        finally:
            # The lock belongs to the session: never give it back to a pool.
            connection.invalidate()
