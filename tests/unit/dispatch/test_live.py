"""`wangge status --watch`: a picture that follows what happens, and ends when asked."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from dispatch.supervisor.figures import pause_s
from dispatch.supervisor.live import Watcher, change_table, watch

WANGGE = (sys.executable, "-m", "dispatch")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A record in which we are the engine, and the relay is dead."""
    (tmp_path / "run").mkdir()
    born = psutil.Process().create_time()
    since = datetime.now(UTC).isoformat()
    rows = [
        {"name": "engine", "pid": os.getpid(), "born": born, "since": since, "restarts": 3},
        {"name": "relay", "pid": None, "born": None, "since": None, "restarts": 0},
    ]
    (tmp_path / "run" / "up.json").write_text(json.dumps(rows))
    said = {"pid": os.getpid(), "waiting_for": "kafka"}
    (tmp_path / "run" / "engine.json").write_text(json.dumps(said))
    return tmp_path


def drawn(picture: object) -> str:
    console = Console(file=io.StringIO(), width=140)
    console.print(picture)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_picture_names_every_process_with_its_load_and_what_it_waits_for(data_dir: Path) -> None:
    watcher = Watcher(data_dir)
    text = drawn(watcher.picture())
    (engine,) = re.findall(r"^engine  .*$", text, re.MULTILINE)
    assert str(os.getpid()) in engine
    assert re.search(r" 3 +kafka +[0-9,]+ MB +[0-9]+ %", engine), engine
    (relay,) = re.findall(r"^relay .*$", text, re.MULTILINE)
    assert "not running" in relay
    assert ["open", "cases", "?"] in [line.split() for line in text.splitlines()]


def test_the_picture_follows_the_record(data_dir: Path) -> None:
    watcher = Watcher(data_dir)
    assert "kafka" in drawn(watcher.picture())
    said = {"pid": os.getpid(), "waiting_for": None}
    (data_dir / "run" / "engine.json").write_text(json.dumps(said))
    assert "kafka" not in drawn(watcher.picture())
    (data_dir / "run" / "up.json").unlink()
    assert "No installation" in drawn(watcher.picture())


def test_changes_are_told_and_what_is_not_known_is_a_question_mark() -> None:
    now = {"engine_lag": 1500, "outbox": 0, "open_cases": None, "dead_letters": 2}
    then = {"engine_lag": 300, "outbox": 40, "open_cases": 7, "dead_letters": 2}
    lines = [line.split() for line in drawn(change_table(now, then)).splitlines()]
    assert ["engine", "lag", "1,500", "+1,200"] in lines
    assert ["outbox", "0", "-40"] in lines
    assert ["open", "cases", "?"] in lines
    assert ["dead", "letters", "2"] in lines


def test_it_renews_until_it_is_interrupted(data_dir: Path) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    file = io.StringIO()
    watch(data_dir, Console(file=file, force_terminal=True, width=140), pause)
    assert pauses == [1.0, 1.0, 1.0]
    assert file.getvalue().count("engine") >= 3


def test_on_a_terminal_it_draws_and_ends_with_ctrl_c(data_dir: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*WANGGE, "status", "--watch", "--data-dir", str(data_dir)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "140"}
    child = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen, limit = b"", time.monotonic() + 20
    while b"Ctrl-C ends the watching" not in seen and time.monotonic() < limit:
        seen += os.read(ours, 65536)
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 0
    os.close(ours)
    assert b"engine" in seen
    assert b"Traceback" not in seen


@pytest.mark.parametrize("options", [["--json"], []])
def test_without_a_terminal_it_says_what_to_do(data_dir: Path, options: list[str]) -> None:
    command = [*WANGGE, "status", "--watch", *options, "--data-dir", str(data_dir)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "status --json" in " ".join(ended.stderr.replace("│", " ").split())


@pytest.mark.parametrize(("took_s", "pause"), [(0.01, 5.0), (0.5, 9.5), (3.0, 57.0)])
def test_who_looks_takes_a_twentieth_of_the_time_at_most(took_s: float, pause: float) -> None:
    assert pause_s(5.0, took_s) == pause
