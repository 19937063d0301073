"""Who is reached when a rung tells somebody: duty roster, working hours, quiet hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.cases.case import Case
from dispatch.cases.event_parts import Reached
from dispatch.cases.reaching import Reach
from dispatch.cases.rebuilding import rebuild
from grid.departments import Department, DepartmentKind
from grid.roster import Roster, Turn
from tests.unit.dispatch.test_rebuilding import OPENED, history
from tests.unit.workflows.recording import calendars
from workflows.definition import Tell

SHANGHAI = ZoneInfo("Asia/Shanghai")
KINDS = {"lights": DepartmentKind.CITY_DEPARTMENT}
CITY, DISTRICT = "431100", "431103"
LIGHTS, DISTRICT_CENTRE, CITY_CENTRE = "lights", f"{DISTRICT}-centre", f"{CITY}-centre"
AREAS = {LIGHTS: CITY, DISTRICT_CENTRE: DISTRICT, CITY_CENTRE: CITY}
TURNS = (
    (CITY_CENTRE, "city-night", "mon 18:00", "tue 08:00"),
    (CITY_CENTRE, "city-day", "tue 08:00", "tue 18:00"),
    (DISTRICT_CENTRE, "district", "mon 00:00", "mon 00:00"),
)
MONDAY = "2026-11-30"


def reach(*, quiet: str = "") -> Reach:
    departments = {
        code: Department(
            code=code,
            name_zh=code,
            name_en=code,
            area=area,
            kind=KINDS.get(code, DepartmentKind.CENTRE),
            quiet=quiet,
        )
        for code, area in AREAS.items()
    }
    turns = [
        Turn(department=code, account=who, role="officer", starts=starts, ends=ends)
        for code, who, starts, ends in TURNS
    ]
    return Reach(departments, Roster(turns, SHANGHAI), calendars(), SHANGHAI)


@pytest.fixture(scope="module")
def case() -> Case:
    return replace(rebuild(history(OPENED)).case, city=CITY, district=DISTRICT)


def at(hour: str, day: str = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=SHANGHAI).astimezone(UTC)


def test_both_centres_are_reached_with_who_is_on_duty(case: Case) -> None:
    told = reach().told(Tell.BOTH_CENTRES, case, LIGHTS, at("19:00"), urgent=True)
    assert told == [
        {"department": DISTRICT_CENTRE, "accounts": ["district"], "post": True},
        {"department": CITY_CENTRE, "accounts": ["city-night"], "post": True},
    ]
    for one in told:
        Reached.model_validate(one)


@pytest.mark.parametrize(
    ("tell", "holder", "party"),
    [
        (Tell.HOLDER, LIGHTS, LIGHTS),
        (Tell.DEPARTMENT, LIGHTS, LIGHTS),
        (Tell.HOLDER, None, DISTRICT_CENTRE),
        (Tell.DISTRICT_CENTRE, LIGHTS, DISTRICT_CENTRE),
        (Tell.CITY_CENTRE, LIGHTS, CITY_CENTRE),
    ],
)
def test_who_is_told(case: Case, tell: Tell, holder: str | None, party: str) -> None:
    told = reach().told(tell, case, holder, at("10:00"), urgent=False)
    assert [(one["department"], one["post"]) for one in told] == [(party, False)]


def test_nobody_is_told_where_no_centre_is_registered(case: Case) -> None:
    elsewhere = replace(case, district="431199", city="431199")
    assert reach().told(Tell.BOTH_CENTRES, elsewhere, None, at("10:00"), urgent=True) == []


def test_what_is_not_urgent_waits_for_the_end_of_quiet_hours_and_its_shift(case: Case) -> None:
    quiet = reach(quiet="22:00/08:30")
    (told,) = quiet.told(Tell.CITY_CENTRE, case, None, at("23:00"), urgent=False)
    assert told == {
        "department": CITY_CENTRE,
        "accounts": ["city-day"],
        "post": False,
        "notify_at": "2026-12-01T00:30:00.000000Z",
    }
    Reached.model_validate(told)
    (told,) = quiet.told(Tell.CITY_CENTRE, case, None, at("23:00"), urgent=True)
    assert (told["accounts"], "notify_at" in told) == (["city-night"], False)


def naive_notify(moment: datetime, first: int, last: int) -> datetime:
    """The first minute from the moment on that is not quiet."""
    while True:
        local = moment.astimezone(SHANGHAI)
        hour = local.hour
        if not (first <= hour < last if first < last else hour >= first or hour < last):
            return moment
        moment = moment.replace(second=0) + timedelta(minutes=1)


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 7 * 86_400), st.booleans())
def test_quiet_hours_against_a_walk_minute_by_minute(
    first: int, last: int, second: int, urgent: bool
) -> None:
    if first == last:
        return
    case = replace(rebuild(history(OPENED)).case, city=CITY, district=DISTRICT)
    now = at("00:00") + timedelta(seconds=second)
    (told,) = reach(quiet=f"{first:02d}:00/{last:02d}:00").told(
        Tell.DISTRICT_CENTRE, case, None, now, urgent=urgent
    )
    moment = now if urgent else naive_notify(now, first, last)
    found: Any = told.get("notify_at")
    assert (datetime.fromisoformat(found) if found else now) == moment


def test_quiet_hours_that_cannot_be_read_are_none(case: Case) -> None:
    (told,) = reach(quiet="always").told(Tell.CITY_CENTRE, case, None, at("23:00"), urgent=False)
    assert "notify_at" not in told
