"""The house's own rules that no linter has: sizes, and whose names these are."""

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
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


def test_no_file_of_the_page_is_longer_than_a_reader_can_hold() -> None:
    written = [
        path
        for kind in ("*.ts", "*.tsx", "*.css")
        for path in (ROOT / "web").rglob(kind)
        if "node_modules" not in path.parts
    ]
    assert written
    long = [path.name for path in written if len(path.read_text("utf-8").splitlines()) > LONGEST]
    assert long == []


def test_the_lock_of_nodes_packages_names_no_registry() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    assert lock["packages"]["node_modules/maplibre-gl"]["integrity"]
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


def test_docker_holds_no_python_file() -> None:
    assert list((ROOT / "docker").rglob("*.py")) == []


def imported(code: str) -> set[str]:
    """The outside libraries that a fresh Python has loaded after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name for name in done.stderr.split() if "." not in name}


def test_no_role_pays_for_the_libraries_of_register_files() -> None:
    code = (
        "from dispatch.cli import COMMANDS, load_command\nfor name in COMMANDS: load_command(name)"
    )
    assert not imported(code) & {"pyogrio", "python_calamine"}


def test_help_starts_without_the_libraries_of_any_command() -> None:
    code = "from dispatch.cli import app; app(['--help'], standalone_mode=False)"
    heavy = "alembic fastapi geoalchemy2 kafka numpy psycopg pydantic pyproj shapely sqlalchemy"
    assert not imported(code) & set(f"{heavy} structlog transitions yaml".split())
