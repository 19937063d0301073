"""A command's work on many cases, batch by batch, beside engines and desks."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from dispatch.storage.database import is_passing

BATCH = 500
ATTEMPTS = 5

Progress = Callable[[str, int, int], None]
Done = TypeVar("Done")


def in_batches(
    ids: Sequence[UUID], what: str, progress: Progress, work: Callable[[Sequence[UUID]], Done]
) -> Iterator[Done]:
    """Does the work on each batch of ids, patiently, and gives what comes of it."""
    for done, chunk in enumerate(chunks(ids)):
        progress(what, done * BATCH, len(ids))
        yield _patiently(partial(work, chunk))
    progress(what, max(1, len(ids)), max(1, len(ids)))


def chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """The ids in batches."""
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _patiently(work: Callable[[], Done]) -> Done:
    """Does a batch again after a deadlock or a short loss of the server."""
    for attempt in range(ATTEMPTS):
        try:
            return work()
        except DBAPIError as error:
            if attempt == ATTEMPTS - 1 or not is_passing(error):
                raise
            time.sleep(0.2 * (attempt + 1))
    raise AssertionError("the last attempt returns or raises")
