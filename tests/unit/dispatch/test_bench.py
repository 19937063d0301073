"""The benchmarks that need no installation measure what they say, and two runs can be compared."""

import json
import math
from pathlib import Path

import pytest
from rich.console import Console

from bench import comparing, decide, due
from bench.figures import Figure, as_json, readable, show
from bench.load import reports
from tests.commands import run_wangge


def test_what_is_measured_is_a_whole_decision() -> None:
    stations = decide.stations()
    assert list(stations) == ["dispatch", "sign", "inspect-pass"]
    ends = {"dispatch": "dispatched", "sign": "dispatched", "inspect-pass": "inspecting"}
    for name, measured in stations.items():
        before = measured.view.state
        made = measured.decide()
        assert made.state == ends[name]
        (event,) = made.events
        assert event.body["from"] == before
        measured.view.state = before
        assert measured.move() == made.state


def test_four_reports_of_five_are_apart_from_all_others() -> None:
    sent = [json.loads(body) for body in reports(6000, 4)]
    assert [one["location"] for one in sent] == [
        json.loads(body)["location"] for body in reports(6000, 4)
    ]
    assert len({one["id"] for one in sent}) == len(sent)
    # Every report beside an earlier one is within 50 m of it; two places never are.
    to_m = (math.cos(math.radians(26.44)) * 111_320, 110_800)
    opened: dict[str, list[tuple[float, float]]] = {}
    for one in sent:
        at = (one["location"]["lon"] * to_m[0], one["location"]["lat"] * to_m[1])
        near = opened.setdefault(one["category"], [])
        if all(math.dist(at, other) > 50 for other in near):
            near.append(at)
    assert sum(map(len, opened.values())) / len(sent) == pytest.approx(0.8, abs=0.02)


def test_due_moments_are_measured_beside_their_raw_limits() -> None:
    figures = list(due.due_moments(2000))
    assert [one.unit for one in figures] == ["moments/s", "lines/s", "lines/s"]
    assert all(one.raw and one.value > 0 for one in figures)


def test_a_run_of_them_needs_no_installation_and_is_compared(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    slower = Figure(name="decide, sign of version 2", value=1e6, unit="µs", runs=[1e6, 1e6 + 1])
    fewer = Figure(name="due moments, in arrays", value=1.0, unit="moments/s", runs=[1.0, 1.1])
    old.write_text(as_json([slower, fewer]))
    again = [
        Figure(name=slower.name, value=50, unit="µs", runs=[50, 51]),
        Figure(name=fewer.name, value=2e5, unit="moments/s", runs=[2e5, 2e5 + 1]),
    ]
    moves = comparing.compare(comparing.read_run(old)[1], again)
    assert [move.verdict for move in moves] == ["better", "better"]
    asked = ["bench", "decide", "--json", "--compare", str(old)]
    done = run_wangge(*asked)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [one["name"] for one in told["figures"]] == [
        f"decide, {name} of version 2" for name in ("dispatch", "sign", "inspect-pass")
    ]


LARGE = Figure(
    name="due moments, lines on all processors", value=4_745_553.4, unit="moments/s",
    raw=10_676_810.2, raw_is="two binary searches for each in the calendar's table",
    budget="≥ 2,000 and ≥ half of raw", note="4.9 spans a line, on [2] processors",
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.5538, "0.554"), (7.39, "7.39"), (38.32, "38.3"), (105.1, "105"), (20102.09, "20,102")],
)
def test_a_figure_is_told_with_the_digits_that_count(value: float, told: str) -> None:
    assert readable(value) == told


def test_a_run_and_a_comparison_can_be_read_at_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show([LARGE])
    moves = comparing.compare({LARGE.name: {"value": 3_000_000.0}}, [LARGE])
    Console().print(comparing.table_of(moves, {}, {}))
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert "…" not in said
    for whole in (
        "4,745,553 moments/s", "10,676,810", f"raw: {LARGE.raw_is}", LARGE.note,
        "3,000,000 moments/s", "+58%", "unknown: a run tells its noise with --repeat 2 or more",
    ):  # fmt: skip
        assert whole in said
