"""A calendar that counts one second after another on the wall clock: slow, and easy to believe."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


class WallClock:
    """Knows a calendar document and steps through it minute by minute or second by second."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.zone = ZoneInfo(document["timezone"])
        self.days = {date.fromisoformat(row["day"]): row["kind"] for row in document["days"]}
        self.hours = document["hours"]

    def is_worked(self, moment: datetime) -> bool:
        """Whether the wall clock then shows a time inside the day's working spans."""
        local = moment.astimezone(self.zone)
        day = local.date()
        kind = self.days.get(day, "work" if day.weekday() < 5 else "rest")
        if kind == "rest":
            return False
        shown = local.hour * 3600 + local.minute * 60 + local.second
        return any(start <= shown < end for start, end in self.spans(day))

    def spans(self, day: date) -> list[tuple[int, int]]:
        """Return the day's working spans in seconds."""
        for row in self.hours:
            first = date.fromisoformat(row.get("from", "0001-01-01"))
            last = date.fromisoformat(row.get("to", "9999-12-31"))
            if first <= day <= last:
                return [(self._seconds(a), self._seconds(b)) for a, b in row["spans"]]
        raise AssertionError(f"no hours for {day}")

    @staticmethod
    def _seconds(text: str) -> int:
        hours, minutes = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60

    def worked_seconds(self, start: datetime, end: datetime) -> int:
        """Count the worked seconds, a minute at a step once the minute is full.

        Zones change their offset and spans their state only at full minutes, so every second of a
        full minute is like its first.
        """
        count, cursor = 0, start
        while cursor < end:
            step = timedelta(seconds=60 - cursor.second)
            step = min(step, end - cursor)
            if self.is_worked(cursor):
                count += step // SECOND
            cursor += step
        return count

    def due(self, start: datetime, seconds: int, horizon_days: int = 60) -> datetime | None:
        """Return the earliest second at which that many have been worked."""
        left, cursor = seconds, start
        end = start + timedelta(days=horizon_days)
        while cursor < end:
            step = timedelta(seconds=60 - cursor.second)
            if self.is_worked(cursor):
                if left <= step // SECOND:
                    return (cursor + timedelta(seconds=left)).astimezone(UTC)
                left -= step // SECOND
            cursor += step
        return None
