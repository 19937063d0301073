"""Where the servers of tests keep their data."""

import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  the machine's, for data that nobody keeps
ROOM = 4 << 30


def passing_folder() -> Path:
    """A new folder for what need not outlive the test, in memory where there is room: a database
    is copied there in a tenth of the time. Other accounts may enter it (pytest's own is closed).
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return _made(MEMORY if roomy else None)


def lasting_folder() -> Path:
    """A new folder on the disk, for servers that must not lose what they have acknowledged."""
    return _made(None)


def _made(where: Path | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="wangge-test-", dir=where))
    folder.chmod(0o755)
    return folder
