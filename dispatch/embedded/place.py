"""Where an installation's data lie.

Data lie in the data directory itself, if the account that runs the servers can enter it.
Root's `.wangge` and every directory that this account cannot enter lie under `/var/lib/wangge`,
with a link from where the operator looks for them.
"""

import hashlib
from pathlib import Path

from dispatch.embedded.account import Account, can_enter, give
from dispatch.embedded.errors import EmbeddedError

SYSTEM_ROOT = Path("/var/lib/wangge")
DEFAULT_NAME = ".wangge"


def prepare_data_dir(
    data_dir: Path, account: Account | None, *, system_root: Path = SYSTEM_ROOT
) -> Path:
    """Makes `data_dir`, or a link of that name, and returns its absolute path."""
    path = data_dir.absolute()
    try:
        if path.is_symlink() and not path.exists():
            path.readlink().mkdir(parents=True, mode=0o755)
        elif not path.exists():
            _make(path, account, system_root)
        if not path.is_dir():
            raise EmbeddedError(f"{path} is not a directory: name another one with --data-dir.")
        for name in ("run", "log"):
            (path / name).mkdir(exist_ok=True)
    except OSError as error:
        raise EmbeddedError(
            f"The data directory {path} cannot be made: {error.strerror} ({error.filename}). "
            "Free space there, mend its rights, or name another one with --data-dir."
        ) from error
    return path


def server_home(
    data_dir: Path, name: str, account: Account | None, *, system_root: Path = SYSTEM_ROOT
) -> Path:
    """The directory of server `name`, owned by `account`, mode 0700.

    It is `data_dir/name`, or a link of that name when `account` could not get there.
    """
    home = data_dir / name
    if not home.exists():
        if can_enter(account, data_dir.resolve()):
            home.mkdir(mode=0o700)
        else:
            target = home.readlink() if home.is_symlink() else _elsewhere(home, system_root)
            target.mkdir(parents=True, exist_ok=True, mode=0o755)
            if not home.is_symlink():
                home.symlink_to(target)
    home = home.resolve()
    home.chmod(0o700)
    give(account, home)
    return home


def _make(path: Path, account: Account | None, system_root: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    as_link = account is not None and (
        path.name == DEFAULT_NAME or not can_enter(account, path.parent)
    )
    if not as_link:
        path.mkdir(mode=0o755)
        return
    target = _elsewhere(path, system_root)
    target.mkdir(parents=True, exist_ok=True, mode=0o755)
    if path.is_symlink():
        path.unlink()
    path.symlink_to(target)


def _elsewhere(path: Path, system_root: Path) -> Path:
    """A name under `system_root` that is readable and differs for every place."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return system_root / f"{path.parent.name or 'root'}-{digest}"
