"""The live feed: many subscribers at once, every one's log held against the topic."""

import asyncio
import contextlib
import os
import re
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.figures import Figure
from bench.installation import Measured
from bench.load import Load, post_all, reports
from streams.envelope import event_headers
from streams.kafka import KafkaTailReader, KafkaWriter
from streams.records import Message, Partition

DISTRICT = "431103"
TOPIC = f"wangge.cases.{DISTRICT}"
OPENED = "wangge.case.opened.v1"
MEASURED = re.compile(rb'"bench":\[(\d+),([\d.]+)\]')
SETTLE_S = 3.0
CONNECTING_AT_ONCE = 50


@dataclass(slots=True)
class Client:
    """What one subscriber heard: the number of each event, and how late each was."""

    heard: list[int] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    reset: bool = False
    ended: bool = False


def feed(
    measured: Measured, subscribers: int, rate: float, seconds: float, budget_ms: int
) -> Iterator[Figure]:
    """`rate` events a second for `seconds`, written straight to a topic of cases.

    Late, dropped and reset clients count as failures; an event is late after the budget's p99.
    """
    before = measured.cpu_seconds()["api"]
    clients, sent = uvloop.run(_run(measured, subscribers, rate, seconds))
    spent = measured.cpu_seconds()["api"] - before
    expected = list(range(sent))
    wrong = sum(one.reset or one.ended or one.heard != expected for one in clients)
    late = sorted(value for one in clients for value in one.late_ms)
    written = _numbers_in_topic(measured)
    if written[-sent:] != expected:
        raise RuntimeError("the topic does not hold what was written")
    delivered = sum(len(one.heard) for one in clients)
    raw = _raw_fan_out(subscribers, rate * subscribers)
    yield Figure(
        name=f"feed, {subscribers:,} subscribers at {rate:g}/s, p99",
        value=late[int(len(late) * 0.99)] if late else float("inf"),
        unit="ms",
        raw=raw,
        raw_is="p99 of writing the same bytes to as many sockets",
        budget=f"< {budget_ms}",
        note=f"{delivered:,} deliveries, p50 {late[len(late) // 2] if late else 0:.0f} ms; "
        f"{spent / max(1, delivered) * 1e6:.0f} µs of the api each, connecting included; "
        f"{wrong} clients whose log is not the topic's",
    )


async def _run(
    measured: Measured, subscribers: int, rate: float, seconds: float
) -> tuple[Sequence[Client], int]:
    clients = [Client() for _ in range(subscribers)]
    door = asyncio.Semaphore(CONNECTING_AT_ONCE)
    greeted = asyncio.Barrier(subscribers + 1)
    tasks = [asyncio.create_task(_listen(measured, one, door, greeted)) for one in clients]
    await asyncio.wait_for(greeted.wait(), 120)
    await asyncio.sleep(0.5)
    sent = await asyncio.to_thread(_write, measured.kafka_servers, rate, seconds)
    limit = time.monotonic() + SETTLE_S + 10
    while time.monotonic() < limit and any(len(one.heard) < sent for one in clients):
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return clients, sent


async def _listen(
    measured: Measured, client: Client, door: asyncio.Semaphore, greeted: asyncio.Barrier
) -> None:
    at = urlsplit(measured.url)
    request = (
        f"GET /api/v1/feed?district={DISTRICT} HTTP/1.1\r\nHost: {at.netloc}\r\n"
        f"Authorization: Bearer {measured.tokens['supervisor']}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    async with door:
        transport, listener = await loop.create_connection(
            lambda: _Listener(client, request), at.hostname or "", at.port or 80
        )
        await listener.greeted.wait()
    try:
        await greeted.wait()
        await asyncio.Event().wait()
    finally:
        client.ended = client.ended or transport.is_closing()
        listener.over = True
        transport.close()


class _Listener(asyncio.Protocol):
    """Looks only for the two values that are measured.

    Whoever reads line by line, and parses every event in every client, measures the reader:
    2,000 clients share one core here.
    """

    def __init__(self, client: Client, request: bytes) -> None:
        self._client = client
        self._request = request
        self._rest = b""
        self.greeted = asyncio.Event()
        self.over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        whole, self._rest = data[:end], data[end:]
        if not self.greeted.is_set() and b"event: hello" in whole:
            self.greeted.set()
        if b"event: reset" in whole:
            self._client.reset = True
        for found in MEASURED.finditer(whole):
            self._client.heard.append(int(found[1]))
            self._client.late_ms.append((now - float(found[2])) * 1000)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.over:
            self._client.ended = True


def _write(servers: str, rate: float, seconds: float) -> int:
    """Writes events that look like an opened case, each with its number and moment."""
    writer = KafkaWriter(servers, delivery_s=10)
    case = str(uuid.uuid4())
    count = int(rate * seconds)
    failures: list[Exception | None] = []
    started = time.monotonic()
    for number in range(count):
        pause = started + number / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        headers = event_headers(id_=f"{case}:{number}", type_=OPENED, source="/bench")
        message = Message(
            topic=TOPIC, key=case.encode(), value=_event(case, number), headers=headers
        )
        writer.send_all([(message, failures.append)])
    writer.flush(10)
    writer.close()
    if failures != [None] * count:
        raise RuntimeError(f"Kafka did not take every event: {failures!r:.200}")
    return count


def _event(case: str, number: int) -> bytes:
    summary = {
        "number": "BENCH",
        "state": "dispatched",
        "areas": {"city": "431100", "district": DISTRICT, "community": f"{DISTRICT}001001"},
        "department": "bench",
        "category": "E0110",
    }
    return orjson.dumps(
        {
            "case": case,
            "seq": number + 1,
            "type": OPENED,
            "at": "2026-11-25T08:00:00.000000Z",
            "lon": 111.6,
            "lat": 26.4,
            **summary,
            # A body of the usual size.
            "body": {**summary, "bench": [number, time.time()], "links": "x" * 900},
        }
    )


def _numbers_in_topic(measured: Measured) -> list[int]:
    reader = KafkaTailReader(measured.kafka_servers)
    partition = Partition(TOPIC, 0)
    end = reader.ends([partition])[partition]
    reader.assign({partition: 0})
    found: list[int] = []
    offset = 0
    while offset < end:
        for record in reader.poll(2.0, 5000):
            offset = record.offset + 1
            body = orjson.loads(record.value or b"{}").get("body", {})
            found += body["bench"][:1] if "bench" in body else []
    reader.close()
    return found


def _raw_fan_out(sockets: int, per_second: float) -> float:
    """p99 in ms of handing 1,300 bytes to each of so many local sockets, one round a tick."""
    rounds = max(5, int(per_second * 2 / sockets))
    pairs = [socket.socketpair() for _ in range(sockets)]
    data = os.urandom(1300)
    late: list[float] = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for ours, theirs in pairs:
            ours.sendall(data)
            theirs.recv(2000)
            late.append((time.perf_counter() - begin) * 1000)
    for pair in pairs:
        for one in pair:
            one.close()
    return sorted(late)[int(len(late) * 0.99)]


def report_to_feed(measured: Measured, rate: float, seconds: float) -> Iterator[Figure]:
    """From the moment a report is due to be posted until a subscriber reads its event."""
    bodies = reports(int(rate * seconds), 9)
    ids = [orjson.loads(body)["id"] for body in bodies]
    load, heard, started = uvloop.run(_report_to_feed(measured, bodies, rate))
    late = sorted(
        (heard[id_] - (started + number / rate)) * 1000
        for number, id_ in enumerate(ids)
        if id_ in heard
    )
    yield Figure(
        name=f"report to live feed at {rate:g}/s, p95",
        value=late[int(len(late) * 0.95)] if late else float("inf"),
        unit="ms",
        raw=load.percentile(0.95),
        raw_is="p95 of the post alone, Kafka's acknowledgement included",
        budget="< 300",
        note=f"p50 {late[len(late) // 2] if late else 0:.0f} ms, {len(late):,} of {len(ids):,} "
        f"reports seen",
    )


async def _report_to_feed(
    measured: Measured, bodies: Sequence[bytes], rate: float
) -> tuple[Load, dict[str, float], float]:
    heard: dict[str, float] = {}
    greeted = asyncio.Event()
    listener = asyncio.create_task(_hear_reports(measured, heard, greeted))
    await asyncio.wait_for(greeted.wait(), 30)
    started = time.monotonic()
    load = await asyncio.to_thread(
        post_all,
        measured.url,
        "/api/v1/reports",
        measured.tokens["gateway"],
        bodies,
        connections=32,
        rate=rate,
    )
    limit = time.monotonic() + SETTLE_S + 10
    while time.monotonic() < limit and len(heard) < len(bodies):
        await asyncio.sleep(0.05)
    listener.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listener
    return load, heard, started


async def _hear_reports(
    measured: Measured, heard: dict[str, float], greeted: asyncio.Event
) -> None:
    at = urlsplit(measured.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port, limit=1 << 20)
    token = measured.tokens["supervisor"]
    writer.write(
        f"GET /api/v1/feed HTTP/1.1\r\nHost: {at.netloc}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    try:
        async for line in reader:
            if line.startswith(b"event: hello"):
                greeted.set()
            if line.startswith(b"data: "):
                moment = time.monotonic()
                report = orjson.loads(line[6:]).get("body", {}).get("report")
                if report is not None:
                    heard.setdefault(report, moment)
    finally:
        writer.close()
