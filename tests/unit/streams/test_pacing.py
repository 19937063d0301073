"""A reader whose polls come back at once with nothing does not spin."""

from typing import Any

import pytest

import streams.kafka as door
from streams.kafka import _ConsumerReader


class Reader(_ConsumerReader):
    """A reader of a consumer that answers as it is told, by a clock of the test's own."""

    def __init__(self, took_s: float, found: dict[Any, Any]) -> None:
        self._consumer = self
        self.now, self.took_s, self.found = 100.0, took_s, found

    def poll_library(self, **_options: Any) -> dict[Any, Any]:
        self.now += self.took_s
        return self.found


@pytest.mark.parametrize(
    ("took_s", "found", "waits"),
    [(0.0, {}, 0.02), (0.015, {}, 0.005), (0.02, {}, 0.0), (0.25, {}, 0.0), (0.0, {"p": []}, 0.0)],
)
def test_only_an_empty_poll_that_came_at_once_is_made_up_for(
    monkeypatch: pytest.MonkeyPatch, took_s: float, found: dict[Any, Any], waits: float
) -> None:
    reader = Reader(took_s, found)
    slept: list[float] = []
    monkeypatch.setattr(door.time, "sleep", slept.append)
    monkeypatch.setattr(door.time, "monotonic", lambda: reader.now)
    reader._consumer = type("Library", (), {"poll": staticmethod(reader.poll_library)})
    assert reader.poll(0.25, 10) == []
    assert sum(slept) == pytest.approx(waits)
