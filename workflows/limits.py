"""Time limits as the tables of cities write them: "4 工作时", "2 紧急工作时", "5 天".

Clock types follow the condition tables of Yuncheng: 紧急工作时 are natural hours that run through
nights and holidays; 工作时 run only inside working hours; a 工作日 is eight working hours (or a
working day's end, as the calendar says); 天, 自然日 and 紧急工作日 are 24 natural hours.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from workflows.errors import LimitError

HOUR_US = 3_600_000_000
WORKDAY_US = 8 * HOUR_US
NATURAL_DAY_US = 24 * HOUR_US


class ClockType(StrEnum):
    """Which seconds a limit counts."""

    URGENT_HOURS = "urgent_hours"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    NATURAL_DAYS = "natural_days"
    UNTIL = "until"
    """No amount: it ends at a moment that somebody chose, and every second counts."""

    @property
    def natural(self) -> bool:
        """Whether every second counts, day and night."""
        return self in (ClockType.URGENT_HOURS, ClockType.NATURAL_DAYS, ClockType.UNTIL)


UNIT_US = {
    ClockType.URGENT_HOURS: HOUR_US,
    ClockType.WORKING_HOURS: HOUR_US,
    ClockType.WORKING_DAYS: WORKDAY_US,
    ClockType.NATURAL_DAYS: NATURAL_DAY_US,
}
UNITS = {
    "紧急工作时": ClockType.URGENT_HOURS,
    "工作时": ClockType.WORKING_HOURS,
    "工作日": ClockType.WORKING_DAYS,
    "天": ClockType.NATURAL_DAYS,
    "自然日": ClockType.NATURAL_DAYS,
    "紧急工作日": ClockType.NATURAL_DAYS,
}
# Ten years day and night; four years of working days. Longer is a slip of the pen.
LONGEST_US = {
    ClockType.URGENT_HOURS: 3_660 * NATURAL_DAY_US,
    ClockType.WORKING_HOURS: 1_000 * WORKDAY_US,
    ClockType.WORKING_DAYS: 1_000 * WORKDAY_US,
    ClockType.NATURAL_DAYS: 3_660 * NATURAL_DAY_US,
}
_TEXT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(\S+)")


URGENT = "紧急"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """An amount of one clock's time.

    `amount` is in hours or days as `clock` says and exact; `text` is what the table has;
    `micros` is the amount in counted microseconds (a working day counts eight hours).
    Raises `LimitError` for an amount that is not positive, too long or finer than a microsecond.
    """

    amount: Fraction
    clock: ClockType
    text: str
    micros: int = field(init=False)

    def __post_init__(self) -> None:
        micros = self.amount * UNIT_US[self.clock]
        if micros <= 0:
            raise LimitError(f"The limit {self.text!r} is not above zero; a limit must be.")
        if micros.denominator != 1:
            raise LimitError(f"The limit {self.text!r} is finer than a microsecond; round it.")
        if micros > LONGEST_US[self.clock]:
            raise LimitError(
                f"The limit {self.text!r} is longer than ten years (or 1,000 working days); "
                "check the number."
            )
        object.__setattr__(self, "micros", int(micros))

    @property
    def urgency(self) -> int:
        """How soon it presses: the smaller, the more urgent. Compares limits of any clock.

        The scale is nominal natural time in fifths of a microsecond. A week has 40 working hours
        of 168, so a working hour stands for 4.2 natural hours and a 工作日 for 33.6: 4 工作时 press
        sooner than 1 天, and 1 天 sooner than 1 工作日.
        """
        return self.micros * (5 if self.clock.natural else 21)

    @property
    def urgent(self) -> bool:
        """Whether the table calls it urgent (紧急)."""
        return URGENT in self.text


@lru_cache(maxsize=4096)
def parse_limit(text: str) -> Limit:
    """Read a limit such as "4 工作时" or "0.25 工作时".

    Raises `LimitError` for zero, negative, malformed and absurdly long limits.
    """
    found = _TEXT.fullmatch(text.strip())
    clock = UNITS.get(found[2]) if found else None
    if found is None or clock is None:
        raise LimitError(
            f"The limit {text!r} cannot be read. Write a number above zero and one of the units "
            f"{' '.join(UNITS)}, for instance '4 工作时'."
        )
    return Limit(amount=Fraction(found[1]), clock=clock, text=text.strip())
