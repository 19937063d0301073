"""An installation under test, as the people see it who work at its HTTP interface."""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.integration.dispatch.live import Live
from workflows.definition import Definition

Json = Mapping[str, Any]
CONTRACT = frozenset({200, 202, 401, 403, 404, 409, 413, 422, 429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a token; `department` only where the person belongs to one."""

    subject: str
    role: str
    scope: str
    department: str | None
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Town:
    """An installation with its people; every call is one of the contract."""

    live: Live
    api: httpx.Client
    definitions: Mapping[str, Definition]
    people: Sequence[Person]
    categories: Sequence[Json]
    most_open: int = 20
    steps: int = 0
    failure: str = ""
    """What went wrong at some step; nobody does anything more then."""
    pick: random.Random = field(default_factory=random.Random)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=60))

    def _call(self, person: Person, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = self.api.request(method, path, json=body, headers=dict(person.headers))
        self.log.append(f"{person.subject} {method} {path} {body} -> {answer.status_code}")
        assert answer.status_code in CONTRACT, (path, body, answer.status_code, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
        return answer

    def _sheet(self, person: Person, case: str) -> dict[str, Any] | None:
        answer = self._call(person, "GET", f"/cases/{case}")
        assert answer.status_code in (200, 403, 404), answer.text
        found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
        return found

    def _one_of(self, *roles: str) -> Person:
        role = self.pick.choice(roles)
        return self.pick.choice([one for one in self.people if one.role == role])

    def _anybody(self) -> Person:
        return self.pick.choice(self.people)

    def _apt(self, case: str) -> Person:
        """Mostly somebody who may be able to do something: of the holder's department, or of the
        centres."""
        if self.pick.random() < 0.2:
            return self._anybody()
        holder = self.live.one('select department from "case" where id = :id', id=case)
        mine = [one for one in self.people if one.role == "handler" and one.department == holder]
        if mine and self.pick.random() < 0.4:
            return self.pick.choice(mine)
        return self._one_of("acceptor", "dispatcher", "supervisor", "member", "member")

    def _cases(self) -> list[str]:
        """Open cases and a few that are over, by their ids."""
        query = """select coalesce(array_agg(id::text order by number), '{}') from (
            (select id, number from "case" where closed_at is null order by number desc limit :most)
            union all
            (select id, number from "case" where closed_at is not null
                order by closed_at desc limit 4)) as found"""
        found: list[str] = self.live.one(query, most=self.most_open)
        return found

    def _case(self) -> str | None:
        cases = self._cases()
        return self.pick.choice(cases) if cases else None

    def _open_cases(self) -> int:
        """Those that were reported; what is split off does not keep others from being reported."""
        query = 'select count(*) from "case" where closed_at is null and split_from is null'
        return int(self.live.one(query))

    def _row(self, case: str) -> tuple[int, int]:
        version, seq = self.live.one(
            'select array[version, seq] from "case" where id = cast(:id as uuid)', id=case
        )
        return version, seq

    def _mine(self, person: Person, case: str) -> int:
        """How many events of the case are this person's."""
        query = """select count(*) from case_event
            where case_id = cast(:id as uuid) and actor = :actor and type not like '%attached%'"""
        return int(self.live.one(query, id=case, actor=person.subject))
