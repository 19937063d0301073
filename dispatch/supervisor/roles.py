"""The roles as processes of their own: what they are called with, and how they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from dispatch.embedded import process
from dispatch.settings import Settings
from dispatch.supervisor.watch import Watched

ROLES = ("api", "engine", "clock", "relay")
SIMULATOR = "simulator"
ORDERLY = ((signal.SIGTERM, 10.0),)


def role_process(name: str, settings: Settings) -> Watched:
    """One of ROLES, called as an operator would call it."""
    return python_process(name, ("serve", name), settings)


def simulator_process(rate: float, settings: Settings) -> Watched:
    """Field work without end, at `rate` reports a second."""
    return python_process(SIMULATOR, ("simulate", "--rate", f"{rate:g}", "--forever"), settings)


def python_process(name: str, arguments: tuple[str, ...], settings: Settings) -> Watched:
    """A `wangge …` command as a watched process; its output goes to `log/<name>.log`."""
    return Watched(
        name=name,
        start=_starter((sys.executable, "-m", "dispatch", *arguments), name, settings),
        stop=lambda child: process.end(child, ORDERLY),
    )


def role_environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """What a role reads: our own environment, and over it what this installation is."""
    return {
        **inherited,
        "WANGGE_DATABASE_URL": settings.database_url,
        "WANGGE_KAFKA_SERVERS": settings.kafka_servers,
        "WANGGE_DATA_DIR": str(settings.data_dir),
        "WANGGE_HOST": settings.host,
        "WANGGE_PORT": str(settings.port),
        "WANGGE_INSPECTION": settings.inspection,
        "WANGGE_METRICS_PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }


def log_file(data_dir: Path, name: str) -> Path:
    return data_dir / "log" / f"{name}.log"


def _starter(
    argv: tuple[str, ...], name: str, settings: Settings
) -> Callable[[], subprocess.Popen[bytes]]:
    def start() -> subprocess.Popen[bytes]:
        return process.spawn(
            argv,
            log=log_file(settings.data_dir, name),
            environment=role_environment(settings, os.environ),
        )

    return start
