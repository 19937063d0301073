"""Passwords of the private PostgreSQL: made once, kept in a file that only we can read."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from dispatch.embedded.errors import EmbeddedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """One password for each role of the private database."""

    wangge_owner: str
    wangge_service: str
    wangge_auditor: str


def kept_passwords(file: Path, *, may_make: bool) -> Passwords:
    """Reads the passwords; makes and keeps new ones when there are none and `may_make`."""
    try:
        return Passwords(**json.loads(file.read_text()))
    except FileNotFoundError:
        if not may_make:
            raise EmbeddedError(
                f"{file} is missing, and with it the passwords of the database beside it: "
                "put it back from a backup, or start anew in another --data-dir."
            ) from None
    except (ValueError, TypeError) as error:
        raise EmbeddedError(f"{file} is damaged ({error}): put it back from a backup.") from error
    made = Passwords(**{name: secrets.token_urlsafe(24) for name in Passwords.__slots__})
    write_private(file, json.dumps(asdict(made), indent=2) + "\n")
    return made


def write_private(file: Path, content: str) -> None:
    """Replaces `file` at once and for good (mode 0600): readers see the old or the new content."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    fresh.replace(file)
