"""What a role says of itself while it runs: that it turns, and what it waits for."""

import json
import os
import time
from pathlib import Path
from typing import Protocol

KAFKA = "kafka"
POSTGRES = "postgres"


class Beating(Protocol):
    """What a loop tells of itself, turn by turn."""

    def stand_by(self, because: str) -> None: ...
    def beat(self, waiting_for: str | None = None) -> None: ...


class Unheard:
    """Of a loop beside a role: the role is alive and ready whatever this loop does."""

    def stand_by(self, because: str) -> None:
        """Nobody asks."""

    def beat(self, waiting_for: str | None = None) -> None:
        """Nobody asks."""


class Heartbeat:
    """Writes `<run_dir>/<name>.json`, at most once a second unless what it waits for changes.

    A disk that is full must not stop the role, so a failed write is passed over; the file's age
    then says that something is wrong.
    """

    def __init__(self, run_dir: Path, name: str) -> None:
        self._path = run_dir / f"{name}.json"
        self._written = 0.0
        self._waiting_for: str | None = "start"
        self.turned = time.monotonic()
        self.idle_because: str | None = None

    @property
    def waiting_for(self) -> str | None:
        return self._waiting_for

    def stand_by(self, because: str) -> None:
        """The loop turned, and another process has the work; for /readyz, not for the file."""
        self.beat()
        self.idle_because = because

    def beat(self, waiting_for: str | None = None) -> None:
        """The role's loop turned once more; `waiting_for` names a dependency that is away."""
        self.turned = time.monotonic()
        self.idle_because = None
        if waiting_for == self._waiting_for and self.turned - self._written < 1:
            return
        self._waiting_for = waiting_for
        self._written = self.turned
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_text(
                json.dumps({"pid": os.getpid(), "waiting_for": waiting_for, "at": time.time()})
            )
            temporary.replace(self._path)
        except OSError:
            return
