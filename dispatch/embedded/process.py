"""Starting, watching and ending one process of ours."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from dispatch.embedded.account import Account
from dispatch.embedded.errors import StartFailedError

LOG_LIMIT_BYTES = 20_000_000
READY_EVERY_S = 0.05


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `argv` in a session of its own, its output appended to `log`.

    The kernel sends `death_signal` to it when the thread that called us ends, be it by kill -9:
    call it from the main thread only. Raises OSError when it cannot be started.
    """
    rotate(log)
    wrapper = ["setpriv", f"--pdeathsig={death_signal.name}"]
    if account is not None:
        wrapper += [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*wrapper, "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )


def wait_ready(
    name: str,
    child: subprocess.Popen[bytes] | None,
    log: Path,
    answers: Callable[[], bool],
    why_ended: Callable[[], str],
    timeout_s: float,
) -> None:
    """Returns when a server answers; StartFailedError when it ended or does not in time."""
    limit = time.monotonic() + timeout_s
    while time.monotonic() < limit:
        if child is None or child.poll() is not None:
            raise StartFailedError(f"{name} ended while starting: {why_ended()}")
        if answers():
            return
        time.sleep(READY_EVERY_S)
    raise StartFailedError(
        f"{name} was not ready after {timeout_s:.0f} s; see {log}. Its last lines:\n{tail(log)}"
    )


def server_environment() -> dict[str, str]:
    """What a server may know of our environment: no secrets, one language, one time zone."""
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    return {"PATH": "/usr/bin:/bin", **kept, "LANG": "C.UTF-8", "TZ": "UTC"}


def rotate(log: Path, limit: int = LOG_LIMIT_BYTES) -> None:
    """Sets a grown log aside as `<log>.1`."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > limit:
            log.rename(log.with_name(log.name + ".1"))


def tail(log: Path, lines: int = 12, limit: int = 20_000) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - limit))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def end(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Sends each signal in turn and waits its seconds; True when the first one was enough.

    A stopped process is woken, so that it can obey. The last resort, SIGKILL to the whole
    process group, is always added.
    """
    for number, (sent, seconds) in enumerate(steps):
        if process.poll() is not None:
            return number <= 1
        process.send_signal(sent)
        process.send_signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    if process.poll() is not None:
        return len(steps) <= 1
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return False


def end_others(
    found: Sequence[psutil.Process], steps: Sequence[tuple[signal.Signals, float]]
) -> None:
    """Ends processes that are not our children, with the same steps; SIGKILL at last."""
    left = list(found)
    for sent, seconds in (*steps, (signal.SIGKILL, 5.0)):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sent)
                process.send_signal(signal.SIGCONT)
        _, left = psutil.wait_procs(left, timeout=seconds)
        if not left:
            return


def working_in(folder: Path, name: str) -> list[psutil.Process]:
    """The living processes called `name` whose working directory is `folder`."""
    here = str(folder.resolve())
    return [
        process
        for process in psutil.process_iter(["name", "cwd", "status"])
        if process.info["name"] == name
        and process.info["cwd"] == here
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def started_with(argument: str) -> list[psutil.Process]:
    """The living processes that have exactly this argument on their command line."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if argument in (process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]
