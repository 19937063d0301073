"""`wangge up` as scripts rely on it: one at a time, nothing stays dead, nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
import pytest

from tests.waiting import eventually

WANGGE = (sys.executable, "-m", "dispatch")
START_S = 90.0


@pytest.fixture(scope="module")
def data_dir(server_dir: Path) -> Path:
    return server_dir / "up"


@pytest.fixture(scope="module")
def up(data_dir: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `wangge up` and waits until it says that it is ready."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        log = data_dir.with_name(f"up-{len(started)}.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*WANGGE, "up", "--port", "0", "--data-dir", str(data_dir)],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        # The file of a run that was killed stays until the next run has begun.
        eventually(lambda: process.poll() is not None or "Ready: " in log.read_text(), START_S)
        assert process.poll() is None, log.read_text()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_it_starts_again_what_dies_ends_at_one_signal_and_finds_its_data_again(
    up: Callable[[], subprocess.Popen[bytes]], data_dir: Path
) -> None:
    """One test, because each start takes ten seconds."""
    first = up()
    assert (data_dir / "access.json").stat().st_mode & 0o777 == 0o600
    _ask(data_dir, "create table kept as select 1 as n")
    before = _processes(data_dir)
    assert set(before) == {"postgres", "kafka", "api", "engine", "clock", "relay"}
    killed = ("postgres", "engine")
    for name in killed:
        os.kill(before[name]["pid"], signal.SIGKILL)
    os.kill(before["relay"]["pid"], signal.SIGSTOP)
    eventually(lambda: all(_processes(data_dir)[name]["restarts"] for name in killed), START_S)
    after = _processes(data_dir)
    assert after["relay"]["pid"] == before["relay"]["pid"]
    assert after["engine"]["pid"] != before["engine"]["pid"]

    second = subprocess.run(
        [*WANGGE, "up", "--data-dir", str(data_dir)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"pid {first.pid}" in second.stderr

    living = psutil.Process(first.pid).children(recursive=True)
    assert len(living) >= 6
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    assert not psutil.wait_procs(living, timeout=1)[1]
    assert all(row["pid"] is None for row in _processes(data_dir).values())
    assert not (data_dir / "access.json").exists()

    again = up()
    assert _ask(data_dir, "table kept").fetchone() == (1,)
    living = psutil.Process(again.pid).children(recursive=True)
    again.kill()
    again.wait()
    assert not psutil.wait_procs(living, timeout=10)[1]


def test_it_says_why_it_cannot_start(server_dir: Path) -> None:
    taken = server_dir / "file"
    taken.write_text("")
    done = subprocess.run(
        [*WANGGE, "up", "--data-dir", str(taken)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is not a directory: name another one with --data-dir" in done.stderr


def _ask(data_dir: Path, statement: LiteralString) -> psycopg.Cursor[Any]:
    access = json.loads((data_dir / "access.json").read_text())
    assert sorted(access) == ["database_admin_url", "database_url", "kafka_servers", "url"]
    with psycopg.connect(access["database_admin_url"]) as connection:
        return connection.execute(statement)


def _processes(data_dir: Path) -> dict[str, Any]:
    done = subprocess.run(
        [*WANGGE, "status", "--json", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert {"engine_lag", "outbox", "overdue_timers", "open_cases", "dead_letters"} < set(answer)
    return {row["name"]: row for row in answer["processes"]}
