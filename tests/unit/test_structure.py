"""The house's own rules that no linter has: sizes, and whose names these are."""

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("geo", "grid", "workflows", "streams", "dispatch")
LONGEST = 400


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_is_longer_than_a_reader_can_hold(room: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / room).rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST
    }
    assert long == {}


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_comes_from_this_checkout(room: str) -> None:
    found = importlib.util.find_spec(room)
    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).is_relative_to(ROOT)


def test_no_other_distribution_claims_our_names() -> None:
    claims = importlib.metadata.packages_distributions()
    foreign = {room: set(claims.get(room, ())) - {"wangge"} for room in ROOMS}
    assert {room: names for room, names in foreign.items() if names} == {}


def test_docker_holds_no_python_file() -> None:
    assert list((ROOT / "docker").rglob("*.py")) == []
