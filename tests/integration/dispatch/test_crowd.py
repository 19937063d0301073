"""Random people of all roles drive the HTTP interface; afterwards every history is checked.

A state machine in the sense of `hypothesis.stateful`: its rules are what people do, chosen at
random and with random seeds. One installation (api, engine and clock on real PostGIS and Kafka)
lives through all of it, so that cases of several lives stand beside each other. A failure is not
made smaller: the installation goes on meanwhile. It tells the last calls instead.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from dispatch.keys import load_keys
from dispatch.tokens import Role, issue
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import CITY  # noqa: F401  the city of the fixtures
from tests.integration.dispatch.crowd import HERE, THERE, Crowd
from tests.integration.dispatch.histories import histories_of, what_is_wrong
from tests.integration.dispatch.live import CITY_CODE, Live
from tests.integration.dispatch.town import Person
from tests.short_limits import shorten_conditions, write_definitions
from tests.waiting import eventually

LIMITS = {"*": "0.0006 紧急工作时"}  # 2.2 seconds
CONDITION_LIMITS = {"M": "0.0003 紧急工作时", "": "0.0016 紧急工作时"}
BY_THE_CLOCK = ("rung", "came_due")
SEEDS = st.integers(0, 2**48)
WHAT = [
    *["do_what_is_offered"] * 10,
    *["report", "do_what_is_not_offered", "do_it_wrongly"] * 2,
    *["act_on_an_old_sheet", "ask_again", "act_on_many", "hand_the_desk_over"],
]
"""What people do, as often as it stands here."""


class Days(RuleBasedStateMachine):
    """What people do, one after the other."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__()
        self.crowd = crowd

    def _step(self, number: int, name: str) -> None:
        crowd = self.crowd
        if crowd.failure:
            return
        # Not the same again in the next life: the installation is another one by then.
        crowd.steps += 1
        crowd.pick = random.Random(f"{number} {crowd.steps}")
        try:
            getattr(crowd, name)()
        except (AssertionError, httpx.HTTPError) as error:
            # Kept for the end: played again, the same steps would meet other cases.
            crowd.failure = "\n".join(["the last calls:", *crowd.log, f"{name}: {error!r}"])

    @initialize(number=SEEDS)
    def morning(self, number: int) -> None:
        for more in range(4):
            self._step(number + more, "report")

    @rule(number=SEEDS, what=st.sampled_from(WHAT))
    def somebody(self, number: int, what: str) -> None:
        self._step(number, what)


def people_of(live: Live, departments: list[str]) -> list[Person]:
    """All roles, city-wide and of one district; some of a department."""
    key = load_keys(live.settings.keys_dir).signing

    def person(
        role: str, number: int = 1, scope: str = CITY_CODE, department: str | None = None
    ) -> Person:
        subject = f"{role}-{number}-{scope}-{department or ''}"
        token = issue(key, role=Role(role), scope=scope, department=department, subject=subject)
        headers = {"Authorization": f"Bearer {token}"}
        return Person(
            subject=subject, role=role, scope=scope, department=department, headers=headers
        )

    desks = ("acceptor", "dispatcher", "supervisor", "member")
    return [
        *(person(role, number) for role in desks for number in (1, 2, 3)),
        *(person(role, 4, scope) for role in desks for scope in (HERE, THERE)),
        *(person(role, 5, CITY_CODE, "431103-urban") for role in desks),
        *(person("handler", 1, CITY_CODE, code) for code in departments),
        *(person(role) for role in ("reporter", "auditor", "admin", "gateway")),
    ]


@pytest.fixture
def crowd(live: Live, city: TestDatabase, tmp_path: Path) -> Iterator[Crowd]:
    """A city whose limits run out within seconds, with everybody in it."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    definitions = write_definitions(folder, LIMITS)
    shorten_conditions(city.admin_url, CONDITION_LIMITS)
    live.settings = live.settings.model_copy(
        update={"definitions_dir": folder, "definition": tuple(definitions)}
    )
    live.start("engine")
    live.start("clock")
    codes = live.one("select array_agg(code order by code) from department")
    with live.start_api() as api:
        categories = api.get("/categories?limit=500", headers=live.token("auditor")).json()["items"]
        yield Crowd(
            live=live,
            api=api,
            definitions=definitions,
            people=people_of(live, codes),
            categories=categories,
        )


def drive(crowd: Crowd, lives: int, steps: int, begin: int) -> None:
    """So many lives of so many steps in one installation, and then the histories."""
    run = settings(
        max_examples=lives + 1,  # the first of all is the smallest: no step
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )

    def machine() -> Days:
        return Days(crowd)

    run_state_machine_as_test(seed(begin)(machine), settings=run)
    assert not crowd.failure, crowd.failure
    eventually(lambda: crowd.live.one("select count(*) from timer where due_at < now()") == 0)
    for running in crowd.live.roles:
        running.end()
    staff = {one.subject: one.department for one in crowd.people if one.department}
    recorded = histories_of(crowd.live, crowd.definitions, staff)
    kinds = {name: sum(name in one.body for one in recorded.events) for name in BY_THE_CLOCK}
    print(len(recorded.cases), "cases,", len(recorded.events), "events;", kinds, crowd.told)
    wrong = what_is_wrong(crowd.live, recorded)
    assert not wrong, "\n".join(wrong[:20])
    # Days on which little happened would prove little.
    assert all(kinds.values()), kinds
    wanted = {"a wrong field", "a stale version", "asked again", "not offered: 409"}
    assert wanted <= crowd.told.keys()


def test_a_crowd_at_the_desks_breaks_no_invariant(crowd: Crowd) -> None:
    drive(crowd, lives=4, steps=120, begin=7)
    assert len(crowd.told) > 25, crowd.told


@pytest.mark.long
def test_a_crowd_of_many_days_breaks_no_invariant(crowd: Crowd) -> None:
    begin = random.randrange(2**32)
    print(f"seed {begin}")
    drive(crowd, lives=16, steps=300, begin=begin)
    every = {name for one in crowd.definitions.values() for name in one.actions}
    missing = every - crowd.told.keys()
    print("never done:", sorted(missing))
    assert len(missing) <= 15, missing  # of some sixty
