"""Simulated days of a city: reports at a rate, and desks that work on cases.

Everything goes through the HTTP interface.
"""

import random
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson

from dispatch.simulation.fieldwork import CITY, FieldWork

BATCH_SHARE = 0.1


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
        work = FieldWork(areas=self._all("areas"), seed=self._seed, mix=CITY)
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
        name = next((n for n in preferred(pick, case_id) if n in actions), None)
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
    ("first_level", "member"),
    ("at_district", "handler"),
    ("self_handled", "acceptor"),
    ("solved", "acceptor"),
    ("answered", "acceptor"),
)
SELF_HANDLED = "01234"
PREFERRED = (
    *("accept", "file", "dispatch", "start", "feedback", "inspect-pass"),
    *("solve", "call-back", "close"),
)


def preferred(pick: random.Random, case_id: str) -> tuple[str, ...]:
    """What somebody does to a case if it may be done. Members solve a third of the small things by
    themselves, always the same; the others wait for the station, or for their limit.
    """
    chance = pick.random()
    own = ("self-handle",) if case_id[-1] in SELF_HANDLED else ()
    if chance < 0.05:
        return ("inspect-fail", "reject", "return", *PREFERRED, *own)
    return (*PREFERRED, *own)


def fill_field(pick: random.Random, needed: Mapping[str, Any]) -> Any:
    """A plausible value for a field of an action's form; None where there is none to guess."""
    if needed["choices"]:
        return pick.choice(needed["choices"])
    if needed["type"] == "confirmation":
        return True
    if needed["type"] == "text":
        return "已清理完毕" if needed["name"] == "text" else "现场核实后处理"
    return None
