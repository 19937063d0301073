"""The figures that `wangge up` and `wangge status` show, never waiting long for them."""

import threading
import time
from collections.abc import Mapping

from dispatch.settings import Settings

NAMES = ("engine_lag", "outbox", "overdue_timers", "open_cases", "dead_letters")
UNKNOWN: Mapping[str, object] = {**dict.fromkeys(NAMES), "warnings": []}


class LatestFigures:
    """Asks for the figures again and again in a thread of its own, and keeps the last answer."""

    def __init__(self, settings: Settings, *, every_s: float = 5.0) -> None:
        self._settings = settings
        self._every_s = every_s
        self._latest = UNKNOWN
        self._asked = threading.Event()
        self._closed = threading.Event()
        threading.Thread(target=self._ask, name="figures", daemon=True).start()

    @property
    def latest(self) -> Mapping[str, object]:
        return self._latest

    def close(self) -> None:
        """Asks no more."""
        self._closed.set()

    def wait(self, timeout_s: float) -> Mapping[str, object]:
        """The first answer, or what is not known when there is none in time."""
        self._asked.wait(timeout_s)
        return self._latest

    def _ask(self) -> None:
        while not self._closed.is_set():
            asked_at = time.monotonic()
            self._latest = ask(self._settings)
            self._asked.set()
            self._closed.wait(pause_s(self._every_s, time.monotonic() - asked_at))


def pause_s(every_s: float, took_s: float) -> float:
    """How long nothing is asked after an answer that took so long.

    Counting a city's open cases is some work: looking must not take more than a twentieth of the
    time of those who are looked at.
    """
    return max(every_s, 19 * took_s)


def ask(settings: Settings) -> Mapping[str, object]:
    """The five figures of design §5, None for each that cannot be known now, and `warnings`."""
    from dispatch.watching.figures import figures

    try:
        found = figures(settings)
    except Exception:  # noqa: BLE001 - whatever is wrong there, the answer here is "not known"
        return UNKNOWN
    return {name: found.get(name) for name in (*NAMES, "warnings")}
