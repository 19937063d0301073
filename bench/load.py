"""A load generator on raw sockets, so that it takes little of the two cores."""

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
import uvloop

WEST, SOUTH, EAST, NORTH = 111.56, 26.38, 111.68, 26.50
CATEGORIES = ("E0110", "E0112", "E0410", "E0201", "E0405", "E0107", "E0136")
# Reports of one category join within 50 m: places are 66 m apart, so that only those meet which
# should.
COLUMNS, ROWS = 180, 200


def reports(count: int, seed: int, repeat_share: float = 0.2) -> list[bytes]:
    """Bodies of reports in the town; a share of them beside an earlier one, so that it joins.

    The same seed gives the same places, and new ids: a known one would only be answered again.
    Raises ValueError when the town has fewer places than reports.
    """
    pick = random.Random(seed)
    made: list[bytes] = []
    places: list[tuple[float, float, str]] = []
    for fresh in pick.sample(range(COLUMNS * ROWS * len(CATEGORIES)), count):
        if not places or pick.random() >= repeat_share:
            places.append(_place(fresh))
            lon, lat, category = places[-1]
        else:
            lon, lat, category = pick.choice(places)
        body = {
            "id": str(uuid.uuid4()),
            "category": category,
            "location": {
                "lon": lon + pick.gauss(0, 0.00004),
                "lat": lat + pick.gauss(0, 0.00004),
                "accuracy_m": 12.0,
            },
            "text": "人行道堆放杂物,影响通行",
            "source": "member",
        }
        made.append(orjson.dumps(body))
    return made


def _place(number: int) -> tuple[float, float, str]:
    """Longitude, latitude and category of one of the town's places, WGS-84."""
    spot, category = divmod(number, len(CATEGORIES))
    row, column = divmod(spot, COLUMNS)
    lon = WEST + (column + 0.5) * (EAST - WEST) / COLUMNS
    lat = SOUTH + (row + 0.5) * (NORTH - SOUTH) / ROWS
    return lon, lat, CATEGORIES[category]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a run of requests took."""

    requests: int
    seconds: float
    statuses: dict[int, int]
    latencies_ms: Sequence[float]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def percentile(self, part: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def post_all(  # noqa: PLR0913  the parts of a load
    url: str,
    path: str,
    token: str,
    bodies: Sequence[bytes],
    *,
    connections: int,
    media: str = "application/json",
    rate: float | None = None,
) -> Load:
    """Posts every body once over kept connections; with `rate` open-loop at so many a second."""
    return uvloop.run(_post_all(url, path, token, bodies, connections, media, rate))


async def _post_all(  # noqa: PLR0913, PLR0917
    url: str,
    path: str,
    token: str,
    bodies: Sequence[bytes],
    connections: int,
    media: str,
    rate: float | None,
) -> Load:
    at = urlsplit(url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {media}\r\nContent-Length: "
    ).encode()
    waiting = iter(enumerate(bodies))
    statuses: dict[int, int] = {}
    latencies: list[float] = []
    started = time.monotonic()

    async def work() -> None:
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        for number, body in waiting:
            begin = time.monotonic()
            if rate is not None:
                due = started + number / rate
                if due > begin:
                    await asyncio.sleep(due - begin)
                begin = due
            writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
            status = await _read_answer(reader)
            statuses[status] = statuses.get(status, 0) + 1
            latencies.append((time.monotonic() - begin) * 1000)
        writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    return Load(
        requests=len(bodies),
        seconds=time.monotonic() - started,
        statuses=statuses,
        latencies_ms=latencies,
    )


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(head[9:12])
