"""A whole installation, started and ended as a user would."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.places import lasting_folder

ROOT = Path(__file__).parents[1]
START_S = 150
WANGGE = (sys.executable, "-m", "dispatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A running `wangge up --demo`, with what `access.json` says of it."""

    url: str
    tokens: dict[str, str]
    data_dir: Path
    database_url: str
    admin_url: str
    kafka_servers: str

    def headers(self, role: str) -> dict[str, str]:
        return bearer(self.tokens[role])

    def wangge(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs the command line as an operator would."""
        return subprocess.run(
            [*WANGGE, *arguments, "--data-dir", str(self.data_dir)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def token(self, *arguments: str) -> str:
        """A token as an operator makes it."""
        made = self.wangge("token", *arguments)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def running(
    environment: Mapping[str, str],
    command: Sequence[str] = WANGGE,
    make_folder: Callable[[], Path] = lasting_folder,
) -> Iterator[Installation]:
    """Starts `wangge up --demo` on free ports in a directory of its own, and ends it."""
    folder = make_folder()
    data = folder / "data"
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "up", "--demo", "--port", "0", "--data-dir", str(data)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            cwd=ROOT,
        )
    try:
        access = _wait(process, data / "access.json", folder / "up.log")
        yield Installation(
            url=access["url"],
            tokens=access["tokens"],
            data_dir=data,
            database_url=access["database_url"],
            admin_url=access["database_admin_url"],
            kafka_servers=access["kafka_servers"],
        )
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _wait(process: "subprocess.Popen[bytes]", access: Path, log: Path) -> dict[str, object]:
    limit = time.monotonic() + START_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            pytest.fail(f"wangge up ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        if access.is_file():
            return json.loads(access.read_text())
        time.sleep(0.2)
    pytest.fail(f"not ready after {START_S} s:\n{log.read_text()[-3000:]}")
