"""Connections to PostgreSQL: one engine a process, short time-outs, no superuser."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import structlog
from sqlalchemy import Connection, Engine, create_engine, text
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
# Whoever holds locks and is silent for so long loses them.
SILENT_S = 10.0
# The server's own time-outs count idle sessions. One that is being sent rows, or sends them, waits
# for its client without end: no time-out, not even `statement_timeout`, is looked at meanwhile. The
# roles send for milliseconds; commands, which compute while they send, have other names.
END_FROZEN = text("""
    select pid, pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
      and application_name in
        ('wangge-api', 'wangge-engine', 'wangge-clock', 'wangge-relay', 'wangge-verify')
      and state = 'active' and wait_event in ('ClientRead', 'ClientWrite')
      and state_change < clock_timestamp() - make_interval(secs => :silent_s)
""")
LOCKED_OUT = "55P03"
# SQLSTATEs after which the same work succeeds when it is simply done again.
RETRY_STATES = frozenset({"40001", "40P01", LOCKED_OUT, "57014", "53100", "53200", "53300"})
OF_THE_DRIVER = (psycopg.DataError, psycopg.NotSupportedError, psycopg.ProgrammingError)
log = structlog.get_logger("database")


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
    idle_timeout_ms: int = int(SILENT_S * 1000),
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
    with closed_after(engine):
        yield engine


@contextmanager
def closed_after(engine: Engine) -> Iterator[None]:
    """The engine's connections are closed after the block, however it ends."""
    try:
        yield
    finally:
        engine.dispose()


def is_unavailable(error: BaseException) -> bool:
    """Whether the server is away (rather than the statement wrong)."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    if isinstance(error, psycopg.Error):
        if error.sqlstate is None:
            # A lost server has no state to tell; nor has the driver, where it is the value or the
            # statement that it cannot send or read.
            return not isinstance(error, OF_THE_DRIVER)
        return error.sqlstate[:2] in {"08", "57"}
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
    """A server that is away becomes `Unavailable`; the connections to it are given up.

    Who waited too long for a lock ends the session of a frozen process, so that the next try
    finds it free.
    """
    try:
        yield
    except DBAPIError as error:
        if is_unavailable(error):
            engine.dispose()
            raise Unavailable("PostgreSQL", str(error.orig or error).strip()) from error
        if isinstance(error.orig, psycopg.Error) and error.orig.sqlstate == LOCKED_OUT:
            with suppress(DBAPIError), engine.begin() as connection:
                end_frozen(connection)
        raise


def end_frozen(connection: Connection) -> None:
    """Ends sessions of roles whose process stopped while rows were under way between the two.

    Their transactions are undone, and their processes do the work again.
    """
    if connection.execute(END_FROZEN, {"silent_s": SILENT_S}).all():
        log.warning("sessions of frozen processes are ended")
