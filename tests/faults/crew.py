"""More processes of the roles beside those of `wangge up`, as an operator starts them by hand."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from dispatch.embedded.ports import free_port
from tests.installation import ROOT, Installation
from tests.waiting import eventually

READY_S = 120
COMMAND_TRIES = 4


class Crew:
    """Processes by name (`engine-2`), each started again only when it is told to be.

    What it is for is also to see a role end by itself: nobody would start it again.
    """

    def __init__(
        self, installation: Installation, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._installation = installation
        self._command = command
        self._environment = {
            **os.environ,
            **environment,
            "WANGGE_DATABASE_URL": installation.database_url,
            "WANGGE_KAFKA_SERVERS": installation.kafka_servers,
            "WANGGE_DATA_DIR": str(installation.data_dir),
        }
        self._ports: dict[str, int] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._later: list[threading.Timer] = []
        self._lock = threading.Lock()
        self.troubles: list[str] = []
        """What ended by itself, or did not do what it was told to, with the end of its log."""

    @property
    def names(self) -> list[str]:
        return list(self._processes)

    @property
    def urls(self) -> list[str]:
        """Where the added apis answer."""
        return [f"http://127.0.0.1:{port}" for port in self._ports.values()]

    def hire(self, more: Mapping[str, int]) -> None:
        """Starts so many more of each role, and waits until the apis among them are ready."""
        for role, count in more.items():
            for number in range(2, count + 2):
                name = f"{role}-{number}"
                if role == "api":
                    self._ports[name] = free_port()
                self.start(name)
        eventually(lambda: all(_ready(url) for url in self.urls), READY_S)

    def start(self, name: str) -> None:
        """`wangge serve ROLE`, at the port that an api of this name had before."""
        port = {"WANGGE_PORT": str(self._ports[name])} if name in self._ports else {}
        role = name.partition("-")[0]
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*self._command, "serve", role],
                env={**self._environment, **port},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def pid(self, name: str) -> int | None:
        process = self._processes.get(name)
        return None if process is None or process.poll() is not None else process.pid

    def kill(self, name: str, again_s: float) -> None:
        """kill -9, and the same process anew after so many seconds."""
        with self._lock:
            self._look(name)
            self._processes[name].kill()
            self._processes[name].wait()
        timer = threading.Timer(again_s, self.start, [name])
        timer.start()
        self._later.append(timer)

    def wangge(self, *arguments: str) -> None:
        """Runs the command line as an operator would: again, when a server was just away."""
        told = self._run(arguments)
        for _ in range(COMMAND_TRIES - 1):
            if told.returncode == 0:
                return
            time.sleep(3)
            told = self._run(arguments)
        if told.returncode != 0:
            self.troubles.append(f"wangge {' '.join(arguments)}: {told.stdout}{told.stderr}")

    def _run(self, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self._command, *arguments, "--data-dir", str(self._installation.data_dir)],
            env=self._environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def look(self) -> list[str]:
        """All troubles so far; to be asked when nobody is to be killed any more."""
        for timer in self._later:
            timer.join()
        for name in self.names:
            self._look(name)
        return self.troubles

    def end(self) -> None:
        for timer in self._later:
            timer.cancel()
            timer.join()
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _look(self, name: str) -> None:
        ended = self._processes[name].poll()
        if ended is not None:
            told = self._log(name).read_text("utf-8", "replace")[-2000:]
            self.troubles.append(f"{name} ended by itself ({ended}):\n{told}")

    def _log(self, name: str) -> Path:
        return self._installation.data_dir / "log" / f"{name}.log"


@contextmanager
def hired(
    installation: Installation,
    command: Sequence[str],
    environment: Mapping[str, str],
    more: Mapping[str, int],
) -> Iterator[Crew]:
    """A crew of so many more of each role while the block runs."""
    crew = Crew(installation, command, environment)
    try:
        crew.hire(more)
        yield crew
    finally:
        crew.end()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
