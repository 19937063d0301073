"""A lane is worked by whoever holds its session advisory lock (design decision 7)."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.database import is_unavailable
from dispatch.errors import Unavailable

RELAY = 1_001
CLOCK = 1_002


@contextmanager
def lane(engine: Engine, kind: int, number: int) -> Iterator[Connection | None]:
    """The connection that holds the lane, or None when another process holds it.

    The session ends by itself after ten idle seconds, so that a frozen or unplugged holder loses
    its lane; every pass must run on this connection.
    """
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("set idle_session_timeout = '10s'")
            held = connection.execute(
                text("select pg_try_advisory_lock(:kind, :number)"),
                {"kind": kind, "number": number},
            ).scalar_one()
            connection.commit()
            try:
                yield connection if held else None
            finally:
                # The lock belongs to the session: never give it back to a pool.
                connection.invalidate()
    except DBAPIError as error:
        if is_unavailable(error):
            engine.dispose()
            raise Unavailable("PostgreSQL", str(error.orig or error).strip()) from error
        raise
