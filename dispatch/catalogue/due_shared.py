"""Due moments of lines on several processors: pieces go to workers, answers keep their order."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from itertools import chain, islice

from dispatch.catalogue.due import CalendarShelf, LineReckoner, in_chunks

AHEAD = 3
"""Pieces under way for each worker; so much is kept in memory, however many lines there are."""


def reckon_shared(lines: Iterable[bytes], workers: int) -> Iterator[bytes]:
    """What `reckon_lines` answers, in the same order.

    One piece, or one worker, is reckoned here: to start others would take longer.
    """
    chunks = in_chunks(lines)
    first = list(islice(chunks, 2))
    if len(first) < 2 or workers < 2:
        for chunk in chain(first, chunks):
            yield from _reckoner().reckon(chunk)
        return
    with ProcessPoolExecutor(workers) as pool:
        under_way: deque[Future[bytes]] = deque()
        for chunk in chain(first, chunks):
            under_way.append(pool.submit(_reckon, chunk))
            if len(under_way) >= workers * AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _reckon(lines: list[bytes]) -> bytes:
    """A piece in a worker; its answers in one, which passes between processes the fastest."""
    return b"".join(_reckoner().reckon(lines))


@cache
def _reckoner() -> LineReckoner:
    return LineReckoner(CalendarShelf().get)
