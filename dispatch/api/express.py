"""The short way to the handlers that take nothing but the request."""

from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dispatch.api.problems import problem_of

Handler = Callable[[Request], Awaitable[Response]]


class Express:
    """Calls the handler of a known method and path itself; all else goes through the app.

    The app's routing, dependencies and middlewares cost about as much as judging a report. The
    handlers are those of the app's own routes, which document them, and answer the same either way.
    """

    def __init__(
        self,
        app: FastAPI,
        ways: Mapping[tuple[str, str], Handler],
        answered: Callable[[str, int, float], None] = lambda _path, _status, _seconds: None,
    ) -> None:
        self._app = app
        self._ways = ways
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["type"] == "http"
        handler = self._ways.get((scope["method"], scope["path"])) if known else None
        if handler is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        started = monotonic()
        try:
            response = await handler(Request(scope, receive))
        except Exception as error:  # noqa: BLE001  what is not ours is raised again
            response = problem_of(error).response()
        self._answered(scope["path"], response.status_code, monotonic() - started)
        await response(scope, receive, send)
