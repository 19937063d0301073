"""How much one caller may do at once: until its bucket is empty, and nobody else's."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from dispatch.api import contacts, problems
from dispatch.api.buckets import Buckets
from dispatch.api.context import principal_of
from dispatch.api.problems import Problem
from dispatch.settings import Settings
from dispatch.tokens import Principal, Role

RATE = (3.0, 0.01)
"""Three at once, then one in 100 seconds."""


def test_an_empty_bucket_says_how_long_to_wait_and_is_its_callers_alone() -> None:
    buckets = Buckets()
    for _ in range(3):
        buckets.charge("a", 1, RATE, "later")
    with pytest.raises(Problem, match="later") as refused:
        buckets.charge("a", 1, RATE, "later")
    assert refused.value.status == 429
    assert 90 < int(refused.value.headers["Retry-After"]) <= 100
    buckets.charge("b", 3, RATE, "later")


def test_what_is_refused_takes_nothing() -> None:
    buckets = Buckets()
    buckets.charge("a", 2, RATE, "later")
    with pytest.raises(Problem):
        buckets.charge("a", 2, RATE, "later")
    buckets.charge("a", 1, RATE, "later")


@pytest.fixture
def door() -> FastAPI:
    """The contacts of an api that knows no map; who asks is named by a header."""
    app = FastAPI()
    app.state.context = SimpleNamespace(settings=Settings(), buckets=Buckets(), known=no_map)
    problems.install(app)
    app.include_router(contacts.router)
    app.dependency_overrides[principal_of] = acceptor
    return app


def no_map() -> None:
    raise Problem(503, "unavailable", "no map is loaded yet")


def acceptor(request: Request) -> Principal:
    return Principal(
        subject=request.headers["subject"],
        role=Role.ACCEPTOR,
        scope="431100",
        department=None,
        jti="j",
        expires=2**40,
    )


def looked(door: FastAPI, *looks: tuple[str, str]) -> list[tuple[int, str | None]]:
    """What each of these looks, of a person for a purpose, is answered: status and Retry-After."""

    async def ask() -> list[httpx.Response]:
        way = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=way, base_url="http://test/api/v1") as client:
            return [
                await client.post(
                    "/cases/YZ1/contacts", json={"purpose": purpose}, headers={"subject": subject}
                )
                for subject, purpose in looks
            ]

    answers = asyncio.run(ask())
    return [(answer.status_code, answer.headers.get("retry-after")) for answer in answers]


def test_a_person_looks_at_contacts_so_often_and_no_more(door: FastAPI) -> None:
    often = [("curious", "verify")] * round(contacts.RATE[0])
    *looks, wrong, last, other = looked(
        door, *often, ("curious", "no purpose"), ("curious", "verify"), ("another", "verify")
    )
    assert set(looks) == {(503, None)}
    assert (wrong, last, other) == ((422, None), (429, "5"), (503, None))
