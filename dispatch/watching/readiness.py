"""Whether a role is alive and able to work, and what is in its way.

Alive is that the loop turned; what the role depends on has no say in that, for a restart would
not bring it back. Ready is that the role can do its work now.
"""

import time
from dataclasses import dataclass

import orjson

from dispatch.process.heartbeat import Heartbeat

SILENT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`reasons` may be there although the role is ready: what only a part of it lacks."""

    ready: bool
    reasons: tuple[str, ...] = ()

    def body(self) -> bytes:
        return orjson.dumps({"ready": self.ready, "reasons": list(self.reasons)})


def silence(heartbeat: Heartbeat) -> str | None:
    """What to say of a loop that stands still; None for one that turns."""
    silent = time.monotonic() - heartbeat.turned
    return f"its loop has not turned for {silent:.0f} s" if silent > SILENT_S else None


def readiness_of(heartbeat: Heartbeat) -> Readiness:
    """Of an engine, a clock or a relay: it turns, has what it needs, and holds its share."""
    waits = heartbeat.waiting_for
    reasons = (silence(heartbeat), f"waits for {waits}" if waits else None, heartbeat.idle_because)
    found = tuple(reason for reason in reasons if reason)
    return Readiness(ready=not found, reasons=found)
