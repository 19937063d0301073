"""`wangge due` as it is called: without a server, one moment or a stream of lines."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from dispatch.catalogue.due import CalendarShelf, reckon_lines
from dispatch.catalogue.due_shared import reckon_shared
from tests.commands import run_wangge
from workflows.errors import WorkflowError

HAND = {
    "name": "hand",
    "timezone": "Asia/Shanghai",
    "workday": "end-of-day",
    "from": "2026-01-01",
    "until": "2026-12-31",
    "hours": [{"spans": [["09:00", "17:00"]]}],
    "days": [{"day": "2026-09-17", "kind": "rest"}],
}


def run(*arguments: str, lines: str = "") -> Any:
    return run_wangge("due", *arguments, lines=lines)


@pytest.mark.parametrize(
    ("start", "limit", "due_at"),
    [
        ("2026-09-18T17:00", "4 工作时", "2026-09-20T03:00:00.000000Z"),
        ("2026-09-18T17:00+08:00", "4 紧急工作时", "2026-09-18T13:00:00.000000Z"),
        ("2026-09-30T08:00:00Z", "1 工作日", "2026-10-08T08:00:00.000000Z"),
        ("2026-09-16T22:36", "2 紧急工作时", "2026-09-16T16:36:00.000000Z"),
    ],
)
def test_one_moment_is_told_with_its_spans(start: str, limit: str, due_at: str) -> None:
    told = json.loads(run("--start", start, "--limit", limit, "--json").stdout)
    assert (told["due_at"], told["provisional"]) == (due_at, False)
    assert told["breakdown"][-1]["to"] == due_at
    assert {"from", "to", "counted", "why"} == set(told["breakdown"][0])


def test_people_see_it_by_the_wall_clock_of_the_calendar() -> None:
    shown = run(
        "--start", "2026-09-16T09:00", "--limit", "4 工作时",
        "--pause", "2026-09-16T10:00/2026-09-16T11:00",
    ).stdout  # fmt: skip
    assert "2026-09-16 16:00:00" in shown
    assert "暂停计时" in shown
    assert "working hours" in shown


def test_a_calendar_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hand.json"
    path.write_text(json.dumps(HAND))
    told = run(
        "--start", "2026-09-16T10:00", "--limit", "1 工作日", "--calendar", str(path), "--json"
    )
    assert json.loads(told.stdout)["due_at"] == "2026-09-18T09:00:00.000000Z"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--start", "2026-09-16T10:00", "--limit", "0 工作时"), "not above zero"),
        (("--start", "2026-09-16T10:00", "--limit", "-2 工作时"), "cannot be read"),
        (("--start", "yesterday", "--limit", "2 工作时"), "is no moment"),
        (("--start", "2026-09-16T10:00", "--limit", "2 工作时", "--calendar", "no"), "known are"),
        (("--start", "2026-09-16", "--limit", "2 天", "--calendar", "/no.json"), "cannot be read"),
        (("--start", "2060-09-16T10:00", "--limit", "2 工作时"), "load a calendar"),
        (
            ("--start", "2026-09-16", "--limit", "2 天", "--pause", "2026-09-18/2026-09-17"),
            "ends before",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, WorkflowError)  # `main` turns it into one red line
    assert says in str(done.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--limit", "1 天"),
        ("--batch", "--start", "2026-09-16"),
        ("--start", "2026-09-16", "--limit", "1 天", "--pause", "2026-09-17"),
    ],
)
def test_what_is_missing_is_named(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_lines_are_answered_in_order_each_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "hand.json"
    path.write_text(json.dumps(HAND))
    start = "2026-09-16T10:00"
    asked: list[Any] = [
        {"start": start, "limit": "1 工作日", "calendar": str(path)},
        {"start": start, "limit": "1 工作日"},
        {"start": start, "limit": "0 天"},
        {"start": start, "limit": "2 天", "pauses": [["2026-09-17T00:00", "2026-09-18T00:00"]]},
        {"start": start, "limit": "2 天", "pauses": "no"},
        {"start": start, "limit": "2 天", "pauses": [["2026-09-17"]]},
        {"start": start, "limit": "2 天", "speed": 1},
        {"start": start, "limit": 2},
        {"start": 2, "limit": "2 天"},
        {"start": "0001-01-01", "limit": "2 天"},
        {"start": "2060-01-01", "limit": "2 工作时"},
        {"start": start, "limit": "2 天", "calendar": 7},
        {"start": start, "limit": "2 天", "calendar": "nope"},
        [],
    ]
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in asked) + "\n{\n"
    told = [json.loads(line) for line in run("--batch", lines=lines).stdout.splitlines()]
    assert [one.get("due_at", "error")[:16] for one in told] == [
        "2026-09-18T09:00", "2026-09-17T02:00", "error", "2026-09-19T02:00", *["error"] * 11,
    ]  # fmt: skip
    assert all(one["error"] for one in told if "due_at" not in one)


def test_many_lines_pass_in_pieces() -> None:
    line = orjson.dumps({"start": "2026-09-18T17:00", "limit": "4 工作时"})
    told = list(reckon_lines([line] * 12_001, CalendarShelf().get))
    assert len(told) == 12_001
    assert len(set(told)) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_lines_on_several_processors_keep_their_order_and_their_errors(workers: int) -> None:
    asked = [
        orjson.dumps({"start": f"2026-09-{1 + n % 28:02}T09:00", "limit": f"{n % 7} 工作时"})
        for n in range(17_000)
    ]
    told = list(reckon_lines(asked, CalendarShelf().get))
    assert b"".join(reckon_shared(asked, workers)) == b"".join(told)
    assert b"is not above zero" in told[0]
    assert b"due_at" in told[1]


def test_few_lines_and_none_need_no_worker() -> None:
    line = orjson.dumps({"start": "2026-09-18T17:00", "limit": "4 工作时"})
    told = list(reckon_lines([line] * 3, CalendarShelf().get))
    assert list(reckon_shared([line] * 3, 2)) == told
    assert list(reckon_shared([], 2)) == []
