"""Memory of every role, at work and with a server that stands still."""

import signal
import threading
import time
from collections.abc import Iterator

import psutil

from bench.figures import Figure
from bench.installation import Measured
from bench.load import post_all, reports

ROLES = ("api", "engine", "clock", "relay")
RATE = 100.0
MIB = 1 << 20


def memory(measured: Measured, minutes: float) -> Iterator[Figure]:
    """Reports at a steady rate: a minute of health, then each server away for so many minutes."""
    phases = (("healthy", None, min(1.0, minutes)), ("kafka", "kafka", minutes))
    for name, server, span in (*phases, ("postgres", "postgres", minutes)):
        highest = _under_load(measured, server, span * 60)
        told = ", ".join(f"{role} {size:.0f}" for role, size in highest.items())
        yield Figure(
            name="memory, all well" if server is None else f"memory, {name} away {span:g} min",
            value=max(highest.values()),
            unit="MiB",
            budget="< 300" if server is None else "bounded",
            note=told,
        )


def _under_load(measured: Measured, server: str | None, seconds: float) -> dict[str, float]:
    roles = {role: psutil.Process(measured.pids()[role]) for role in ROLES}
    frozen = _family(measured.pids()[server]) if server else []
    highest = dict.fromkeys(ROLES, 0.0)
    over = threading.Event()
    load = threading.Thread(target=_post, args=(measured, over, seconds), daemon=True)
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    try:
        load.start()
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            for role, process in roles.items():
                # One that was started again after a loss is another process; its name counts.
                if not process.is_running():
                    roles[role] = psutil.Process(measured.pids()[role])
                    continue
                highest[role] = max(highest[role], process.memory_info().rss / MIB)
            time.sleep(0.5)
    finally:
        for process in reversed(frozen):
            process.send_signal(signal.SIGCONT)
        over.set()
    load.join(60)
    measured.wait_until("select count(*) from outbox", 0)
    return highest


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _post(measured: Measured, over: threading.Event, seconds: float) -> None:
    """Posts in rounds of five seconds, so that the end of the phase ends it."""
    limit = time.monotonic() + seconds
    seed = 100
    while not over.is_set() and time.monotonic() < limit:
        seed += 1
        post_all(
            measured.url,
            "/api/v1/reports",
            measured.tokens["gateway"],
            reports(int(RATE * 5), seed),
            connections=64,
            rate=RATE,
        )
