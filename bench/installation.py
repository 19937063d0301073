"""A private installation to measure, with a hand on each of its processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from dispatch.installed import settings_for
from dispatch.supervisor.roles import role_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A running installation with durable servers and the demo city."""

    url: str
    tokens: dict[str, str]
    data_dir: Path
    admin_url: str
    kafka_servers: str
    process: "subprocess.Popen[bytes]"

    def pids(self) -> dict[str, int]:
        told = subprocess.run(
            [sys.executable, "-m", "dispatch", "status", "--json", "--data-dir", self.data_dir],
            capture_output=True,
            check=True,
        )
        return {p["name"]: p["pid"] for p in json.loads(told.stdout)["processes"]}

    @contextmanager
    def paused(self, *names: str) -> Iterator[None]:
        """The named roles stand still meanwhile."""
        running = self.pids()
        with standing_still([running[name] for name in names]):
            yield

    @contextmanager
    def one_more(self, role: str) -> Iterator[int]:
        """One more process of a role meanwhile, as an operator would run it; its process id."""
        with (self.data_dir.parent / f"{role}-more.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dispatch", "serve", role],
                env=role_environment(settings_for(self.data_dir), os.environ),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time of every server and role with its children, by name."""
        found = {}
        for name, pid in self.pids().items():
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            found[name] = sum(_cpu(one) for one in family)
        return found

    def one(self, query: str) -> float:
        with psycopg.connect(self.admin_url) as connection:
            row = connection.execute(query).fetchone()
        return float(row[0]) if row and row[0] is not None else 0.0

    def wait_until(self, query: str, wanted: float, limit_s: float = 300) -> float:
        """Seconds until the query answers `wanted`."""
        started = time.monotonic()
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            while time.monotonic() - started < limit_s:
                row = connection.execute(query).fetchone()
                if row and row[0] == wanted:
                    return time.monotonic() - started
                time.sleep(0.05)
        raise TimeoutError(f"not {wanted} after {limit_s:.0f} s: {query}")


@contextmanager
def standing_still(pids: Sequence[int]) -> Iterator[None]:
    """These processes stand still meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # PostgreSQL's ended backends are counted by their parent.
    return float(times.user + times.system + times.children_user + times.children_system)


@contextmanager
def measured_installation() -> Iterator[Measured]:
    """Starts `wangge up --demo` in a directory of its own; ends and removes it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    folder.chmod(0o755)
    data = folder / "data"
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dispatch", "up", "--demo", "--port", "0", "--data-dir", data],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        limit = time.monotonic() + 150
        while not (data / "access.json").is_file():
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError((folder / "up.log").read_text()[-2000:])
            time.sleep(0.2)
        access = json.loads((data / "access.json").read_text())
        yield Measured(
            url=access["url"],
            tokens=access["tokens"],
            data_dir=data,
            admin_url=access["database_admin_url"],
            kafka_servers=access["kafka_servers"],
            process=process,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        shutil.rmtree(folder, ignore_errors=True)
