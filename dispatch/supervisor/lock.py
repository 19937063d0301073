"""One `wangge up` at a time for one data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatch.embedded.errors import EmbeddedError


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Holds the data directory; the kernel lets go of it when this process ends, however."""
    file = data_dir / "run" / "up.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            raise EmbeddedError(
                f"Another `wangge up` (pid {holder or 'unknown'}) runs on {data_dir}: end it, or "
                "name another directory with --data-dir."
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(data_dir: Path) -> int | None:
    """The pid of the `wangge up` that runs on `data_dir` now, if one does."""
    try:
        descriptor = os.open(data_dir / "run" / "up.lock", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdecimal() else None
    finally:
        os.close(descriptor)
    return None
