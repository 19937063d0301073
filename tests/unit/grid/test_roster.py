"""Who is on duty, against a count minute by minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.geojson import Fault
from grid.files.table import FileTable
from grid.importing.judging import Ground, judge_rows
from grid.importing.references import Known
from grid.importing.registers import DEPARTMENTS, ROSTER
from grid.roster import DAYS, Roster, Turn, turn_end, turn_problem, who_is_reached

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 30, tzinfo=SHANGHAI)


def turn(account: str, starts: str, ends: str, department: str = "C") -> Turn:
    return Turn(department=department, account=account, role="officer", starts=starts, ends=ends)


def roster(*turns: Turn) -> Roster:
    return Roster(turns, SHANGHAI)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_a_dated_turn_holds_from_its_start_until_before_its_end() -> None:
    one = roster(turn("a", "2026-12-01 18:00", "2026-12-02 08:00"))
    found = [
        who_is_reached(one, "C", at(f"2026-12-{when}"))
        for when in ("01T17:59:59", "01T18:00", "02T07:59:59", "02T08:00")
    ]
    assert found == [(), ("a",), ("a",), ()]
    assert who_is_reached(one, "other", at("2026-12-01T19:00")) == ()


def test_a_weekly_turn_passes_the_end_of_the_week_in_local_time() -> None:
    one = roster(
        turn("a", "sat 18:00", "mon 08:00"), turn("b", "2026-12-06 00:00", "2027-01-01 00:00")
    )
    assert who_is_reached(one, "C", at("2026-12-07T07:59")) == ("a", "b")
    assert who_is_reached(one, "C", at("2026-12-07T08:00")) == ("b",)
    assert who_is_reached(one, "C", datetime(2026, 12, 5, 10, tzinfo=UTC)) == ("a",)


def test_a_weekly_turn_whose_ends_are_the_same_lasts_all_week() -> None:
    one = roster(turn("a", "wed 09:00", "wed 09:00"))
    assert one.gaps("C", MONDAY, MONDAY + timedelta(days=20)) == ()


def test_gaps_are_told_in_local_time_and_overlaps_are_no_gaps() -> None:
    one = roster(
        turn("a", "mon 00:00", "fri 18:00"),
        turn("b", "mon 08:00", "tue 08:00"),
        turn("c", "2026-12-05 00:00", "2026-12-05 12:00"),
    )
    gaps = one.gaps("C", MONDAY, MONDAY + timedelta(days=7))
    assert [(f"{a:%d %H:%M}", f"{b:%d %H:%M}") for a, b in gaps] == [
        ("04 18:00", "05 00:00"),
        ("05 12:00", "07 00:00"),
    ]
    assert len(one.gaps("nobody", MONDAY, MONDAY + timedelta(days=7))) == 1


HOURS = st.integers(0, 7 * 24 - 1)
ACCOUNTS = st.sampled_from("abc")
TURNS = st.lists(
    st.tuples(st.booleans(), ACCOUNTS, HOURS, HOURS).filter(lambda t: t[0] or t[2] < t[3]),
    max_size=6,
)


def hour(weekly: bool, number: int) -> str:
    if weekly:
        return f"{DAYS[number // 24]} {number % 24:02d}:00"
    return f"{MONDAY + timedelta(hours=number):%Y-%m-%d %H:%M}"


@given(TURNS, st.integers(0, 14 * 24 - 1))
def test_who_is_on_duty_and_when_nobody_is_as_counted_hour_by_hour(
    turns: list[tuple[bool, str, int, int]], span: int
) -> None:
    one = roster(*(turn(who, hour(w, a), hour(w, b)) for w, who, a, b in turns))
    free = set()
    for number in range(span):
        week = number % (7 * 24)
        on = {
            who
            for weekly, who, a, b in turns
            if (a <= number < b if not weekly else (a <= week < b if a < b else not b <= week < a))
        }
        moment = MONDAY + timedelta(hours=number, minutes=number % 60)
        assert who_is_reached(one, "C", moment) == tuple(sorted(on))
        if not on:
            free.add(number)
    told = [
        number
        for start, end in one.gaps("C", MONDAY, MONDAY + timedelta(hours=span))
        for number in range(span)
        if start <= (MONDAY + timedelta(hours=number)).replace(tzinfo=None) < end
    ]
    assert sorted(told) == sorted(free)
    assert len(told) == len(free)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-12-01T8:05", "2026-12-01 08:05"),
        ("2026-12-01 18:00:00", "2026-12-01 18:00"),
        ("周五 18:00", "fri 18:00"),
        ("星期天 00:00", "sun 00:00"),
        ("Fri 18:00", "fri 18:00"),
    ],
)
def test_an_end_is_kept_in_one_way(written: str, kept: str) -> None:
    assert turn_end(written) == kept
    assert turn_end(kept) == kept


@pytest.mark.parametrize(
    "written", ["", "fri", "18:00", "2026-13-01 08:00", "fri 25:00", "八日 08:00"]
)
def test_what_is_no_end_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        turn_end(written)


def test_two_ends_must_be_of_one_kind_and_in_order() -> None:
    assert turn_problem("fri 18:00", "mon 08:00") is None
    assert "two dates" in str(turn_problem("fri 18:00", "2026-12-01 08:00"))
    assert "before it begins" in str(turn_problem("2026-12-01 08:00", "2026-12-01 08:00"))


def judged(row: dict[str, object]) -> list[Fault]:
    """The refusals of one row of the roster."""
    table = FileTable(name="roster", columns=tuple(row), rows=[tuple(row.values())], numbers=[2])
    known = Known(areas={}, departments=frozenset({"C"}))
    return judge_rows(ROSTER, table, Ground(held={}, known=known), lambda *_: None).refused


def test_rows_of_the_roster_are_judged() -> None:
    good: dict[str, object] = {
        "部门": "C", "账号": "u1", "职责": "leader", "开始": datetime(2026, 12, 1, 18, tzinfo=UTC),
        "结束": "2026-12-02 08:00",
    }  # fmt: skip
    assert judged(good) == []
    wrong = {
        "部门": "X", "账号": "a b", "职责": "boss", "开始": "soon", "结束": "周一 08:00",
    }  # fmt: skip
    fields = {
        "部门": "department",
        "账号": "account",
        "职责": "role",
        "开始": "starts",
        "结束": "ends",
    }
    for name, value in wrong.items():
        (fault,) = judged({**good, name: value})
        assert fault.field == fields[name], fault


@pytest.mark.parametrize(
    ("cell", "kept"), [("22:00-7:00", "22:00/07:00"), ("13:00/14:30", "13:00/14:30")]
)
def test_quiet_hours_are_kept_in_one_way(cell: str, kept: str) -> None:
    (column,) = [one for one in DEPARTMENTS.columns if one.name == "quiet"]
    assert column.parse(cell) == kept


@pytest.mark.parametrize("cell", ["night", "22:00", "08:00/08:00", "22:00/25:00", "22:00/24:00"])
def test_what_are_no_quiet_hours_is_refused(cell: str) -> None:
    (column,) = [one for one in DEPARTMENTS.columns if one.name == "quiet"]
    with pytest.raises(ValueError, match="two hours of the day"):
        column.parse(cell)
