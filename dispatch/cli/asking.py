"""What a command asks of an installation, where there is one."""

from collections.abc import Callable
from typing import TypeVar

import typer
from sqlalchemy import Connection

from dispatch.errors import Unavailable
from dispatch.installed import is_named
from dispatch.settings import Settings
from dispatch.storage.database import connected, transaction

T = TypeVar("T")


def asked(settings: Settings, role: str, read: Callable[[Connection], T]) -> T | None:
    """What `read` finds in the installation; None where none is named.

    None also where it does not answer, which is said on the screen.
    """
    if not is_named(settings):
        return None
    try:
        with connected(settings.database_url, role=role) as database, transaction(database) as c:
            return read(c)
    except Unavailable as error:
        typer.secho(f"what is stored cannot be seen: {error}", err=True, fg="yellow")
        return None
