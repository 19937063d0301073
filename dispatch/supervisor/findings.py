"""What `wangge doctor` looks at: the machine, the data directory, the running installation."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
from psycopg.rows import namedtuple_row

from dispatch.api.pages import BUILT
from dispatch.cases.audit import GONE
from dispatch.embedded.account import server_account
from dispatch.embedded.errors import EmbeddedError
from dispatch.embedded.java import find_java, java_version
from dispatch.embedded.kafka import DEFAULT_LIBS
from dispatch.embedded.postgres import newest_binaries
from dispatch.embedded.probe import broker_serves
from dispatch.settings import Settings
from dispatch.supervisor.access import Access, read_access
from dispatch.supervisor.figures import ask
from dispatch.supervisor.lock import holder
from dispatch.supervisor.record import read_record
from dispatch.supervisor.screen import warnings_of

LEAST_FREE_BYTES, SHORT_BYTES = 500_000_000, 5_000_000_000
LEAST_MEMORY_BYTES = 2_000_000_000
LEAST_MONTHS_AHEAD = 3
ROUNDS: LiteralString = "select * from chain_round order by is_over"


class Verdict(StrEnum):
    WELL = "well"
    MIND = "mind"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the page."""

    what: str
    verdict: Verdict
    detail: str


def examine(data_dir: Path) -> list[Finding]:
    """Everything that can be looked at now; nothing is changed."""
    findings = [*_machine(), *_installation(data_dir)]
    access = read_access(data_dir)
    if access is not None and holder(data_dir) is not None:
        findings += _running(access)
        findings += _cautions(access, data_dir)
    return findings


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield _judge("Python", sys.version_info >= (3, 11), version, f"{version}; 3.11 is needed")
    yield _tried("server account", _account_name)
    yield _tried("PostgreSQL", lambda: str(newest_binaries().parent))
    yield _tried("PostGIS", _postgis)
    yield _tried("Java", lambda: f"{find_java()} (version {java_version(find_java())})")
    jars = len(list(DEFAULT_LIBS.glob("*.jar")))
    yield _judge("Kafka", jars > 0, f"{jars} jars in {DEFAULT_LIBS}",
                 f"no jars in {DEFAULT_LIBS}: run `make setup`")  # fmt: skip
    yield _judge("console", (BUILT / "index.html").is_file(), f"built in {BUILT}",
                 "not built: run `make setup`")  # fmt: skip
    chromium = shutil.which("chromium")
    yield Finding(
        what="Chromium",
        verdict=Verdict.WELL if chromium else Verdict.MIND,
        detail=chromium or "not found; only the browser tests need it: run `make setup`",
    )
    memory = psutil.virtual_memory().available
    yield _judge("memory", memory >= LEAST_MEMORY_BYTES, f"{memory / 1e9:.1f} GB available",
                 f"only {memory / 1e9:.1f} GB available; 2 GB are needed")  # fmt: skip


def _installation(data_dir: Path) -> Iterator[Finding]:
    place = next(path for path in (data_dir.absolute(), *data_dir.absolute().parents)
                 if path.exists())  # fmt: skip
    free = shutil.disk_usage(place).free
    verdict = Verdict.MIND if free < SHORT_BYTES else Verdict.WELL
    if free < LEAST_FREE_BYTES:
        verdict = Verdict.WRONG
    yield Finding(what="disk", verdict=verdict, detail=f"{free / 1e9:.1f} GB free for {place}")
    if not data_dir.exists():
        yield Finding(what="installation", verdict=Verdict.MIND,
                      detail=f"none in {data_dir} yet: `wangge up` makes one")  # fmt: skip
        return
    pid = holder(data_dir)
    if pid is None:
        yield Finding(what="installation", verdict=Verdict.MIND,
                      detail=f"{data_dir} is not running: `wangge up` starts it")  # fmt: skip
        return
    yield Finding(what="installation", verdict=Verdict.WELL, detail=f"`wangge up` has pid {pid}")
    for row in read_record(data_dir):
        waits = f"waits for {row.waiting_for}"
        trouble = waits if row.waiting_for else None if row.pid else "is not running"
        well = f"pid {row.pid}, started again {row.restarts} times"
        see = f"{trouble}: see {data_dir / 'log' / (row.name + '.log')}"
        yield _judge(row.name, trouble is None, well, see)


def _running(access: Access) -> Iterator[Finding]:
    port = int(access.kafka_servers.rpartition(":")[2])
    yield _judge("Kafka answers", broker_serves(port), access.kafka_servers, "it does not")
    try:
        with psycopg.connect(access.database_url, connect_timeout=3) as connection:
            yield from _database(connection)
    except psycopg.Error as error:
        yield Finding(what="database", verdict=Verdict.WRONG, detail=str(error).strip())


def _cautions(access: Access, data_dir: Path) -> Iterator[Finding]:
    settings = Settings(
        database_url=access.database_url, kafka_servers=access.kafka_servers, data_dir=data_dir
    )
    found = warnings_of(ask(settings))
    yield Finding(
        what="ahead",
        verdict=Verdict.MIND if found else Verdict.WELL,
        detail="; ".join(found) or "nothing to mind",
    )


def _database(connection: psycopg.Connection) -> Iterator[Finding]:
    months = _number(connection, "select case_event_months_ahead()")
    detail = f"{months} months prepared ahead for the history"
    yield _judge("history", months >= LEAST_MONTHS_AHEAD, detail,
                 f"{detail}: is the clock role running? It makes them")  # fmt: skip
    letters = _number(connection, "select count(*) from dead_letter where retried_at is null")
    yield Finding(
        what="dead letters",
        verdict=Verdict.MIND if letters else Verdict.WELL,
        detail=f"{letters} wait for a decision: `wangge deadletters list`" if letters else "none",
    )

    rounds = connection.cursor(row_factory=namedtuple_row).execute(ROUNDS).fetchall()
    yield judge_rounds(rounds)


def judge_rounds(rounds: Sequence[Any]) -> Finding:
    """What the system found when it read its own histories: rows of ROUNDS, the running first."""
    what = "histories"
    broken = next((one for one in rounds if one.broken), None)
    if broken is not None:
        case, seq, wrong = broken.first_number, broken.first_seq, broken.first_wrong
        more = f" (and {broken.broken - 1:,} more)" if broken.broken > 1 else ""
        # Without its row a case has no number to ask for.
        command = "verify" if case == GONE else f"verify --case {case}"
        named = f"{case}, id {broken.first_case}," if case == GONE else case
        detail = (
            f"broken: case {named} seq {seq}: {wrong}{more}; found by the round that began "
            f"{_local(broken.began_at)}. `wangge audit {command}` says whether it still is; "
            "keep the database as it is and find out who changed it"
        )
        return Finding(what=what, verdict=Verdict.WRONG, detail=detail)
    if not rounds:
        detail = "not read again yet: the clock role does it, unless WANGGE_VERIFY_SHARE is 0"
        return Finding(what=what, verdict=Verdict.WELL, detail=detail)
    told = [
        f"all read again until {_local(one.ended_at)}: {one.cases:,} cases, none broken"
        if one.ended_at
        else f"a round is under way: {one.cases:,} cases, none broken"
        for one in rounds
    ]
    return Finding(what=what, verdict=Verdict.WELL, detail="; ".join(told))


def _local(at: datetime) -> str:
    """A moment by this machine's clock, as the screen of `wangge up` tells it."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _number(connection: psycopg.Connection, query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _account_name() -> str:
    account = server_account()
    return account.name if account else "our own"


def _postgis() -> str:
    version = newest_binaries().parent.name
    control = Path(f"/usr/share/postgresql/{version}/extension/postgis.control")
    if not control.exists():
        raise EmbeddedError(f"PostGIS for PostgreSQL {version} is not installed: run `make setup`.")
    line = next(text for text in control.read_text().splitlines() if "default_version" in text)
    return line.partition("=")[2].strip(" '")


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, verdict=Verdict.WELL, detail=look())
    except EmbeddedError as error:
        return Finding(what=what, verdict=Verdict.WRONG, detail=str(error))


def _judge(what: str, well: bool, detail: str, trouble: str) -> Finding:
    return Finding(
        what=what,
        verdict=Verdict.WELL if well else Verdict.WRONG,
        detail=detail if well else trouble,
    )
