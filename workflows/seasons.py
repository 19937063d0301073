"""When in the year and when in the day a filing condition holds. Local time throughout."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from workflows.errors import SeasonError

_DAY = re.compile(r"([0-9]{2})-([0-9]{2})", flags=re.ASCII)
_HOUR = re.compile(r"([0-9]{2}):([0-9]{2})", flags=re.ASCII)
_LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_END = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Days of every year, both ends included; "11-01" to "03-31" passes the turn of the year.

    Raises `SeasonError` for what is no month and day.
    """

    first: str
    last: str

    def __post_init__(self) -> None:
        for text in (self.first, self.last):
            month_day(text)

    @classmethod
    def from_text(cls, text: str) -> "Season":
        """Read "11-01/03-31"; raises `SeasonError`."""
        first, _, last = text.partition("/")
        return cls(first=first, last=last)

    def holds(self, local: datetime) -> bool:
        """Whether a local moment lies in the season."""
        day = f"{local.month:02d}-{local.day:02d}"
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last

    def __str__(self) -> str:
        return f"{self.first}/{self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Hours of every day, from `first` on and before `last`; "22:00" to "06:00" passes midnight.

    Raises `SeasonError` for what is no time of day, and for a band without length.
    """

    first: str
    last: str

    def __post_init__(self) -> None:
        if day_minute(self.first) == day_minute(self.last) or self.first == "24:00":
            raise SeasonError(
                f"The band {self.first} to {self.last} has no length; leave both out for a whole "
                "day."
            )

    @classmethod
    def from_text(cls, text: str) -> "Band":
        """Read "22:00/06:00"; raises `SeasonError`."""
        first, _, last = text.partition("/")
        return cls(first=first, last=last)

    def holds(self, local: datetime) -> bool:
        """Whether a local moment lies in the band."""
        now = local.hour * 60 + local.minute
        first, last = day_minute(self.first), day_minute(self.last)
        if first < last:
            return first <= now < last
        return now >= first or now < last

    def ends_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """When the band ends in which an aware moment lies, in UTC; None where it lies in none."""
        local = moment.astimezone(zone)
        if not self.holds(local):
            return None
        minute = day_minute(self.last)
        later = minute <= local.hour * 60 + local.minute
        day = local.date() + timedelta(days=later + minute // _DAY_END)
        hour = time(minute % _DAY_END // 60, minute % 60)
        end = datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
        return max(end, moment.astimezone(UTC))

    def __str__(self) -> str:
        return f"{self.first}/{self.last}"


def month_day(text: str) -> tuple[int, int]:
    """Month and day of "03-01"; raises `SeasonError`."""
    found = _DAY.fullmatch(text)
    month, day = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= month <= 12 or not 1 <= day <= _LONGEST[month]:
        raise SeasonError(f"{text!r} is no day of a year; write month and day, such as 03-01.")
    return month, day


def day_minute(text: str) -> int:
    """The minute of the day of "08:00"; 24:00 is its end. Raises `SeasonError`."""
    found = _HOUR.fullmatch(text)
    minute = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1
    if not 0 <= minute <= _DAY_END:
        raise SeasonError(f"{text!r} is no time of day; write hour and minute, such as 08:00.")
    return minute
