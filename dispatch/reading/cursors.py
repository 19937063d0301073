"""Where a list goes on, as clients carry it: opaque, and safe in an address."""

import base64
from typing import Any

import orjson

from dispatch.errors import DispatchError


class BadCursor(DispatchError):
    """The `after` of a request is not one that a page gave."""


def written(at: Any) -> str:
    """A cursor that `read` gives back."""
    return base64.urlsafe_b64encode(orjson.dumps(at)).decode().rstrip("=")


def read(cursor: str) -> Any:
    """What was written; ValueError for anything else."""
    return orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
