"""Logs: one JSON object a line, to standard error; never personal data.

`without_people` is the one processor that holds this. Every line passes it, those of libraries and
of errors that nobody caught too. It lets through a vocabulary of fields; an error is told by its
kind and place, and by its message only where the message is ours or the server's own.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from dispatch.errors import DispatchError
from geo.errors import GeoError
from grid.errors import GridError
from streams.errors import StreamError
from workflows.errors import WorkflowError

Event = MutableMapping[str, Any]
OURS = (DispatchError, StreamError, GridError, GeoError, WorkflowError)
ROOT = Path(__file__).parents[2]
LONGEST = 300
WITHHELD = "[withheld]"

NUMBERS = frozenset(
    "records opened attached duplicates ms offset photos seconds port seq cases events "
    "broken".split()
)
WORDS = frozenset("level timestamp logger method kind metric path where case".split())
TEXTS = frozenset("event reason".split())

WORD = re.compile(r"[A-Za-z0-9_.:+@/{}\-]{1,120}")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|«[^»]*»|“[^”]*”")
HIDDEN = re.compile(
    r"eyJ[\w-]+(\.[\w-]*){0,2}"  # a token
    r"|[Bb]earer\s+\S+"
    r"|(?<![\w.])\+?\d(?:[ -]?\d){6,}(?![\w.])"  # a telephone, an identity card
    r"|[^\x20-\x7e]+"  # our own texts are plain English
)
# Of the server itself: connection, resources, locks, shutdown, rollback. Others may quote a row.
SERVER_STATES = ("08", "25", "28", "3D", "40", "53", "55", "57")


def set_up_logs(verbose: bool) -> None:
    """Sets structlog and the standard library's logging up once for the process."""
    level = logging.DEBUG if verbose else logging.INFO
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_people,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Foreign()], force=True)


def catch_the_uncaught() -> None:
    """Logs what would end the process or a thread, in place of Python's own trace."""
    log = structlog.get_logger("process")

    def uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.error("ended by an error", error=error)

    sys.excepthook = uncaught
    threading.excepthook = lambda told: log.error("a thread ended", error=told.exc_value)
    sys.unraisablehook = lambda told: log.error("an error was passed over", error=told.exc_value)


def without_people(_logger: object, _method: str, event: Event) -> Event:
    """Keeps what the vocabulary knows, in the form it has there; names what it withholds."""
    kept: dict[str, Any] = {}
    withheld = []
    for name, value in event.items():
        if name == "error" and isinstance(value, BaseException):
            kept |= {"reason": describe(value), **_place(value)}
        elif (keep := _keeper(name)) is not None and (found := keep(value)) is not None:
            kept[name] = found
        else:
            withheld.append(name if WORD.fullmatch(name) and not HIDDEN.search(name) else WITHHELD)
    return {**kept, "withheld": withheld} if withheld else kept


def describe(error: BaseException) -> str:
    """What went wrong, in words that cannot be somebody's: kind, state, and messages of ours."""
    # Not above: commands that need no database have no such errors, and start at once.
    import psycopg
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, OURS):
        return scrub(str(error))
    kind = type(error).__name__
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, psycopg.Error):
        kind = type(original).__name__
        state = original.sqlstate or ""
        if state:
            told = original.diag.message_primary if state[:2] in SERVER_STATES else None
        else:
            told = str(original) if isinstance(original, psycopg.OperationalError) else None
        return scrub(" ".join(filter(None, (kind, state, told))))
    if isinstance(error, OSError) and error.strerror:
        return scrub(f"{kind}: {error.strerror}")
    return kind


def scrub(text: str) -> str:
    """One line without tokens, long numbers, quotations and foreign letters."""
    first = text.strip().partition("\n")[0][: 4 * LONGEST]
    plain = QUOTED.sub(
        lambda found: found[0] if WORD.fullmatch(found[0][1:-1]) else WITHHELD, first
    )
    return HIDDEN.sub(WITHHELD, plain)[:LONGEST]


def _keeper(name: str) -> Callable[[Any], Any] | None:
    for names, keep in KEEPERS.items():
        if name in names:
            return keep
    return None


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) else None


def _word(value: Any) -> str | None:
    text = str(value)
    return scrub(text) if WORD.fullmatch(text) else None


KEEPERS: Mapping[frozenset[str], Callable[[Any], Any]] = {
    NUMBERS: _number,
    WORDS: _word,
    TEXTS: lambda value: scrub(str(value)),
}


def _place(error: BaseException) -> dict[str, str]:
    """Where an error that is not ours was raised: the innermost line of our own code."""
    if isinstance(error, OURS):
        return {}
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f for f in frames if Path(f.filename).is_relative_to(ROOT) and ".venv" not in f.filename
    ]
    if not ours:
        return {}
    return {"where": f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}"}


class _Foreign(logging.Handler):
    """Lines of libraries: their template, never what was filled in; an error as ours are told."""

    def emit(self, record: logging.LogRecord) -> None:
        facts: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            facts["error"] = record.exc_info[1]
        log = structlog.get_logger()
        log.log(record.levelno, str(record.msg), **facts)
