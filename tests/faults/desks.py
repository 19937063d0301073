"""People at desks: they take cases, act on them, and ask again when they got no answer."""

import random
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from tests.faults.diary import Diary, outcome_of
from tests.faults.doors import Caller, Doors
from tests.faults.recorded import ActionCall, Outcome
from tests.forms import Forms, choose
from workflows.definition import Definition

TRIES = 8
SOON_S = (1.0, 8.0)
"""How far ahead a moment is chosen until which a case waits."""
ACCEPTORS = ("acceptor 1", "acceptor 2")
# By the state of a case, whose desks it lies at; the more often it stands here, the more is done.
USUAL = (
    *(("reported", one) for one in ACCEPTORS),
    *(("accepted", one) for one in ACCEPTORS),
    ("filed", "dispatcher"),
    ("returned", "dispatcher"),
    ("dispatched", "handler"),
    ("dispatched", "handler"),
    ("dispatched", "dispatcher"),
    ("handling", "handler"),
    ("handling", "handler"),
    ("reworked", "handler"),
    ("handled", "inspector"),
    ("inspecting", "acceptor 1"),
    ("first_level", "handler"),
    ("at_district", "handler"),
    ("solved", "acceptor 2"),
    ("answered", "acceptor 2"),
)
SELDOM = (
    ("verifying", "inspector"),
    *((state, "dispatcher") for state in ("handling", "reworked", "suspended", "deferred")),
    *((state, "supervisor") for state in ("handling", "returned", "first_level", "closed")),
    *((state, "assistant") for state in ("dispatched", "handling", "whistled", "on_site")),
    *((state, "handler") for state in ("at_city", "at_centre", "whistled", "answering")),
    *((state, "handler") for state in ("arriving", "on_site", "supplementing", "closed")),
    *((state, "acceptor 1") for state in ("self_handled", "merged", "closed", "supplementing")),
    ("handled", "inspector of urban"),
    ("first_level", "inspector"),
)
ON_THEIR_WAY = (
    "accept file dispatch start feedback inspect-pass solve call-back close arrive contact sign"
).split()


class Desks:
    """One person after another, each at the desk of a state, until told to stop."""

    def __init__(
        self,
        doors: Doors,
        tokens: Mapping[str, str],
        definitions: Mapping[str, Definition],
        categories: Sequence[Mapping[str, Any]],
        diary: Diary,
        *,
        seed: int,
    ) -> None:
        self._client = Caller(doors)
        self._tokens = tokens
        self._definitions = definitions
        self._diary = diary
        self._pick = random.Random(seed)
        accounts = [f"fault-{one}" for one in ACCEPTORS]
        self._forms = Forms(self._pick, categories, accounts, SOON_S)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            chance = self._pick.random()
            try:
                if chance < 0.03:
                    self._hand_over(stop)
                else:
                    self._work(*self._pick.choice(USUAL if chance < 0.6 else SELDOM), stop)
            except (httpx.HTTPError, ValueError, KeyError):
                stop.wait(0.2)
        self._client.close()

    def _work(self, state: str, role: str, stop: threading.Event) -> None:
        query = {"state": state, "limit": "100"}
        found = self._client.get("/cases", params=query, headers=self._headers("supervisor"))
        cases = found.json()["items"]
        self._forms.others = [case["id"] for case in cases if case["closed_at"] is None]
        chosen = self._pick.sample(cases, min(3, len(cases)))
        sheets = []
        for case in chosen:
            person = self._person(role, case)
            if person is not None:
                sheets.append((person, self._sheet(person, case["id"])))
        if role not in ("handler", "assistant") and self._pick.random() < 0.15:
            self._act_on_all([sheet for _, sheet in sheets], self._headers(role), stop)
            return
        for person, sheet in sheets:
            made = self._choose(sheet)
            if made is not None and not stop.is_set():
                self._act(self._headers(person), sheet, *made)

    def _person(self, role: str, case: Mapping[str, Any]) -> str | None:
        """Whose token it takes: of the department that holds the case, or of one that assists."""
        if role == "handler":
            return f"handler {case['department']}" if case["department"] else None
        if role == "assistant":
            helping = self._sheet("supervisor", case["id"])["assistants"]
            return f"handler {self._pick.choice(helping)['department']}" if helping else None
        return role

    def _sheet(self, person: str, case: str) -> dict[str, Any]:
        found = self._client.get(f"/cases/{case}", headers=self._headers(person))
        sheet: dict[str, Any] = found.json()
        return sheet

    def _headers(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[person]}"}

    def _choose(self, sheet: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """An action that is offered, mostly one that brings the case on, with its fields."""
        offered = {action["name"]: action for action in sheet["actions"]}
        name = choose(self._pick, list(offered), ON_THEIR_WAY, 0.6) if offered else None
        made = None if name is None else self._forms.fill(sheet, offered[name])
        if name is None or made is None:
            return None
        return name, {"version": sheet["version"], "id": str(uuid.uuid4()), **made}

    def _act(
        self, headers: Mapping[str, str], sheet: Mapping[str, Any], name: str, body: dict[str, Any]
    ) -> None:
        """Does it; the same action again, by its id, as long as nobody answers."""

        def once() -> Outcome:
            path = f"/cases/{sheet['id']}/actions/{name}"
            answer = self._client.post(path, json=body, headers=dict(headers))
            outcome = outcome_of(answer.status_code)
            self._note(sheet, name, outcome)
            return outcome

        _until_answered(once)

    def _act_on_all(
        self,
        sheets: Sequence[Mapping[str, Any]],
        headers: Mapping[str, str],
        stop: threading.Event,
    ) -> None:
        """One action on a selection of cases, each with an id of its own."""
        made = next((one for sheet in sheets if (one := self._choose(sheet)) is not None), None)
        if made is None or stop.is_set():
            return
        name, body = made[0], {k: v for k, v in made[1].items() if k not in ("id", "version")}
        asked = [
            {"case": sheet["id"], "version": sheet["version"], "id": str(uuid.uuid4())}
            for sheet in sheets
        ]

        def once() -> Outcome:
            whole = {**body, "cases": asked}
            answer = self._client.post(f"/actions/{name}", json=whole, headers=dict(headers))
            items = answer.json()["items"] if answer.status_code == 200 else []
            told = [outcome_of(item["status"]) for item in items]
            for sheet, outcome in zip(sheets, told, strict=False):
                self._note(sheet, name, outcome)
            again = Outcome.INFO in told or outcome_of(answer.status_code) is Outcome.INFO
            return Outcome.INFO if again else Outcome.OK

        _until_answered(once)

    def _hand_over(self, stop: threading.Event) -> None:
        """A desk at the change of shifts: what one acceptor took goes to the other."""
        leaves, comes = self._pick.sample(ACCEPTORS, 2)
        body = {"account": f"fault-{comes}", "reason": "交接班"}
        if not stop.is_set():
            self._client.post("/desk/hand-over", json=body, headers=self._headers(leaves))

    def _note(self, sheet: Mapping[str, Any], name: str, outcome: Outcome) -> None:
        action = self._definitions[sheet["definition"]].actions.get(name)
        if action is not None:
            self._diary.acted(
                ActionCall(
                    case=sheet["id"],
                    event_type=action.event_type,
                    version=sheet["version"] + action.raises_version,
                    outcome=outcome,
                )
            )


def _until_answered(once: Callable[[], Outcome]) -> None:
    """Tries as long as nobody answers."""
    for _ in range(TRIES):
        try:
            outcome = once()
        except httpx.HTTPError:
            outcome = Outcome.INFO
        if outcome is not Outcome.INFO:
            return
        threading.Event().wait(0.5)
