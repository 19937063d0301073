"""Connections to PostgreSQL: one engine a process, short time-outs, no superuser."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from dispatch.errors import Unavailable

# Kept short so that a frozen peer or an unplugged wire frees locks in seconds (design decision 7).
KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}
# SQLSTATEs after which the same work succeeds when it is simply done again.
RETRY_STATES = frozenset({"40001", "40P01", "55P03", "57014", "53100", "53200", "53300"})


def driver_url(url: str) -> str:
    """SQLAlchemy's name for a plain `postgresql://` address."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres"} else url


def connect_engine(
    url: str,
    *,
    role: str,
    pool_size: int = 5,
    lock_timeout_ms: int = 5000,
    statement_timeout_ms: int = 30_000,
    idle_timeout_ms: int = 10_000,
) -> Engine:
    """An engine whose sessions carry the process's name and time-outs.

    `idle_timeout_ms` ends a transaction whose process is frozen; a long load, which computes for
    a while between its statements, sets it to 0.
    """
    options = " ".join(
        f"-c {name}={value}"
        for name, value in {
            "timezone": "UTC",
            "jit": "off",  # compiling costs more than running any statement of ours
            "lock_timeout": lock_timeout_ms,
            "statement_timeout": statement_timeout_ms,
            "idle_in_transaction_session_timeout": idle_timeout_ms,
        }.items()
    )
    return create_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=False,
        pool_recycle=600,
        hide_parameters=True,  # errors are logged, and parameters are people's words
        connect_args={
            "application_name": f"wangge-{role}",
            "connect_timeout": 3,
            "options": options,
            **KEEPALIVES,
        },
    )


@contextmanager
def connected(url: str, *, role: str, is_long: bool = False) -> Iterator[Engine]:
    """An engine for one command; its connections are closed after it. A long one may compute for
    minutes, in a statement and between two."""
    engine = (
        connect_engine(url, role=role, statement_timeout_ms=600_000, idle_timeout_ms=0)
        if is_long
        else connect_engine(url, role=role)
    )
    try:
        yield engine
    finally:
        engine.dispose()


def is_unavailable(error: BaseException) -> bool:
    """Whether the server is away (rather than the statement wrong)."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    if isinstance(error, psycopg.Error):
        state = error.sqlstate or ""
        return state == "" or state[:2] in {"08", "57"}
    return isinstance(error, OperationalError | InterfaceError | OSError)


def is_passing(error: BaseException) -> bool:
    """Whether the same work should simply be done again: deadlock, full disk, lost connection."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, psycopg.Error) and original.sqlstate in RETRY_STATES:
        return True
    return is_unavailable(error)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction; a server that is away becomes `Unavailable`."""
    with unavailable_told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def unavailable_told(engine: Engine) -> Iterator[None]:
    """A server that is away becomes `Unavailable`; the connections to it are given up."""
    try:
        yield
    except DBAPIError as error:
        if is_unavailable(error):
            engine.dispose()
            raise Unavailable("PostgreSQL", str(error.orig or error).strip()) from error
        raise
