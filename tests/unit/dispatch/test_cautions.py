"""What status warns of, and when."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dispatch.watching.cautions import calendar_caution, early_caution, lag_caution

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known_until", "today", "warned"),
    [
        (date(2026, 12, 31), date(2026, 10, 31), False),
        (date(2026, 12, 31), date(2026, 11, 1), True),
        (date(2027, 12, 31), date(2026, 11, 1), False),
        (date(2026, 12, 31), date(2027, 1, 1), True),
    ],
)
def test_the_next_year_s_holidays_are_missed_from_november_on(
    known_until: date, today: date, warned: bool
) -> None:
    told = calendar_caution("yongzhou", known_until, today)
    assert (told is not None) is warned
    if told is not None:
        assert "2027" in told


def test_a_calendar_that_begins_later_than_today_is_warned_of() -> None:
    assert early_caution("yongzhou", date(2026, 1, 1), NOW.date()) is None
    told = early_caution("yongzhou", date(2027, 1, 1), NOW.date())
    assert told is not None
    assert "only from 2027-01-01 on" in told


def test_a_lag_of_more_than_half_the_retention_is_warned_of() -> None:
    assert lag_caution(None, NOW) is None
    assert lag_caution(NOW - timedelta(days=7), NOW) is None
    told = lag_caution(NOW - timedelta(days=7, hours=12), NOW)
    assert told is not None
    assert "7.5 days" in told
