"""Keeps processes alive: notices a death, says it, and starts the process again."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dispatch.embedded.errors import EmbeddedError
from dispatch.supervisor.backoff import deaths_in_a_row, restart_delay


@dataclass(slots=True, kw_only=True)
class Watched:
    """One process that is kept alive, and what happened to it."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    """Starts it and returns at once."""
    stop: Callable[[subprocess.Popen[bytes]], bool]
    """Ends it; True when it ended by itself as asked."""
    child: subprocess.Popen[bytes] | None = None
    since: datetime | None = None
    restarts: int = 0
    deaths: int = 0
    """In a row, without a minute of life between them."""
    started_s: float = field(default=0.0)
    due_s: float | None = None
    """When it is started again, on the monotonic clock; None while it lives."""

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child is not None and self.child.poll() is None else None


class Watch:
    """The processes of one installation, in the order in which they are started.

    A process that is stopped (SIGSTOP) is not dead and is left alone. `tick` belongs to the main
    thread.
    """

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self._say = say
        self.watched: list[Watched] = []

    def add(self, process: Watched) -> None:
        """Starts a process for the first time and watches it from now on."""
        process.child = process.start()
        _started(process, time.monotonic())
        self.watched.append(process)

    def tick(self, now_s: float | None = None) -> bool:
        """Notices deaths and starts what is due; True when something changed."""
        now = time.monotonic() if now_s is None else now_s
        changes = [self._look_at(process, now) for process in self.watched]
        return True in changes

    def stop(self, names: Iterable[str]) -> None:
        """Ends the named processes and watches them no longer; all get the signal at once."""
        wanted = set(names)
        leaving = [process for process in self.watched if process.name in wanted]
        self.watched = [process for process in self.watched if process.name not in wanted]
        for process in leaving:
            if process.child is not None and process.child.poll() is None:
                process.child.send_signal(signal.SIGTERM)
        for process in leaving:
            if process.child is not None and not process.stop(process.child):
                self._say(f"{process.name} did not end when asked and was killed")

    def _look_at(self, process: Watched, now: float) -> bool:
        if process.due_s is not None:
            return process.due_s <= now and self._start_again(process, now)
        if process.child is None or process.child.poll() is None:
            return False
        self._plan(process, now, f"{process.name} {_how(process.child.returncode)}")
        return True

    def _start_again(self, process: Watched, now: float) -> bool:
        try:
            process.child = process.start()
        except (EmbeddedError, OSError) as error:
            self._plan(process, now, f"{process.name} cannot be started: {error}")
            return True
        process.restarts += 1
        _started(process, now)
        self._say(f"{process.name} is started again (pid {process.child.pid})")
        return True

    def _plan(self, process: Watched, now: float, what: str) -> None:
        process.deaths = deaths_in_a_row(process.deaths, now - process.started_s)
        delay = restart_delay(process.deaths)
        process.due_s = now + delay
        self._say(f"{what}; it is started again in {delay:g} s")


def _started(process: Watched, now: float) -> None:
    process.started_s = now
    process.since = datetime.now(UTC)
    process.due_s = None


def _how(returncode: int) -> str:
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    return f"was killed ({signal.Signals(-returncode).name})"
