"""What `wangge up` writes down about its processes, and what `wangge status` makes of it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from dispatch.embedded.secrets import write_private
from dispatch.supervisor.roles import ROLES
from dispatch.supervisor.watch import Watched

STARTING = "start"
# Start times from the kernel are in hundredths of a second.
SAME_START_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """One line of `processes` in `wangge status --json`."""

    name: str
    pid: int | None
    since: str | None
    restarts: int
    waiting_for: str | None = None


def write_record(data_dir: Path, watched: Iterable[Watched]) -> None:
    """Replaces the record at once."""
    rows = [
        {
            "name": process.name,
            "pid": process.pid,
            "born": _born(process.pid),
            "since": process.since.isoformat() if process.since else None,
            "restarts": process.restarts,
        }
        for process in watched
    ]
    write_private(_file(data_dir), json.dumps(rows))


def read_record(data_dir: Path) -> list[ProcessRow]:
    """The recorded processes; the pid is None for one that does not live any more."""
    try:
        rows = json.loads(_file(data_dir).read_text())
    except (FileNotFoundError, ValueError):
        return []
    return [_row(data_dir, row) for row in rows]


def as_json(rows: Iterable[ProcessRow]) -> list[dict[str, object]]:
    return [asdict(row) for row in rows]


def _row(data_dir: Path, row: dict[str, object]) -> ProcessRow:
    pid, born = row["pid"], row["born"]
    alive = isinstance(pid, int) and isinstance(born, float) and _lives(pid, born)
    living = pid if alive and isinstance(pid, int) else None
    return ProcessRow(
        name=str(row["name"]),
        pid=living,
        since=str(row["since"]) if alive else None,
        restarts=int(str(row["restarts"])),
        waiting_for=_waiting_for(data_dir, str(row["name"]), living),
    )


def _waiting_for(data_dir: Path, name: str, pid: int | None) -> str | None:
    """What the role itself said last, unless another process said so before it."""
    if pid is None or name not in ROLES:
        return None
    try:
        said = json.loads((data_dir / "run" / f"{name}.json").read_text())
        ours, waiting_for = said["pid"] == pid, said["waiting_for"]
    except (OSError, ValueError, KeyError, TypeError):
        return STARTING
    if not ours:
        return STARTING
    return str(waiting_for) if waiting_for else None


def _born(pid: int | None) -> float | None:
    if pid is None:
        return None
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _lives(pid: int, born: float) -> bool:
    """Whether `pid` is still the process that was recorded, and not a zombie."""
    try:
        found = psutil.Process(pid)
        same = abs(found.create_time() - born) <= SAME_START_S
        return same and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _file(data_dir: Path) -> Path:
    return data_dir / "run" / "up.json"
