"""Calendars by command: loaded as versions, told day by day, and in force from then on."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from dispatch.cautions import cautions
from dispatch.database import transaction
from dispatch.due import STANDARDS
from tests.integration.dispatch.live import Live

SHIPPED = STANDARDS / "calendar-cn-2025-2026.json"
NOVEMBER = datetime(2026, 11, 25, tzinfo=UTC)


def notice(folder: Path, *days: str, **fields: Any) -> Path:
    """The shipped calendar with next year's notice, and these days of rest beside."""
    document = json.loads(SHIPPED.read_text("utf-8"))
    added = [{"day": day, "kind": "rest"} for day in days]
    document |= {"name": "yongzhou", "until": "2027-12-31", **fields}
    document["days"] = [*document["days"], *added]
    path = folder / "notice.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.fixture
def versions(engine: Engine) -> Any:
    def look() -> list[tuple[str, int]]:
        query = text("select name, version from calendar order by name, version")
        with transaction(engine) as connection:
            return [(row.name, row.version) for row in connection.execute(query)]

    return look


def test_a_calendar_is_loaded_as_the_next_version_and_only_when_it_differs(
    live: Live, versions: Any, tmp_path: Path
) -> None:
    mark = live.one("select catalogue_version from installation")
    done = live.wangge("calendar", "load", "cn")
    assert done.returncode == 0, done.stderr
    assert "cn@1 is stored" in done.stdout
    assert "The calendar in use is yongzhou" in done.stdout
    assert live.one("select catalogue_version from installation") == mark + 1
    for arguments in (("cn",), ("cn", "--as", "yongzhou")):
        again = live.wangge("calendar", "load", *arguments)
        assert "says the same already; nothing is stored" in again.stdout
    assert versions() == [("cn", 1), ("yongzhou", 1)]
    assert live.one("select catalogue_version from installation") == mark + 1

    path = notice(tmp_path, "2026-12-24")
    done = live.wangge("calendar", "load", str(path))
    assert done.returncode == 0, done.stderr
    assert "yongzhou@2 is stored" in done.stdout
    assert "2026-12-24 Thu  工作日 workday -> 休息日 rest day" in done.stdout
    assert "2027-01-01 to 2027-12-31  暂定 provisional -> 已定 settled" in done.stdout
    assert "Open deadlines keep their moments" in done.stdout
    listed = json.loads(live.wangge("calendar", "list", "--json").stdout)
    assert [(r["name"], r["version"], r["in_use"]) for r in listed if r["where"] == "stored"] == [
        ("cn", 1, False), ("yongzhou", 1, False), ("yongzhou", 2, True),
    ]  # fmt: skip
    for named, rests in (("yongzhou", 1), ("yongzhou@1", 0)):
        shown = live.wangge("calendar", "show", named, "--year", "2026").stdout
        assert shown.count("12-24") == rests


def test_a_wrong_file_is_refused_with_its_place_and_nothing_is_stored(
    live: Live, versions: Any, tmp_path: Path
) -> None:
    path = notice(tmp_path, "2027-02-29")
    done = live.wangge("calendar", "load", str(path))
    assert done.returncode == 1
    assert "calendar.days[" in done.stderr
    assert "must be a date" in done.stderr
    assert versions() == [("yongzhou", 1)]


def test_the_calendar_in_use_is_warned_of_until_next_year_is_loaded(
    live: Live, engine: Engine, tmp_path: Path
) -> None:
    def warned(month: int = 11) -> list[str]:
        with transaction(engine) as connection:
            return list(cautions(connection, "yongzhou", {}, NOVEMBER.replace(month=month)))

    assert warned(10) == []
    (told,) = warned()
    assert "yongzhou knows holidays until 2026-12-31" in told
    # Another calendar than the one in use changes nothing.
    live.wangge("calendar", "load", str(notice(tmp_path, name="other")))
    assert len(warned()) == 1
    live.wangge("calendar", "load", str(notice(tmp_path)))
    assert warned() == []
