"""The clock: what is due fires at the same cost, however much is pending."""

import time
from collections.abc import Iterator

import psycopg

from bench.figures import Figure
from bench.installation import Measured
from bench.pipeline import open_cases

PENDING = """
    insert into timer (case_id, stage, opened_month, rung, generation, due_at)
    select gen_random_uuid(), 'bench', date_trunc('month', now()), 0, 1,
        now() + interval '400 days' + n * interval '1 second'
    from generate_series(1, %s) as n
"""
# The clocks of these cases are set as if 85 of 100 days had run: the first rung is due.
DUE = """
    with chosen as (
        select case_id, opened_month, stage from timer where stage <> 'bench' limit %s
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
    update timer t set due_at = clock_timestamp(), rung = 0
    from chosen where t.case_id = chosen.case_id
"""
LATE = "select count(*) from timer where due_at <= statement_timestamp()"


def clock(measured: Measured, pending: int, firings: int) -> Iterator[Figure]:
    """Fires the timers of cases that the pipeline opened, with and without a million pending."""
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


def _drain(measured: Measured, firings: int, *, relay: bool = False) -> float:
    """Firings a second until nothing is late, each of them seen as one event more."""
    events = "select count(*) from case_event"
    with (
        psycopg.connect(measured.admin_url, autocommit=True) as connection,
        measured.paused(*([] if relay else ["relay"])),
    ):
        with measured.paused("clock"):
            due = connection.execute(DUE, [firings]).rowcount
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
