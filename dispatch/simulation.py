"""Simulated field work: plausible reports over the loaded city, and desks that work on cases.

The category mix is one real district month (domain facts 4.6): events far outnumber parts; most
trouble is bicycles, banners, piles and rubbish. Everything goes through the HTTP interface.
"""

import random
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson

# Weights: one district month; parts are three in a hundred of all.
MIX: Mapping[str, int] = {
    "E0410": 613,
    "E0203": 367,
    "E0136": 307,
    "E0110": 275,
    "E0107": 191,
    "E0401": 184,
    "E0201": 107,
    "P0305": 45,
    "E0112": 90,
    "E0405": 71,
    "E0113": 24,
    "E0506": 6,
    "E0501": 4,
    "P0137": 16,
    "P0102": 9,
    "P0103": 6,
}
TROUBLES = (
    "非机动车乱停放,占用盲道", "人行道堆放杂物", "垃圾满地,有异味", "横幅违规悬挂", "店外经营占道",
    "路面破损,积水", "小广告张贴", "路灯不亮", "井盖松动异响", "沿街晾挂",
)  # fmt: skip
REPEAT_SHARE = 0.2
BAD_SHARE = 0.01
BATCH_SHARE = 0.1
DISTRICTS = ("431102", "431103")
BAD_PLACES = ((113.2, 20.1), (0.0, 0.0), (121.5, 31.2))


@dataclass(slots=True)
class Spot:
    """A place where things happen again and again."""

    lon: float
    lat: float


@dataclass(slots=True)
class FieldWork:
    """Makes reports from a seed; the same seed and city give the same reports."""

    areas: Sequence[Mapping[str, Any]]
    seed: int
    _random: random.Random = field(init=False)
    _spots: list[Spot] = field(init=False)
    _recent: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  simulation, not secrets
        communities = [
            area
            for area in self.areas
            if area["level"] == "community" and area["code"][:6] in DISTRICTS
        ] or [area for area in self.areas if area["level"] == "community"]
        # Small communities are the dense ones of the town; most trouble is there.
        dense = sorted(communities, key=lambda area: _extent(area["bbox"]))
        self._spots = [
            Spot(*_within(self._random, area["bbox"])) for area in dense[: max(40, len(dense) // 3)]
        ]

    def report(self) -> dict[str, Any]:
        """One report as a client would send it."""
        chance = self._random.random()
        if chance < REPEAT_SHARE and self._recent:
            made = self._again(self._random.choice(self._recent))
        else:
            made = self._fresh()
            self._recent = [*self._recent[-200:], made]
        if self._random.random() < BAD_SHARE:
            lon, lat = self._random.choice(BAD_PLACES)
            made = {**made, "location": {"lon": lon, "lat": lat, "crs": "wgs84"}}
        return made

    def _fresh(self) -> dict[str, Any]:
        pick = self._random
        spot = pick.choice(self._spots)
        (category,) = pick.choices(list(MIX), weights=list(MIX.values()))
        return {
            "id": str(uuid.UUID(int=pick.getrandbits(128), version=4)),
            "category": category,
            "location": {
                "lon": round(spot.lon + pick.gauss(0, 0.003), 7),
                "lat": round(spot.lat + pick.gauss(0, 0.003), 7),
                "crs": pick.choice(("wgs84", "wgs84", "gcj02")),
                "accuracy_m": round(pick.choice((3, 5, 8, 12, 25, 60)) * pick.uniform(0.8, 1.3), 1),
            },
            "text": pick.choice(TROUBLES),
        }

    def _again(self, first: Mapping[str, Any]) -> dict[str, Any]:
        at = first["location"]
        shifted = {
            **at,
            "lon": round(at["lon"] + self._random.gauss(0, 0.0001), 7),
            "lat": round(at["lat"] + self._random.gauss(0, 0.0001), 7),
        }
        return {
            **first,
            "id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "location": shifted,
        }


def _extent(bbox: Sequence[float]) -> float:
    west, south, east, north = bbox
    return (east - west) * (north - south)


def _within(pick: random.Random, bbox: Sequence[float]) -> tuple[float, float]:
    west, south, east, north = bbox
    return (
        pick.uniform(west + (east - west) * 0.3, east - (east - west) * 0.3),
        pick.uniform(south + (north - south) * 0.3, north - (north - south) * 0.3),
    )


@dataclass(slots=True)
class Counts:
    """What came back."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    unavailable: int = 0
    actions: int = 0


class Simulator:
    """Sends reports at a rate, and lets members and departments move cases to their close."""

    def __init__(self, url: str, tokens: Mapping[str, str], seed: int) -> None:
        self._url = url.rstrip("/")
        self._tokens = dict(tokens)
        self._client = httpx.Client(timeout=10, limits=httpx.Limits(max_connections=8))
        self._seed = seed
        self.counts = Counts()

    def run(self, rate: float, seconds: float | None, stop: threading.Event) -> Counts:
        """Plays until `seconds` have passed (None: until stopped)."""
        work = FieldWork(areas=self._all("areas"), seed=self._seed)
        desk = threading.Thread(target=self._work_desks, args=(stop,), daemon=True)
        desk.start()
        started = time.monotonic()
        offline: list[dict[str, Any]] = []
        number = 0
        while not stop.is_set() and (seconds is None or time.monotonic() - started < seconds):
            due = started + number / rate
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            number += 1
            report = work.report()
            report["observed_at"] = datetime.now(UTC).isoformat()
            if number % 10 < BATCH_SHARE * 10 or offline:
                offline.append(report)
                if len(offline) >= 5:
                    self._send_batch(offline)
                    offline = []
                continue
            self._send(report)
        if offline:
            self._send_batch(offline)
        stop.set()
        desk.join(5)
        return self.counts

    def _headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[role]}"}

    def _all(self, name: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            query = {"limit": "500"} | ({"after": after} if after else {})
            found = self._client.get(
                f"{self._url}/api/v1/{name}", params=query, headers=self._headers("member")
            )
            found.raise_for_status()
            page = found.json()
            items += page["items"]
            after = page["next"]
            if after is None:
                return items

    def _send(self, report: Mapping[str, Any]) -> None:
        self.counts.sent += 1
        try:
            found = self._client.post(
                f"{self._url}/api/v1/reports", json=report, headers=self._headers("member")
            )
            self._count(found.status_code)
        except httpx.HTTPError:
            self.counts.unavailable += 1

    def _send_batch(self, reports: Sequence[Mapping[str, Any]]) -> None:
        self.counts.sent += len(reports)
        body = b"\n".join(orjson.dumps(report) for report in reports)
        headers = {**self._headers("member"), "Content-Type": "application/x-ndjson"}
        try:
            found = self._client.post(
                f"{self._url}/api/v1/reports/batch", content=body, headers=headers
            )
            for line in found.text.splitlines():
                self._count(orjson.loads(line).get("status", 503))
        except httpx.HTTPError:
            self.counts.unavailable += len(reports)

    def _count(self, status: int) -> None:
        if status == 202:
            self.counts.accepted += 1
        elif status in (503, 429):
            self.counts.unavailable += 1
        else:
            self.counts.refused += 1

    def _work_desks(self, stop: threading.Event) -> None:
        pick = random.Random(self._seed + 1)  # noqa: S311  simulation, not secrets
        with httpx.Client(timeout=10) as client:
            while not stop.wait(0.5):
                with suppress(httpx.HTTPError, ValueError, KeyError):
                    self._work_once(client, pick)

    def _work_once(self, client: httpx.Client, pick: random.Random) -> None:
        for state, role in DESKS:
            found = client.get(
                f"{self._url}/api/v1/cases",
                params={"state": state, "limit": "20"},
                headers=self._headers(role),
            )
            cases = found.json().get("items", []) if found.status_code == 200 else []
            # A person takes a case that has lain a moment, and not every one.
            old = datetime.now(UTC) - timedelta(seconds=3)
            ripe = [c for c in cases if datetime.fromisoformat(c["opened_at"]) < old]
            for case in pick.sample(ripe, min(2, len(ripe))):
                self._act(client, pick, role, case["id"])

    def _act(self, client: httpx.Client, pick: random.Random, role: str, case_id: str) -> None:
        url = f"{self._url}/api/v1/cases/{case_id}"
        sheet = client.get(url, headers=self._headers(role)).json()
        actions = {action["name"]: action for action in sheet.get("actions", [])}
        name = next((n for n in _preferred(pick) if n in actions), None)
        if name is None:
            return
        body: dict[str, Any] = {"version": sheet["version"], "id": str(uuid.uuid4())}
        for needed in actions[name]["fields"]:
            value = fill_field(pick, needed)
            if needed["required"] and value is None:
                return
            if needed["required"]:
                body[needed["name"]] = value
        answer = client.post(f"{url}/actions/{name}", json=body, headers=self._headers(role))
        self.counts.actions += answer.status_code == 200


DESKS = (
    ("reported", "acceptor"),
    ("accepted", "acceptor"),
    ("filed", "dispatcher"),
    ("returned", "dispatcher"),
    ("dispatched", "handler"),
    ("handling", "handler"),
    ("reworked", "handler"),
    ("handled", "inspector"),
    ("inspecting", "acceptor"),
)
PREFERRED = ("accept", "file", "dispatch", "start", "feedback", "inspect-pass", "close")


def _preferred(pick: random.Random) -> tuple[str, ...]:
    chance = pick.random()
    if chance < 0.05:
        return ("inspect-fail", "reject", "return", *PREFERRED)
    return PREFERRED


def fill_field(pick: random.Random, needed: Mapping[str, Any]) -> Any:
    """A plausible value for a field of an action's form; None where there is none to guess."""
    if needed["choices"]:
        return pick.choice(needed["choices"])
    if needed["type"] == "confirmation":
        return True
    if needed["type"] == "text":
        return "已清理完毕" if needed["name"] == "text" else "现场核实后处理"
    return None
