"""Working calendars as the API shows them: what there is, and a year as a sheet."""

from typing import Any

from workflows.almanac import Day, HourPeriod, hour_periods, hours_text, year_sheet
from workflows.workdays import Workdays


def calendar_row(rules: Workdays, version: int, *, current: bool) -> dict[str, Any]:
    """A calendar as a list shows it: `from` and `until` are the days that notices settle.

    `current` says that clocks which begin now run by it; `years` is how far it reckons.
    """
    first, last = rules.horizon()
    return {
        "code": rules.name,
        "version": version,
        "current": current,
        "timezone": rules.zone.key,
        "workday": rules.rule.value,
        "from": rules.first.isoformat(),
        "until": rules.last.isoformat(),
        "years": {"first": first.year, "last": last.year},
    }


def calendar_sheet(rules: Workdays, version: int, year: int, *, current: bool) -> dict[str, Any]:
    """A year of a calendar, day by day; `CalendarError` for a year that it does not reckon."""
    return {
        **calendar_row(rules, version, current=current),
        "year": year,
        "hours": [_period_row(period) for period in hour_periods(rules, year)],
        "days": [_day_row(day) for day in year_sheet(rules, year)],
    }


def _period_row(period: HourPeriod) -> dict[str, Any]:
    """Days with the same hours; `spans` as a calendar document has them."""
    texts = hours_text(period.spans).split(" ") if period.spans else []
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "spans": [text.split("-") for text in texts],
    }


def _day_row(day: Day) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "kind": day.mark.value,
        "why": day.label.to_json(),
        "provisional": day.provisional,
    }
