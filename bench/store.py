"""A store as it is after years: what a history, and a report, cost when there is much of it."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
import psycopg
from psycopg import sql

from bench.figures import Figure, yardstick
from bench.installation import Measured
from bench.pipeline import WAITING, open_cases

CHUNK = 100_000
OPEN_DAYS = 18  # of what a year brings, a twentieth is open
READS = 400

# Copies of cases that the pipeline opened, spread over their neighbourhoods and over the years
# before, as a city has them; what was opened lately is open. Their ids begin with the time of
# opening, as `new_id` makes them. Histories are copied with them; their hashes belong to the case
# they were taken from, so these chains do not verify. Triggers of the foreign key would look at
# what is known to be there.
YEARS = 5
GROW = """
    with chosen as (
        select c.*, n,
            c.opened_at - make_interval(secs => (%(copies)s + n) * %(step_s)s) as new_opened_at,
            'B' || to_char(n, 'FM00') || '-' || (%(from)s + row_number() over ()) as new_number
        from "case" as c
        join (select id from "case" where number not like 'B%%' limit %(templates)s) as template
            on template.id = c.id
        cross join generate_series(1, %(times)s) as n
    ), given as (
        select *, date_trunc('month', new_opened_at)::date as new_month,
            (lpad(to_hex((extract(epoch from new_opened_at) * 1000)::bigint), 12, '0')
            || '7' || right(replace(gen_random_uuid()::text, '-', ''), 19))::uuid as new_id
        from chosen
    ), made as (
        insert into "case" ({columns}) select {values} from given
    )
    insert into case_event (opened_month, case_id, seq, type, at, actor, body, previous_hash, hash)
    select new_month, new_id, e.seq + extra * 10, e.type, e.at, e.actor, e.body,
        e.previous_hash, e.hash
    from given
    join case_event e on e.case_id = given.id and e.opened_month = given.opened_month and e.seq = 1
    cross join generate_series(0, 1) as extra
"""
OTHERWISE = {
    "id": "new_id",
    "number": "new_number",
    "opened_at": "new_opened_at",
    "opened_month": "new_month",
    "closed_at": """case when new_opened_at < now() - make_interval(days => %(open_days)s)
        then new_opened_at + interval '2 days' end""",
    "geom": "ST_Translate(geom, random() * 600 - 300, random() * 600 - 300)",
    "part": "null",
}
COLUMNS = """
    select column_name from information_schema.columns
    where table_schema = 'public' and table_name = 'case' and is_generated = 'NEVER'
    order by ordinal_position
"""

TEMPLATES = "select least(1000, count(*)) from \"case\" where number not like 'B%'"

WHOLE_PAGES = "select wal_fpi from pg_stat_wal"

INDEXES = """
    select indexname, indexdef from pg_indexes
    where schemaname = 'public' and tablename = 'case' and not exists (
        select from pg_constraint where conname = indexname)
"""


def growth(measured: Measured, cases: int, count: int) -> Iterator[Figure]:
    """A report's processor time and the engine's rate with few cases stored, and with many."""
    open_cases(measured, count, seed=20)  # processes that have just started cost more
    before = _cost(measured, count, seed=21)
    few = int(measured.one('select count(*) from "case"'))
    grow_to(measured, cases)
    after = _cost(measured, count, seed=22)
    yield Figure(
        name=f"growth, processor time a report with {cases:,} cases",
        value=after.stored,
        unit="ms",
        raw=before.stored,
        raw_is=f"the same with {few:,} cases",
        budget="≤ 15 % above",
        note=f"{after.stored / before.stored - 1:+.0%}; then {before}, now {after}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Processor time a report, ms, of the engine, PostgreSQL and all others (intake, Kafka, relay,
    clock), and how many pages PostgreSQL wrote whole for it, as it does after a checkpoint.

    Python does the same work however much is stored: where the engine's share moves, it is the
    machine that changed its speed.
    """

    engine: float
    postgres: float
    others: float
    whole_pages: float
    pace: float

    @property
    def stored(self) -> float:
        """Of those who write it down."""
        return self.engine + self.postgres

    def __str__(self) -> str:
        return (
            f"engine {self.engine:.3f}, PostgreSQL {self.postgres:.3f} with "
            f"{self.whole_pages:.2f} whole pages, others {self.others:.3f} at {self.pace:.0f} "
            "million additions a second"
        )


def _cost(measured: Measured, count: int, seed: int) -> Cost:
    """Of batches through the whole pipeline, the first after a checkpoint: each page that they
    touch is then written whole once, few where few are stored.
    """
    measured.wait_until(WAITING, 0)
    with psycopg.connect(measured.admin_url, autocommit=True) as connection:
        connection.execute("checkpoint")
    pages = measured.one(WHOLE_PAGES)
    pace, cpu = yardstick(), measured.cpu_seconds()
    open_cases(measured, count, seed)
    after = measured.cpu_seconds()
    spent = {name: (after[name] - cpu[name]) / count * 1000 for name in after}
    engine, postgres = spent.pop("engine"), spent.pop("postgres")
    return Cost(
        engine=engine,
        postgres=postgres,
        others=sum(spent.values()),
        whole_pages=(measured.one(WHOLE_PAGES) - pages) / count,
        pace=pace,
    )


def grow_to(measured: Measured, cases: int) -> None:
    """Adds copies of the stored cases, two events each, until there are so many.

    Indexes that no constraint needs are built anew at the end: they are the same, and it is sooner.
    """
    with psycopg.connect(measured.admin_url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set synchronous_commit = off")
        connection.execute("set maintenance_work_mem = '512MB'")
        indexes = connection.execute(INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
        connection.execute(
            "select make_case_event_months((now() - make_interval(years => %s))::date, "
            "now()::date)",
            [YEARS + 1],
        )
        stored = int(measured.one('select count(*) from "case"'))
        copied = int(measured.one("select count(*) from \"case\" where number like 'B%'"))
        templates = int(measured.one(TEMPLATES))
        step_s = YEARS * 365 * 86_400 * templates / max(1, cases - stored)
        copies = 0
        grow = _grow_statement([name for (name,) in connection.execute(COLUMNS)])
        while stored < cases:
            times = max(1, min(CHUNK, cases - stored) // templates)
            values = {
                "from": copied, "templates": templates, "times": times, "copies": copies,
                "step_s": step_s, "open_days": OPEN_DAYS,
            }  # fmt: skip
            connection.execute(grow, values)
            stored, copied = stored + templates * times, copied + templates * times
            copies += times
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute('vacuum (analyze) "case"')
        connection.execute("vacuum (analyze) case_event")
        connection.execute("checkpoint")


def _grow_statement(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(GROW).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(
            sql.SQL(OTHERWISE[name]) if name in OTHERWISE else sql.Identifier(name)
            for name in columns
        ),
    )


def history(measured: Measured, events: int) -> Iterator[Figure]:
    """Whole histories of cases taken at random, over HTTP; beside it the bare query."""
    if measured.one(TEMPLATES) == 0:
        open_cases(measured, 2000)
    stored = int(measured.one("select count(*) from case_event"))
    if stored < events:
        grow_to(measured, int(measured.one('select count(*) from "case"')) + (events - stored) // 2)
        stored = int(measured.one("select count(*) from case_event"))
    with psycopg.connect(measured.admin_url, autocommit=True) as connection:
        rows = connection.execute(
            'select id::text, opened_month from "case" tablesample system (0.5) limit 20000'
        ).fetchall()
        chosen = random.Random(5).choices(rows, k=READS)
        bare = []
        for case, month in chosen:
            begin = time.perf_counter()
            connection.execute(
                """select seq, type, at, actor, body::text, hash, previous_hash from case_event
                where case_id = %s and opened_month = %s order by seq""",
                (case, month),
            ).fetchall()
            bare.append((time.perf_counter() - begin) * 1000)
    headers = {"Authorization": f"Bearer {measured.tokens['auditor']}"}
    took = []
    with httpx.Client(base_url=measured.url, headers=headers, timeout=30) as client:
        for case, _ in chosen:
            begin = time.perf_counter()
            answer = client.get(f"/api/v1/cases/{case}/events")
            took.append((time.perf_counter() - begin) * 1000)
            if answer.status_code != 200 or not answer.json()["items"]:
                raise RuntimeError(f"no history of {case}: {answer.text[:200]}")
    p95 = int(READS * 0.95)
    yield Figure(
        name="a case's whole history, p95",
        value=sorted(took)[p95],
        unit="ms",
        raw=sorted(bare)[p95],
        raw_is="p95 of the query alone",
        budget="≤ 20",
        note=f"{stored:,} events stored, {READS} cases at random, "
        f"p50 {sorted(took)[READS // 2]:.1f} ms",
    )
