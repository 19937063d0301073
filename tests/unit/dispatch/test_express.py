"""The short way answers as the app does, and only where the app has the same handler."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from dispatch.api import intake, problems
from dispatch.api.express import Express
from dispatch.api.problems import Problem
from dispatch.api.server import EXPRESS


async def handler(request: Request) -> Response:
    body = await request.body()
    if body == b"problem":
        raise Problem(429, "rate", "later", headers={"Retry-After": "3"})
    if body == b"fault":
        raise RuntimeError("a fault of ours")
    return Response(body + request.app.state.suffix, 202)


def app() -> FastAPI:
    made = FastAPI()
    made.state.suffix = b"!"
    problems.install(made)
    made.add_api_route("/way", handler, methods=["POST"])
    return made


def ask(
    asked: ASGIApp, method: str, path: str, body: bytes
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "headers": [],
        "query_string": b"",
        "root_path": "",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
    }
    asyncio.run(asked(scope, receive, send))  # type: ignore[arg-type]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), content


@pytest.mark.parametrize("body", [b"good", b"problem"])
def test_both_ways_answer_alike(body: bytes) -> None:
    plain, short = app(), Express(app(), {("POST", "/way"): handler})
    assert ask(short, "POST", "/way", body) == ask(plain, "POST", "/way", body)


def test_another_method_or_path_goes_through_the_app() -> None:
    short = Express(app(), {("POST", "/way"): handler})
    assert ask(short, "GET", "/way", b"")[0] == 405
    assert ask(short, "POST", "/other", b"")[0] == 404


def test_a_fault_of_ours_is_raised_for_the_server_to_log() -> None:
    with pytest.raises(RuntimeError):
        ask(Express(app(), {("POST", "/way"): handler}), "POST", "/way", b"fault")


def test_every_short_way_leads_to_the_handler_that_openapi_documents() -> None:
    documented = {
        (method, route.path): route.endpoint  # type: ignore[attr-defined]
        for route in intake.router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert {way: documented[way] for way in EXPRESS} == EXPRESS
