"""How a role hears that it should end: SIGTERM and SIGINT set one event."""

import signal
import threading
from types import FrameType


class Stop(threading.Event):
    """Set once; loops look at it and waits end early."""

    def listen(self) -> "Stop":
        """Sets itself at SIGTERM or SIGINT; to be called in the main thread."""

        def heard(_number: int, _frame: FrameType | None) -> None:
            self.set()

        signal.signal(signal.SIGTERM, heard)
        signal.signal(signal.SIGINT, heard)
        return self
