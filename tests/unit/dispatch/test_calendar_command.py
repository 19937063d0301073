"""`wangge calendar`: what needs no server, and what is said of wrong files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_wangge

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "data" / "standards" / "calendar-cn-2025-2026.json"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No installation is near."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, width: int = 80) -> Any:
    return run_wangge("calendar", *arguments, width=width)


def test_the_shipped_calendars_are_listed() -> None:
    (row,) = json.loads(run("list", "--json").stdout)
    assert (row["name"], row["where"], row["until"]) == ("cn", "shipped", "2026-12-31")
    assert "2025-01-01 to 2026-12-31" in run("list").stdout


@pytest.mark.parametrize("named", ["cn", str(SHIPPED)])
def test_a_year_is_shown_with_its_holidays_in_both_languages(named: str) -> None:
    shown = run("show", named, "--year", "2026").stdout
    assert "十二月 December" in shown
    assert "10-01 to 10-07  国庆节 National Day" in shown
    assert " 10班" in shown
    assert "248 workdays, 117 days of rest, 0 provisional" in shown


def test_provisional_days_are_told_apart() -> None:
    shown = run("show", "cn", "--year", "2027").stdout
    assert "~ 1休~ 2" in shown
    assert "365 provisional" in shown


@pytest.mark.parametrize(("width", "months"), [(40, 1), (80, 2), (120, 3)])
def test_months_stand_beside_each_other_as_the_terminal_is_wide(width: int, months: int) -> None:
    shown = run("show", "cn", "--year", "2026", width=width).stdout
    (first,) = [line for line in shown.splitlines() if "January" in line]
    assert sum(name in first for name in ("January", "February", "March")) == months


def test_a_sound_file_is_said_to_be_and_a_wrong_one_with_its_place(tmp_path: Path) -> None:
    done = run("check", str(SHIPPED))
    assert done.exit_code == 0
    assert "cn is sound: settled 2025-01-01 to 2026-12-31" in done.stdout
    document = json.loads(SHIPPED.read_text("utf-8"))
    document["days"][3]["day"] = "2025-02-30"
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(document), "utf-8")
    done = run("check", str(wrong))
    assert done.exit_code == 1
    assert "calendar.days[3].day: must be a date" in done.stderr
    document = json.loads(SHIPPED.read_text("utf-8"))
    document["hours"] *= 2
    wrong.write_text(json.dumps(document), "utf-8")
    done = run("check", str(wrong))
    assert done.exit_code == 1
    assert "two rows are in force" in done.stderr


def test_what_is_unknown_is_said_with_what_is_known() -> None:
    done = run("show", "yongzhou", "--year", "2026")
    assert done.exit_code == 1
    assert "known are: cn" in str(done.exception)


def test_the_page_shows_what_is_shown() -> None:
    page = (ROOT / "docs" / "limits.md").read_text("utf-8")
    shown = run("show", "cn", "--year", "2026").stdout.splitlines()
    told = [line.rstrip() for line in shown]
    for line in (*told[:8], *told[-9:]):
        assert line in page
