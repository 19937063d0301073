"""Waiting in tests: for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], within_s: float = 30) -> T:
    """The first true answer of `look`; the last answer is shown when there is none in time."""
    limit = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < limit, f"did not happen in time; the last answer was {found!r}"
        time.sleep(0.05)
    return found
