"""Calendars by command: loaded as versions, told day by day, and in force from then on."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from dispatch.cases.audit import Tally, verify
from dispatch.catalogue.calendars import load_document
from dispatch.catalogue.definitions import load_definitions
from dispatch.catalogue.standards import STANDARDS
from dispatch.catalogue.stored import load_calendars
from dispatch.changing.recomputing import (
    CalendarChanged,
    ClockRules,
    cases_behind,
    load_clock_rules,
    preview,
    recompute,
)
from dispatch.storage.database import transaction
from dispatch.watching.cautions import cautions
from tests.integration.dispatch.conftest import Feeder, Located
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


@pytest.mark.long
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


def all_rest(version_days: int = 20) -> dict[str, Any]:
    """The calendar in use, with a rest from today on."""
    document = json.loads(SHIPPED.read_text("utf-8"))
    days = {row["day"]: row for row in document["days"]}
    today = datetime.now(UTC).date()
    for n in range(-1, version_days):
        day = (today + timedelta(days=n)).isoformat()
        days[day] = {"day": day, "kind": "rest"}
    return {**document, "name": "yongzhou", "days": list(days.values())}


def load(engine: Engine, document: dict[str, Any]) -> None:
    with transaction(engine) as connection:
        assert load_document(connection, document).stored


def rows(engine: Engine, query: str) -> list[Any]:
    with transaction(engine) as connection:
        return list(connection.execute(text(query)).all())


def state(engine: Engine) -> dict[str, list[Any]]:
    """What only the command may change."""
    return {
        name: rows(engine, f'select * from "{name}" order by 1, 2')  # noqa: S608
        for name in ("case", "case_event", "timer", "outbox")
    }


def clock_rules(connection: Connection) -> ClockRules:
    calendars = load_calendars(connection, "yongzhou")
    return load_clock_rules(connection, calendars, load_definitions())


def quiet(_what: str, _done: int, _total: int) -> None:
    """A progress that nobody watches."""


@pytest.fixture
def worked(feeder: Feeder, located: Located, engine: Engine) -> Engine:
    """A case that waits for acceptance, one that is handled, and a closed one."""
    feeder.store(
        located(source="public", text="waits"),
        located(lat=26.43),
        located(lat=26.44, text="closed"),
    )
    with transaction(engine) as connection:
        connection.execute(
            text("""update "case" set closed_at = now()
                where id = (select case_id from report where text = 'closed')""")
        )
    return engine


def check_followed(engine: Engine, old: Any, row: Any) -> None:
    """The case's clock, its timer and its one event are those of the newer calendar."""
    assert (row.version, row.seq, row.state) == (old.version + 1, old.seq + 1, old.state)
    (was,) = [clock for clock in old.deadlines if clock["due_at"] is not None]
    (now,) = [clock for clock in row.deadlines if clock["due_at"] is not None]
    assert (was["calendar"], now["calendar"]) == ("yongzhou@1", "yongzhou@2")
    events = rows(engine, "select * from case_event where seq > 1")
    (event,) = [event for event in events if event.case_id == row.id]
    assert event.type == "wangge.case.deadline-recomputed.v1"
    assert (event.body["was_deadlines"], event.body["deadlines"]) == ([was], [now])
    (timer,) = [t for t in rows(engine, "select * from timer") if t.case_id == row.id]
    assert timer.generation == row.seq
    assert timer.due_at <= row.due_at
    if old.state == "reported":
        assert row.due_at > old.due_at + timedelta(days=15)
        assert timer.due_at > old.due_at + timedelta(days=15)


def test_open_deadlines_follow_a_newer_calendar_only_by_command_and_by_one_event_each(
    worked: Engine,
) -> None:
    before = {row.id: row for row in rows(worked, 'select * from "case"')}
    stood = state(worked)
    load(worked, all_rest())
    assert state(worked) == stood
    with transaction(worked) as connection:
        rules = clock_rules(connection)
        ids = cases_behind(connection, rules)
        told = preview(connection, rules, ids)
    assert state(worked) == stood
    assert ids == sorted(id_ for id_, row in before.items() if row.closed_at is None)
    assert told.cases == 2
    done = recompute(worked, rules, ids, quiet)
    assert (done.cases, done.moved, done.first) == (told.cases, told.moved, told.first)
    for row in rows(worked, 'select * from "case"'):
        if row.closed_at is not None:
            assert row == before[row.id]
        else:
            check_followed(worked, before[row.id], row)
    assert len(rows(worked, "select * from outbox where first_seq = 2 and last_seq = 2")) == 2
    with transaction(worked) as connection:
        wrong = [found.wrong for found in verify(connection, Tally())]
    # The closed case was closed by hand above.
    assert len(wrong) == 1
    assert "closed_at" in wrong[0]


def test_what_was_computed_anew_is_not_computed_again(worked: Engine) -> None:
    load(worked, all_rest())
    with transaction(worked) as connection:
        rules = clock_rules(connection)
        ids = cases_behind(connection, rules)
    recompute(worked, rules, ids, quiet)
    stood = state(worked)
    assert recompute(worked, rules, ids, quiet).cases == 0
    with transaction(worked) as connection:
        assert cases_behind(connection, rules) == []
    assert state(worked) == stood


def test_a_case_that_was_closed_meanwhile_stays_as_it_is(worked: Engine) -> None:
    load(worked, all_rest())
    with transaction(worked) as connection:
        rules = clock_rules(connection)
        ids = cases_behind(connection, rules)
        connection.execute(text('update "case" set closed_at = now()'))
    stood = state(worked)
    assert recompute(worked, rules, ids, quiet).cases == 0
    assert state(worked) == stood


def test_a_calendar_that_is_loaded_meanwhile_ends_it(worked: Engine) -> None:
    load(worked, all_rest())
    with transaction(worked) as connection:
        rules = clock_rules(connection)
        ids = cases_behind(connection, rules)
    load(worked, all_rest(25))
    stood = state(worked)
    with pytest.raises(CalendarChanged):
        recompute(worked, rules, ids, quiet)
    assert state(worked) == stood


@pytest.mark.long
def test_the_commands_do_it(
    live: Live, worked: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_REFRESH_S", "0.5")
    path = tmp_path / "rest.json"
    path.write_text(json.dumps(all_rest()), "utf-8")
    assert live.wangge("calendar", "load", str(path)).returncode == 0
    told = live.wangge("calendar", "recompute", "--dry-run")
    assert told.returncode == 0, told.stderr
    assert "2 open cases would follow a newer calendar" in told.stdout
    assert "(yongzhou@1) -> " in told.stdout
    assert live.one("select count(*) from case_event where seq > 1") == 0
    done = live.wangge("calendar", "recompute")
    assert (done.returncode, "2 open cases follow" in done.stdout) == (0, True), done.stderr
    assert live.one("select count(*) from case_event where seq > 1") == 2
    assert "0 open cases follow" in live.wangge("calendar", "recompute").stdout
