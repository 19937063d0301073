"""Intake, engine, relay and all-in: the same reports through every stage, one stage at a time."""

import os
import time
from collections.abc import Iterator, Sequence

from bench.figures import Figure
from bench.installation import Measured, standing_still
from bench.load import Load, post_all, reports
from bench.raw import copy_again, produce_again, rows_written

# Asked twenty times a second: it must not cost more where more is stored.
STORED = "select coalesce(sum(next_offset), 0) from consumed_offset"
WAITING = "select count(*) from outbox"
BATCH = 500


def intake_single(measured: Measured, count: int) -> Iterator[Figure]:
    """Single posts, acknowledged by Kafka; beside it a door that refuses at once."""
    token = measured.tokens["gateway"]
    with measured.paused("engine", "relay", "clock"):
        refused = post_all(
            measured.url, "/api/v1/reports", "none", reports(count, 1), connections=64
        )
        load = post_all(measured.url, "/api/v1/reports", token, reports(count, 2), connections=128)
        half = post_all(
            measured.url,
            "/api/v1/reports",
            token,
            reports(count // 2, 3),
            connections=128,
            rate=load.rate / 2,
        )
    yield Figure(
        name="intake, single posts",
        value=load.rate,
        unit="reports/s",
        raw=refused.rate,
        raw_is="the same door refusing a token",
        budget="≥ 1,500",
        note=f"statuses {load.statuses}",
    )
    yield Figure(
        name="intake p99 at half the peak",
        value=half.percentile(0.99),
        unit="ms",
        budget="< 250",
    )


def pipeline(measured: Measured, count: int) -> Iterator[Figure]:
    """Batches in, then the engine alone, then the relay alone; processor time over all of it."""
    measured.wait_until("select count(*) from outbox", 0)
    before_cpu = measured.cpu_seconds()
    before = int(measured.one(STORED))
    since = str(measured.one("select extract(epoch from clock_timestamp())"))
    since = f"@{since}"
    bodies = batches(count, 4 + before)  # where no repetition before had its reports
    with measured.paused("relay"):
        load, seconds = _drained(measured, bodies, count, [measured.pids()["engine"]])
        drained_cpu = measured.cpu_seconds()
        written = rows_written(measured.admin_url, _moment(measured, since))
    relayed = int(measured.one("select coalesce(sum(last_seq - first_seq + 1), 0) from outbox"))
    relay_seconds = measured.wait_until(WAITING, 0)
    after_cpu = measured.cpu_seconds()
    opened = measured.one(_since('select count(*) from "case" where opened_at', since))
    used = {name: after_cpu[name] - before_cpu.get(name, 0.0) for name in after_cpu}
    yield Figure(
        name="intake, batches of 500",
        value=count / load.seconds,
        unit="reports/s",
        budget="≥ 10,000",
        note=f"statuses {load.statuses}",
    )
    raw = count / copy_again(measured.admin_url, written, count // BATCH)
    yield Figure(
        name="engine",
        value=count / seconds,
        unit="reports/s",
        raw=raw,
        raw_is="COPY of the same rows",
        budget="≥ 2,000 and ≥ half of raw",
        note=f"{opened / count:.0%} of {count:,} reports opened a case",
    )
    database = drained_cpu["postgres"] - before_cpu["postgres"]
    yield Figure(
        name="engine, PostgreSQL's part alone",
        value=count / database,
        unit="reports/s",
        raw=raw,
        raw_is="COPY of the same rows",
        note=f"{database / count * 1000:.3f} ms of processor time a report, were the engine's own "
        "free; beside the rows it links, joins, locks and checks keys",
    )
    yield Figure(
        name="relay",
        value=relayed / relay_seconds,
        unit="events/s",
        raw=produce_again(measured.kafka_servers, relayed),
        raw_is="writing as many events of that size to Kafka, with nothing read or deleted",
        budget="≥ 8,000",
        note=f"{relayed:,} events",
    )
    spent = ", ".join(f"{name} {value / count * 1000:.2f}" for name, value in sorted(used.items()))
    yield Figure(
        name="all in, processor time a report",
        value=sum(used.values()) / count * 1000,
        unit="ms",
        budget="≤ 1, aim 0.6",
        note=f"ms by process: {spent}",
    )


def engines(measured: Measured, count: int) -> Iterator[Figure]:
    """How much sooner two engines drain what one does: PostgreSQL and both share the cores."""
    alone = measured.pids()["engine"]
    one = _rate(measured, count, [alone], seed=60)
    with measured.one_more("engine") as other:
        _shared(measured)
        two = _rate(measured, count, [alone, other], seed=61)
    yield Figure(
        name="engines, two at once",
        value=two,
        unit="reports/s",
        raw=one,
        raw_is="one engine in the same run",
        note=f"{two / one - 1:+.0%} on {os.cpu_count()} cores",
    )


def _rate(measured: Measured, count: int, engines: Sequence[int], seed: int) -> float:
    """Reports a second that these engines store."""
    measured.wait_until(WAITING, 0)
    with measured.paused("relay"):
        bodies = batches(count, seed + int(measured.one(STORED)))
        return count / _drained(measured, bodies, count, engines)[1]


def _drained(
    measured: Measured, bodies: Sequence[bytes], count: int, engines: Sequence[int]
) -> tuple[Load, float]:
    """How the batches, so many reports, came in while these engines stood still, and the seconds
    in which they stored them then.
    """
    before = int(measured.one(STORED))
    with standing_still(engines):
        load = post_batches(measured, bodies, connections=4)
    return load, measured.wait_until(STORED, before + count)


def _shared(measured: Measured) -> None:
    """Waits until an engine that came has its share: each share that changes hands is claimed."""
    epochs, before = "select sum(epoch) from consumed_offset where consumer = 'engine'", -1.0
    time.sleep(5)  # it must start, and join the group
    while (now := measured.one(epochs)) != before:
        before = now
        time.sleep(4)


def batches(count: int, seed: int) -> list[bytes]:
    """So many reports, as bodies of `POST /reports/batch`."""
    lines = reports(count, seed)
    return [b"\n".join(lines[n : n + BATCH]) for n in range(0, count, BATCH)]


def post_batches(measured: Measured, bodies: Sequence[bytes], connections: int) -> Load:
    """Posts every body once."""
    return post_all(
        measured.url,
        "/api/v1/reports/batch",
        measured.tokens["gateway"],
        bodies,
        connections=connections,
        media="application/x-ndjson",
    )


def open_cases(measured: Measured, count: int, seed: int = 31) -> None:
    """So many reports through the whole pipeline, so that there is something to measure on."""
    before = measured.one(STORED)
    post_batches(measured, batches(count, seed), connections=2)
    measured.wait_until(STORED, before + count)
    measured.wait_until(WAITING, 0)


def _since(query: str, since: str) -> str:
    return f"{query} > to_timestamp({since[1:]})"


def _moment(measured: Measured, since: str) -> str:
    import psycopg

    with psycopg.connect(measured.admin_url) as connection:
        row = connection.execute("select to_timestamp(%s)::text", [float(since[1:])]).fetchone()
    assert row is not None
    return str(row[0])
