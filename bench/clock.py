"""The clock: what is due fires at the same cost, however much is pending."""

import time
from collections.abc import Iterator

import psycopg

from bench.figures import Figure
from bench.installation import Measured
from bench.pipeline import WAITING, open_cases
from dispatch.clock.clock import IDLE_S

PENDING = """
    insert into timer (case_id, stage, opened_month, rung, generation, due_at)
    select gen_random_uuid(), 'bench', date_trunc('month', now()), 0, 1,
        now() + interval '400 days' + n * interval '1 second'
    from generate_series(1, %s) as n
"""
# The clocks of these cases are set as if 85 of 100 days had run: the first rung is due. Their
# timers come due one after the other from a moment on, so many a second.
DUE = """
    with moment as (select clock_timestamp() + make_interval(secs => %(from_s)s) as first),
    chosen as (
        select case_id, opened_month, stage,
            first + make_interval(secs => (row_number() over () - 1) * %(apart_s)s) as due_at
        from timer cross join moment
        where stage <> 'bench' limit %(firings)s
    ), planned as (
        insert into bench_due (case_id, due_at) select case_id, due_at from chosen
    ), set_back as (
        update "case" c set deadlines = jsonb_build_array(c.deadlines -> 0 || jsonb_build_object(
            'stage', chosen.stage, 'limit', '100 天', 'clock', 'natural_days', 'rung', 0,
            'used_us', 0, 'stopped_at', null,
            'started_at', to_char(now() at time zone 'UTC' - interval '85 days',
                'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'due_at', to_char(now() at time zone 'UTC' + interval '15 days',
                'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
        from chosen where c.id = chosen.case_id and c.opened_month = chosen.opened_month
    )
    update timer t set due_at = chosen.due_at, rung = 0
    from chosen where t.case_id = chosen.case_id
"""
PLANNED = "create table if not exists bench_due (case_id uuid, due_at timestamptz)"
LATE = "select count(*) from timer where due_at <= statement_timestamp()"
LATENESS = """
    select count(*), percentile_cont(array[0.5, 0.99, 1]) within group (
        order by extract(epoch from e.at - d.due_at) * 1000)
    from bench_due d join case_event e on e.case_id = d.case_id and e.at >= d.due_at
"""


def clock(measured: Measured, pending: int, firings: int) -> Iterator[Figure]:
    """Fires the timers of cases that the pipeline opened, with and without a million pending:
    all at once, then so many a second.
    """
    missing = firings - int(measured.one("select count(*) from timer"))
    if missing > 0:
        open_cases(measured, missing * 2)
    bare = _drain(measured, firings)
    with psycopg.connect(measured.admin_url, autocommit=True) as connection:
        connection.execute(PENDING, [pending])
    rate = _drain(measured, firings)
    beside = _drain(measured, firings, relay=True)
    yield Figure(
        name="clock, firings with full effect",
        value=rate,
        unit="firings/s",
        raw=bare,
        raw_is=f"the same with nothing else pending (not {pending:,})",
        budget="≥ 5,000",
        note=f"{beside:,.0f} while the relay publishes what they say",
    )
    yield _lateness(measured, pending, rate=100, seconds=30)
    yield _lateness(measured, pending, rate=1000, seconds=firings // 1000)


def _lateness(measured: Measured, pending: int, *, rate: int, seconds: int) -> Figure:
    """How late timers fire that come due steadily, while every role works."""
    count = rate * seconds
    measured.wait_until(WAITING, 0)
    with psycopg.connect(measured.admin_url, autocommit=True) as connection:
        with measured.paused("clock"):
            _set_due(connection, count, from_s=5, apart_s=1 / rate)
        time.sleep(5 + seconds)
        measured.wait_until(LATE, 0)
        ((fired, marks),) = connection.execute(LATENESS).fetchall()
    if fired != count:
        raise RuntimeError(f"{count} timers came due, and {fired} events came of them")
    middle, late, latest = marks
    return Figure(
        name=f"clock, lateness at {rate:,} due a second, p99",
        value=late,
        unit="ms",
        raw=IDLE_S * 1000,
        raw_is="the clock's rest between two passes",
        budget="≤ 1,000",
        note=f"p50 {middle:.0f}, worst {latest:.0f}, {fired:,} firings, {pending:,} pending",
    )


def _set_due(
    connection: "psycopg.Connection[tuple[object, ...]]",
    firings: int,
    *,
    from_s: float = 0,
    apart_s: float = 0,
) -> int:
    """Plans so many firings; answers how many there are to come."""
    connection.execute(PLANNED)
    connection.execute("truncate bench_due")
    arguments = {"from_s": from_s, "apart_s": apart_s, "firings": firings}
    return connection.execute(DUE, arguments).rowcount


def _drain(measured: Measured, firings: int, *, relay: bool = False) -> float:
    """Firings a second until nothing is late, each of them seen as one event more."""
    events = "select count(*) from case_event"
    with (
        psycopg.connect(measured.admin_url, autocommit=True) as connection,
        measured.paused(*([] if relay else ["relay"])),
    ):
        with measured.paused("clock"):
            due = _set_due(connection, firings)
            before = measured.one(events)
            started = time.monotonic()
        while connection.execute(LATE).fetchone() != (0,):
            if time.monotonic() - started > 120:
                raise TimeoutError("the clock does not drain")
            time.sleep(0.05)
        seconds = time.monotonic() - started
    fired = measured.one(events) - before
    if fired < due:
        raise RuntimeError(f"{due} timers were due, and only {fired:.0f} events came of them")
    return due / seconds
