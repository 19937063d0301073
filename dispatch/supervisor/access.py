"""`access.json`: how scripts and people reach a running installation."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from dispatch.embedded.secrets import write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The addresses of a running installation, and a token for each role with the demo city."""

    url: str
    database_url: str
    database_admin_url: str
    kafka_servers: str
    tokens: Mapping[str, str] | None = None


def write_access(data_dir: Path, access: Access) -> None:
    """Replaces the file at once, readable for its owner only."""
    content = asdict(access)
    if access.tokens is None:
        del content["tokens"]
    write_private(access_file(data_dir), json.dumps(content, indent=2) + "\n")


def read_access(data_dir: Path) -> Access | None:
    """The addresses of the installation that is running, or None when none is ready."""
    try:
        return Access(**json.loads(access_file(data_dir).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def access_file(data_dir: Path) -> Path:
    return data_dir / "access.json"
