"""One fault run: a city at work, faults, quiet, and then everything that is left of it."""

import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import psycopg

from dispatch.cases.audit import Tally, verify
from dispatch.keys import load_keys
from dispatch.simulation.fieldwork import MATTERS, REQUESTS, URBAN, FieldWork
from dispatch.storage.database import connect_engine, transaction
from dispatch.supervisor.figures import ask
from dispatch.tokens import Role, issue
from streams.envelope import REPORT_RECEIVED, event_headers
from streams.kafka import KafkaWriter
from streams.records import Message
from tests.faults import city
from tests.faults.crew import Crew, hired
from tests.faults.desks import ACCEPTORS, Desks
from tests.faults.diary import Diary, Done
from tests.faults.doors import Doors
from tests.faults.nemesis import Fault, Nemesis
from tests.faults.readers import FeedReader
from tests.faults.reading import case_ends, read_run, settings_of
from tests.faults.recorded import FeedLog, Recorded
from tests.faults.reporters import Reporter
from tests.installation import WANGGE, Installation, running
from tests.short_limits import shorten_conditions, write_definitions
from workflows.definition import Definition

REPORTERS = 3
MIX = {
    **URBAN,
    **{code: weight * 4 for more in (MATTERS, REQUESTS) for code, weight in more.items()},
}
"""One report in four is of another line than urban management."""
POISON = (b"", b"\xff\xfe", b"{}", b'{"id": "no"}', b"[" * 5000)
GRACE_S = 3.0
HEARING_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long a run takes, how much is reported in it, and what goes wrong."""

    seconds: float
    rate: float
    faults: Sequence[Fault]
    quiet_s: float
    """How long the system may take to finish what it had begun."""
    desks: int = 3
    readers: int = 2
    """Of the feed."""
    more: Mapping[str, int] = field(default_factory=dict)
    """How many processes of a role run beside the one of `wangge up`."""
    also_in: str | None = None
    """A district from which a third of the reports come."""
    seed: int = 20261125


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run left, and its own account; `unfinished` names what never came to rest."""

    recorded: Recorded
    account: str
    unfinished: str | None
    untrue: Sequence[str]
    """Case rows that are not what their events say, each with the first difference."""
    troubles: Sequence[str]
    """Processes that ended by themselves, and commands that failed."""
    faults: Sequence[Done]


def play(plan: Plan, command: Sequence[str] = WANGGE) -> Outcome:
    """Plays a run from an empty directory to the end."""
    with tempfile.TemporaryDirectory(prefix="wangge-definitions-") as folder:
        Path(folder).chmod(0o755)
        definitions = write_definitions(Path(folder), city.STAGE_LIMITS)
        environment = city.environment(Path(folder), definitions)
        with running(environment, command) as installation:
            shorten_conditions(installation.admin_url, city.CONDITION_LIMITS)
            city.slow_commits(installation.admin_url)
            time.sleep(1.5)  # every process reads the short limits within a second
            with hired(installation, command, environment, plan.more) as crew:
                return _play(plan, installation, crew, definitions)


def _play(
    plan: Plan, installation: Installation, crew: Crew, definitions: Mapping[str, Definition]
) -> Outcome:
    diary = Diary()
    nemesis = Nemesis(installation, crew, diary)
    doors = Doors([installation.url, *crew.urls])
    with _centres(plan.readers, installation, doors, diary) as readers:
        with _people(plan, installation, doors, definitions, diary):
            _poison(installation)
            nemesis.run(plan.faults, plan.seconds)
        unfinished, ended_at = _wait_for_rest(installation, plan.quiet_s)
        troubles = nemesis.troubles()
        nemesis.halt("clock")
        _wait_for_rest(installation, 5, overdue=False)
        ends = case_ends(installation)
        for reader in readers:
            reader.has_all(ends, HEARING_S)  # whether it has is for the checker to say
    recorded = read_run(installation, diary, definitions, ended_at)
    return Outcome(
        recorded=recorded,
        account=diary.text(),
        unfinished=unfinished,
        untrue=_untrue_rows(installation),
        troubles=troubles,
        faults=diary.faults,
    )


@contextmanager
def _centres(
    count: int, installation: Installation, doors: Doors, diary: Diary
) -> Iterator[list[FeedReader]]:
    """Readers of the feed, from before the first report until everything is heard."""
    stop = threading.Event()
    token = installation.tokens["supervisor"]
    diary.feeds += [FeedLog(reader=f"reader {number}") for number in range(count)]
    readers = [FeedReader(doors, token, log) for log in diary.feeds]
    threads = [threading.Thread(target=reader.run, args=(stop,)) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        yield readers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _untrue_rows(installation: Installation) -> list[str]:
    """Rebuilds every case from its events, as `wangge audit verify` does."""
    database = connect_engine(installation.admin_url, role="test", statement_timeout_ms=0)
    with transaction(database) as connection:
        connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
        found = [f"{one.number} seq {one.seq}: {one.wrong}" for one in verify(connection, Tally())]
    database.dispose()
    return found


@contextmanager
def _people(
    plan: Plan,
    installation: Installation,
    doors: Doors,
    definitions: Mapping[str, Definition],
    diary: Diary,
) -> Iterator[None]:
    """Reporters and desks at work; when the block ends they finish what they began."""
    stop = threading.Event()
    tokens, diary.staff = _tokens(installation)
    areas, categories = _all(installation, "areas"), _all(installation, "categories")
    threads = []
    for number in range(REPORTERS):
        known = areas
        if number == 1 and plan.also_in is not None:
            known = [area for area in areas if str(area["code"]).startswith(plan.also_in)]
        work = FieldWork(areas=known, seed=plan.seed + number, mix=MIX)
        reporter = Reporter(doors, tokens[f"member {number}"], diary, work)
        rate = plan.rate / REPORTERS
        threads.append(threading.Thread(target=reporter.run, args=(rate, stop)))
    for number in range(plan.desks):
        seed = plan.seed + 100 + number
        desks = Desks(doors, tokens, definitions, categories, diary, seed=seed)
        threads.append(threading.Thread(target=desks.run, args=(stop,)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _tokens(installation: Installation) -> tuple[dict[str, str], dict[str, str]]:
    """City-wide tokens, and the departments of accounts that belong to one.

    A handler for each department, an inspector who reports nothing, and one of a department.
    """
    settings = settings_of(installation)
    key = load_keys(settings.keys_dir).signing
    departments = [one["code"] for one in _all(installation, "departments")]
    scope = next(area["code"] for area in _all(installation, "areas") if area["level"] == "city")

    def token(role: Role, subject: str, department: str | None = None) -> str:
        return issue(key, role=role, scope=scope, department=department, subject=subject)

    made = {
        person: token(Role(person.split()[0]), f"fault-{person}")
        for person in (*ACCEPTORS, "dispatcher", "supervisor")
    }
    made |= {f"member {n}": token(Role.MEMBER, f"member-{n}") for n in range(REPORTERS)}
    made |= {f"handler {d}": token(Role.HANDLER, f"handler-{d}", d) for d in departments}
    urban = next(one for one in departments if one.endswith("-urban"))
    made["inspector"] = token(Role.MEMBER, "inspector")
    made["inspector of urban"] = token(Role.MEMBER, "inspector-urban", urban)
    return made, {f"handler-{d}": d for d in departments} | {"inspector-urban": urban}


def _all(installation: Installation, name: str) -> list[Mapping[str, object]]:
    items: list[Mapping[str, object]] = []
    after = ""
    with httpx.Client(base_url=f"{installation.url}/api/v1") as client:
        while True:
            query = {"limit": "500"} | ({"after": after} if after else {})
            headers = installation.headers("supervisor")
            page = client.get(f"/{name}", params=query, headers=headers).json()
            items += page["items"]
            if page["next"] is None:
                return items
            after = page["next"]


def _poison(installation: Installation) -> None:
    """Records that nobody can read, straight into the topic."""
    writer = KafkaWriter(installation.kafka_servers, delivery_s=10)
    for number, value in enumerate(POISON):
        headers = event_headers(id_=secrets.token_hex(4), type_=REPORT_RECEIVED, source="/test")
        key = str(number).encode()
        message = Message(topic="wangge.reports", key=key, value=value, headers=headers)
        writer.send_all([(message, lambda _: None)])
    writer.flush(10)
    writer.close()


def _wait_for_rest(
    installation: Installation, within_s: float, *, overdue: bool = True
) -> tuple[str | None, datetime]:
    """Waits until nothing is under way; answers what still is, and a time all is done up to."""
    limit = time.monotonic() + within_s
    settings = settings_of(installation)
    while True:
        now = _database_time(installation)
        figures = ask(settings)
        watched = ["engine_lag", "outbox"] + (["overdue_timers"] if overdue else [])
        left = {name: figures[name] for name in watched if figures[name] != 0}
        if not left or time.monotonic() > limit:
            return (f"never came to rest: {left}" if left else None), now
        time.sleep(0.3)


def _database_time(installation: Installation) -> datetime:
    with psycopg.connect(installation.admin_url) as connection:
        row = connection.execute(
            "select clock_timestamp() - make_interval(secs => %s)", [GRACE_S]
        ).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found
