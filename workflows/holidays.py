"""China's rest days and make-up workdays as a calendar document.

Loaded years come from the State Council's yearly notices as the package chinesecalendar gives
them. Later years, until their notice is out, hold the statutory holidays alone: the 13 days of the
State Council's order 795 (in force 2025-01-01), with no bridge days and no make-up workdays. Run as
a program (`python -m workflows.holidays`) to write the document to standard output.
"""

import json
import sys
from datetime import date, timedelta
from typing import Any

NAMES = {
    "New Year's Day": ("元旦", "New Year's Day"),
    "Spring Festival": ("春节", "Spring Festival"),
    "Tomb-sweeping Day": ("清明节", "Qingming"),
    "Labour Day": ("劳动节", "Labour Day"),
    "Dragon Boat Festival": ("端午节", "Dragon Boat Festival"),
    "National Day": ("国庆节", "National Day"),
    "Mid-autumn Festival": ("中秋节", "Mid-Autumn Festival"),
}
# First day of the first lunar month, Qingming, Dragon Boat and Mid-Autumn of each year.
LUNAR = {
    2027: ("02-06", "04-05", "06-09", "09-15"),
    2028: ("01-26", "04-04", "05-28", "10-03"),
    2029: ("02-13", "04-04", "06-16", "09-22"),
    2030: ("02-03", "04-05", "06-05", "09-12"),
    2031: ("01-23", "04-05", "06-24", "10-01"),
    2032: ("02-11", "04-04", "06-12", "09-19"),
    2033: ("01-31", "04-04", "06-01", "09-08"),
    2034: ("02-19", "04-05", "06-20", "09-27"),
    2035: ("02-08", "04-05", "06-10", "09-16"),
    2036: ("01-28", "04-04", "05-30", "10-04"),
}


def statutory_days(year: int) -> list[dict[str, Any]]:
    """Return a noticed year's rest days and make-up workdays, as rows of a calendar document.

    Raises NotImplementedError for a year that chinesecalendar does not hold.
    """
    from chinese_calendar import get_holiday_detail, is_workday

    rows = []
    day = date(year, 1, 1)
    while day.year == year:
        _, holiday = get_holiday_detail(day)
        works = is_workday(day)
        if holiday is not None and not works:
            rows.append(_row(day, "rest", NAMES.get(holiday, (holiday, holiday))))
        elif works != (day.weekday() < 5):
            rows.append({"day": day.isoformat(), "kind": "work" if works else "rest"})
        day += timedelta(days=1)
    return rows


def provisional_days(year: int) -> list[dict[str, Any]]:
    """Return the statutory holidays of a year without notice; KeyError beyond the table."""
    spring, qingming, boat, autumn = (date.fromisoformat(f"{year}-{d}") for d in LUNAR[year])
    holidays = {
        "New Year's Day": [date(year, 1, 1)],
        "Spring Festival": [spring + timedelta(days=i) for i in range(-1, 3)],
        "Tomb-sweeping Day": [qingming],
        "Labour Day": [date(year, 5, 1), date(year, 5, 2)],
        "Dragon Boat Festival": [boat],
        "Mid-autumn Festival": [autumn],
        "National Day": [date(year, 10, 1), date(year, 10, 2), date(year, 10, 3)],
    }
    named = {day: name for name, days in holidays.items() for day in days}
    return [_row(day, "rest", NAMES[named[day]]) for day in sorted(named)]


def china_calendar(first: int, last: int) -> dict[str, Any]:
    """Return the document of the standard calendar with the notices of the years first..last."""
    noticed = [row for year in range(first, last + 1) for row in statutory_days(year)]
    later = [row for year in sorted(LUNAR) if year > last for row in provisional_days(year)]
    return {
        "name": "cn",
        "source": (
            f"{first}-{last}: notices of the State Council, from the package chinesecalendar. "
            "Later days: statutory holidays of State Council order 795 (2024), provisional."
        ),
        "timezone": "Asia/Shanghai",
        "workday": "sliding",
        "from": f"{first}-01-01",
        "until": f"{last}-12-31",
        "hours": [{"spans": [["08:00", "12:00"], ["14:00", "18:00"]]}],
        "days": noticed + later,
    }


def _row(day: date, kind: str, name: tuple[str, str]) -> dict[str, Any]:
    return {"day": day.isoformat(), "kind": kind, "name": {"zh": name[0], "en": name[1]}}


def as_text(document: dict[str, Any]) -> str:
    """Return a calendar document as JSON with one day a line."""
    head = {name: value for name, value in document.items() if name != "days"}
    days = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in document["days"])
    opened = json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}")
    return f'{opened},\n  "days": [\n    {days}\n  ]\n}}\n'


if __name__ == "__main__":
    sys.stdout.write(as_text(china_calendar(2025, 2026)))
