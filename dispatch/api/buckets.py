"""How much one caller may send at once and in the long run."""

import math
import time
from collections import OrderedDict

from dispatch.api.problems import Problem

Rate = tuple[float, float]
"""How much at once, and refill a second."""


class Buckets:
    """Token buckets by caller: `allowance` at once, refilled evenly (429 when empty).

    For the event loop's thread alone: two threads could each find a bucket full.
    """

    MOST = 50_000

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, cost: int, allowance: float, per_second: float) -> float:
        """Takes `cost`; answers 0, or the seconds to wait when there is not enough."""
        now = time.monotonic()
        level, since = self._levels.pop(caller, (allowance, now))
        level = min(allowance, level + (now - since) * per_second)
        missing = min(cost, allowance) - level
        self._levels[caller] = (level if missing > 0 else level - cost, now)
        if len(self._levels) > self.MOST:
            self._levels.popitem(last=False)
        return max(0.0, missing / per_second)

    def charge(self, caller: str, cost: int, rate: Rate, refusal: str) -> None:
        """Takes `cost`, or raises 429 with the seconds to wait when there is not enough."""
        wait = self.take(caller, cost, *rate)
        if wait > 0:
            raise Problem(429, "rate", refusal, headers={"Retry-After": str(math.ceil(wait))})
