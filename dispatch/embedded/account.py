"""The system account that private servers run as.

PostgreSQL refuses to run as root, so when we are root the servers run as `postgres`, the
account that Debian's package makes. Otherwise they run as whoever started us.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from dispatch.embedded.errors import MissingSoftwareError

SERVER_ACCOUNT = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Another user than ourselves, by name and numbers."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account that servers run as, or None when it is our own."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError as error:
        raise MissingSoftwareError(
            f"There is no system account “{SERVER_ACCOUNT}”, and PostgreSQL does not run as root: "
            "run `make setup`, which installs PostgreSQL and with it that account."
        ) from error
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def can_enter(account: Account | None, folder: Path) -> bool:
    """Whether `account` may pass through `folder` (which need not exist) and all above it."""
    if account is None:
        return True
    path = folder.absolute()
    return all(_may_search(account, step.stat()) for step in (path, *path.parents) if step.exists())


def can_read(account: Account | None, file: Path) -> bool:
    """Whether `account` may read `file`, its folders included."""
    if account is None:
        return os.access(file, os.R_OK)
    if not can_enter(account, file.parent.resolve()):
        return False
    return bool(_bits(account, file.stat()) & 0o4)


def give(account: Account | None, path: Path) -> None:
    """Makes `account` the owner of `path`; nothing to do when it is our own."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _may_search(account: Account, found: os.stat_result) -> bool:
    return not stat.S_ISDIR(found.st_mode) or bool(_bits(account, found) & 0o1)


def _bits(account: Account, found: os.stat_result) -> int:
    """The permission bits that count for `account`: owner's, group's or everybody's."""
    if found.st_uid == account.uid:
        return found.st_mode >> 6 & 0o7
    if found.st_gid == account.gid:
        return found.st_mode >> 3 & 0o7
    return found.st_mode & 0o7
