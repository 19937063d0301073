"""People at desks: they take cases, act on them, and ask again when they got no answer."""

import random
import threading
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from dispatch.simulation import fill_field
from tests.faults.diary import Diary, outcome_of
from tests.faults.doors import Caller, Doors
from tests.faults.recorded import ActionCall, Outcome
from workflows.definition import Definition

TRIES = 8
STATES = (
    ("reported", "acceptor"),
    ("accepted", "acceptor"),
    ("filed", "dispatcher"),
    ("returned", "dispatcher"),
    ("dispatched", "handler"),
    ("dispatched", "dispatcher"),
    ("handling", "handler"),
    ("reworked", "handler"),
    ("handled", "inspector"),
    ("inspecting", "acceptor"),
    ("handling", "supervisor"),
)
ON_THEIR_WAY = ("accept", "file", "dispatch", "start", "feedback", "inspect-pass", "close")


class Desks:
    """One person after another, each at the desk of a state, until told to stop."""

    def __init__(
        self,
        doors: Doors,
        tokens: Mapping[str, str],
        definition: Definition,
        diary: Diary,
        *,
        seed: int,
    ) -> None:
        self._client = Caller(doors)
        self._tokens = tokens
        self._definition = definition
        self._diary = diary
        self._pick = random.Random(seed)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            state, role = self._pick.choice(STATES)
            try:
                self._work(state, role, stop)
            except (httpx.HTTPError, ValueError, KeyError):
                stop.wait(0.2)
        self._client.close()

    def _work(self, state: str, role: str, stop: threading.Event) -> None:
        query = {"state": state, "limit": "100"}
        found = self._client.get("/cases", params=query, headers=self._headers("supervisor"))
        cases = found.json()["items"]
        for case in self._pick.sample(cases, min(3, len(cases))):
            headers = self._headers(f"handler {case['department']}" if role == "handler" else role)
            sheet = self._client.get(f"/cases/{case['id']}", headers=headers).json()
            made = self._choose(sheet)
            if made is not None and not stop.is_set():
                self._act(headers, sheet, *made)

    def _headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[role]}"}

    def _choose(self, sheet: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """An action that is offered, mostly one that brings the case on, with its fields."""
        offered = {action["name"]: action for action in sheet["actions"]}
        usual = [name for name in ON_THEIR_WAY if name in offered]
        name = usual[0] if usual else None
        if offered and (name is None or self._pick.random() < 0.25):
            name = self._pick.choice(sorted(offered))
        if name is None:
            return None
        body: dict[str, Any] = {"version": sheet["version"], "id": str(uuid.uuid4())}
        for field in offered[name]["fields"]:
            if field["required"]:
                body[field["name"]] = self._value(sheet, field)
        if None in body.values():
            return None
        return name, body

    def _value(self, sheet: Mapping[str, Any], field: Mapping[str, Any]) -> Any:
        if field["type"] == "location":
            # Far enough to cross communities, and districts now and then.
            lon = sheet["location"]["lon"] + self._pick.gauss(0, 0.03)
            lat = sheet["location"]["lat"] + self._pick.gauss(0, 0.03)
            return {"lon": round(lon, 6), "lat": round(lat, 6), "crs": "wgs84", "accuracy_m": 5}
        return fill_field(self._pick, field)

    def _act(
        self, headers: Mapping[str, str], sheet: Mapping[str, Any], name: str, body: dict[str, Any]
    ) -> None:
        """Does it; the same action again, by its id, as long as nobody answers."""
        action = self._definition.actions[name]
        path = f"/cases/{sheet['id']}/actions/{name}"
        for _ in range(TRIES):
            try:
                answer = self._client.post(path, json=body, headers=dict(headers))
                outcome = outcome_of(answer.status_code)
            except httpx.HTTPError:
                outcome = Outcome.INFO
            self._diary.acted(
                ActionCall(
                    case=sheet["id"],
                    event_type=action.event_type,
                    version=sheet["version"] + action.raises_version,
                    outcome=outcome,
                )
            )
            if outcome is not Outcome.INFO:
                return
            threading.Event().wait(0.5)
