"""Command centres: they follow the feed, through another api when theirs goes silent."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from tests.faults.doors import Doors
from tests.faults.recorded import FeedLog, FeedSegment, Heard

SILENCE_S = 6.0  # three heartbeats of the fault run
Fields = dict[str, str]


class FeedReader:
    """Follows the whole city's events, and writes down what it hears and from where on."""

    def __init__(self, doors: Doors, token: str, log: FeedLog) -> None:
        self._doors = doors
        self._headers = {"Authorization": f"Bearer {token}"}
        self._log = log
        self._position: str | None = None

    def run(self, stop: threading.Event) -> None:
        timeout = httpx.Timeout(5, read=SILENCE_S)
        with httpx.Client(timeout=timeout) as client:
            while not stop.is_set():
                url = self._doors.next()
                try:
                    self._follow(client, url, stop)
                except httpx.HTTPError:
                    self._doors.away(url)
                stop.wait(0.2)

    def has_all(self, ends: Mapping[str, int], within_s: float) -> bool:
        """Waits until it has heard everything up to these ends (by district)."""
        limit = time.monotonic() + within_s
        while time.monotonic() < limit:
            told = self._log.segments[-1].ends if self._log.segments else {}
            if {name.rpartition("-")[0]: at for name, at in told.items()} == ends:
                return True
            time.sleep(0.1)
        return False

    def _follow(self, client: httpx.Client, url: str, stop: threading.Event) -> None:
        headers = dict(self._headers)
        if self._position is not None:
            headers["Last-Event-ID"] = self._position
        with client.stream("GET", f"{url}/api/v1/feed", headers=headers) as response:
            if response.status_code != 200:
                self._doors.away(url)
                return
            self._log.connections += 1
            for fields in _events(response.iter_lines(), stop):
                self._take(fields)

    def _take(self, fields: Fields) -> None:
        told: dict[str, Any] = json.loads(fields["data"])
        name = fields["event"]
        if name == "hello" and self._position is not None:
            return
        if name in {"hello", "reset"}:
            self._position = told["position"]
            starts = _offsets(told["position"])
            self._log.segments.append(FeedSegment(starts=starts, ends=dict(starts)))
            return
        segment = self._log.segments[-1]
        segment.heard.append(Heard(case=told["case"], seq=told["seq"], hash=told["hash"]))
        for source, offset in _offsets(fields["id"]).items():
            segment.ends[source] = max(offset, segment.ends.get(source, 0))
        self._position = fields["id"]


def _events(lines: Iterator[str], stop: threading.Event) -> Iterator[Fields]:
    found: Fields = {}
    for line in lines:
        if stop.is_set():
            return
        if not line:
            if "event" in found:
                yield found
            found = {}
            continue
        name, _, value = line.partition(": ")
        found[name] = value


def _offsets(position: str) -> dict[str, int]:
    """The vector of a position: the next offset of each topic."""
    _, _, tail = position.partition("~")
    pairs = (item.rpartition(":") for item in tail.split(",") if item)
    return {name: int(offset) for name, _, offset in pairs}
