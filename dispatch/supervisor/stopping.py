"""SIGINT, SIGTERM and SIGHUP: each asks for one orderly end."""

import signal
from types import FrameType, TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked us to end while we were still starting."""


class StopSignals:
    """Turns the signals into a request; while starting, into an exception at once."""

    def __init__(self) -> None:
        self.requested = False
        self._interrupt = True
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def only_note(self) -> None:
        """From now on a signal only sets `requested`."""
        self._interrupt = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        first = not self.requested
        self.requested = True
        if first and self._interrupt:
            raise StopRequested
