"""The benchmarks that need no installation measure what they say, and two runs can be compared."""

import json
from pathlib import Path

from bench import comparing, decide, due
from bench.figures import Figure, as_json
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
