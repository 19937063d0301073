"""What will go wrong if nobody does anything: told by `wangge status`, `up` and `doctor`."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from dispatch.catalogue.stored import load_calendars
from dispatch.errors import ConfigurationError

NOVEMBER = 11
RETENTION = timedelta(days=14)  # of the reports topic (design decision 5)


def calendar_caution(name: str, known_until: date, today: date) -> str | None:
    """From November on, when the next year's holidays are not loaded (design decision 12)."""
    wanted = today.year + (today.month >= NOVEMBER)
    if known_until >= date(wanted, 12, 31):
        return None
    return (
        f"calendar {name} knows holidays until {known_until}; deadlines beyond are provisional. "
        f"Load the State Council's notice for {wanted} as soon as it is out "
        "(`wangge calendar load FILE`)"
    )


def early_caution(name: str, known_from: date, today: date) -> str | None:
    """When the newest version tells nothing of the present: it took the notice of today away."""
    if known_from <= today:
        return None
    return (
        f"calendar {name} knows holidays only from {known_from} on; deadlines until then are "
        "provisional. Load one that holds this year's notice, too (`wangge calendar load FILE`)"
    )


def lag_caution(oldest: datetime | None, now: datetime) -> str | None:
    """When the oldest report that no engine has used is older than half of what Kafka keeps."""
    if oldest is None or now - oldest <= RETENTION / 2:
        return None
    days = (now - oldest) / timedelta(days=1)
    return (
        f"the oldest report that no engine has used is {days:.1f} days old, and Kafka deletes it "
        f"after {RETENTION.days}: look why the engine does not work, now"
    )


def cautions(
    connection: Connection, calendar: str, oldest: Mapping[int, datetime], now: datetime
) -> Iterator[str]:
    """Every caution that holds at `now` (aware); `oldest` is by partition, of unused reports."""
    try:
        current = load_calendars(connection, calendar).current
    except ConfigurationError as error:
        yield str(error)
    else:
        today = now.date()
        yield from filter(
            None,
            (
                early_caution(current.name, current.known_from, today),
                calendar_caution(current.name, current.known_until, today),
            ),
        )
    told = lag_caution(min(oldest.values(), default=None), now)
    if told is not None:
        yield told
