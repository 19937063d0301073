"""When conditions hold: seasons with both ends, bands up to their end, over the turn as well."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import SeasonError
from workflows.seasons import Band, Season

DAYS = [datetime(2028, 1, 1) + timedelta(days=n) for n in range(366)]  # noqa: DTZ001  local


def at(day: str, hour: str = "12:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}")


@pytest.mark.parametrize(
    ("season", "inside", "outside"),
    [
        ("03-01/04-30", ["2026-03-01", "2026-04-30"], ["2026-02-28", "2026-05-01"]),
        ("11-01/03-31", ["2026-12-31", "2027-01-01", "2026-11-01"], ["2026-04-01", "2026-10-31"]),
        ("02-29/02-29", ["2028-02-29"], ["2028-02-28", "2028-03-01"]),
        ("06-01/06-01", ["2026-06-01"], ["2026-06-02", "2026-05-31"]),
    ],
)
def test_a_season_holds_on_its_days(season: str, inside: list[str], outside: list[str]) -> None:
    found = Season.from_text(season)
    assert str(found) == season
    assert all(found.holds(at(day)) for day in inside)
    assert not any(found.holds(at(day)) for day in outside)


@pytest.mark.parametrize(
    ("band", "inside", "outside"),
    [
        ("08:00/18:00", ["08:00", "17:59"], ["07:59", "18:00", "00:00"]),
        ("22:00/06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "21:59", "12:00"]),
        ("08:00/24:00", ["08:00", "23:59"], ["00:00", "07:59"]),
    ],
)
def test_a_band_holds_in_its_hours(band: str, inside: list[str], outside: list[str]) -> None:
    found = Band.from_text(band)
    assert all(found.holds(at("2026-09-16", hour)) for hour in inside)
    assert not any(found.holds(at("2026-09-16", hour)) for hour in outside)


@given(st.sampled_from(DAYS), st.sampled_from(DAYS))
def test_a_season_and_the_rest_of_the_year_share_no_day(first: datetime, last: datetime) -> None:
    after, before = last + timedelta(days=1), first - timedelta(days=1)
    season = Season(first=f"{first:%m-%d}", last=f"{last:%m-%d}")
    rest = Season(first=f"{after:%m-%d}", last=f"{before:%m-%d}")
    whole = (last - first).days in (365, -1)
    assert all(whole or season.holds(day) != rest.holds(day) for day in DAYS)


@pytest.mark.parametrize(
    "text",
    ["", "03-01", "03-01/", "/03-01", "3-1/4-1", "02-30/03-01", "13-01/14-01", "00-10/01-01",
     "03-01/04-31", "03-01/04-30/05-01", "０３-01/04-01"],
)  # fmt: skip
def test_what_is_no_season_is_refused(text: str) -> None:
    with pytest.raises(SeasonError):
        Season.from_text(text)


@pytest.mark.parametrize(
    "text", ["", "08:00", "8:00/9:00", "08:00/08:00", "08:60/09:00", "24:30/08:00", "24:00/08:00",
             "00:00/24:01", "-1:00/08:00"],
)  # fmt: skip
def test_what_is_no_band_is_refused(text: str) -> None:
    with pytest.raises(SeasonError):
        Band.from_text(text)


SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")


@given(MINUTES, MINUTES | st.just("24:00"), st.integers(0, 3 * 86_400))
def test_a_band_ends_after_a_moment_when_a_walk_minute_by_minute_leaves_it(
    first: str, last: str, second: int
) -> None:
    if first == last:
        return
    band = Band(first=first, last=last)
    moment = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=second)
    walk = moment
    while band.holds(walk.astimezone(SHANGHAI)) and walk - moment < timedelta(days=2):
        walk = walk.replace(second=0) + timedelta(minutes=1)
    if first == "00:00" and last == "24:00":
        return
    assert band.ends_after(moment, SHANGHAI) == (None if walk == moment else walk)


def test_a_band_that_ends_at_midnight_ends_with_the_day() -> None:
    moment = datetime(2026, 12, 31, 15, 30, tzinfo=UTC)
    end = Band.from_text("22:00/24:00").ends_after(moment, SHANGHAI)
    assert end == datetime(2026, 12, 31, 16, tzinfo=UTC)
