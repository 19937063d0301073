"""The apis of an installation as a load balancer sees them: in turn, past those that are away."""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

import httpx

RESTS_S = 2.0


class Doors:
    """The addresses of all apis; one that did not answer is left alone for a while.

    Many threads ask it.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self.urls = tuple(urls)
        self._turns = itertools.count()
        self._rest_until = dict.fromkeys(urls, 0.0)

    def next(self) -> str:
        """Whose turn it is; when all are away, one of them all the same."""
        turn = next(self._turns)
        ordered = [self.urls[(turn + n) % len(self.urls)] for n in range(len(self.urls))]
        now = time.monotonic()
        return next((url for url in ordered if self._rest_until[url] <= now), ordered[0])

    def away(self, url: str) -> None:
        self._rest_until[url] = time.monotonic() + RESTS_S


class Caller:
    """Calls whichever api has its turn; a refused connection leads to the next one.

    What has been sent to one api is never sent to another from here: whether it had an effect is
    not known, and to ask again is the client's business.
    """

    def __init__(self, doors: Doors, headers: Mapping[str, str] | None = None) -> None:
        self._doors = doors
        self._clients = {
            url: httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=5)
            for url in doors.urls
        }

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._call("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._call("POST", path, **options)

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        refused: httpx.ConnectError | None = None
        for _ in self._clients:
            url = self._doors.next()
            try:
                return self._clients[url].request(method, path, **options)
            except httpx.ConnectError as error:
                self._doors.away(url)
                refused = error
            except httpx.HTTPError:
                self._doors.away(url)
                raise
        assert refused is not None
        raise refused

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
