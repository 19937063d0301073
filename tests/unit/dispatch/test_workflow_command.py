"""`wangge workflow`: what it says of sound definitions and of others, and what it draws."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import run_wangge
from workflows import DEFINITIONS

ROOT = Path(__file__).parents[3]
URBAN = DEFINITIONS / "urban_management.yaml"


def run(*arguments: str) -> Any:
    return run_wangge("workflow", *arguments)


def test_a_sound_definition_is_said_to_be() -> None:
    done = run("check", str(URBAN))
    assert done.exit_code == 0
    assert "urban_management@1 is sound: 12 states" in done.stdout


def _unreachable(document: Any) -> None:
    label = {"zh": "孤岛", "en": "island"}
    document["states"]["island"] = {"label": label, "final": True}


def _trap(document: Any) -> None:
    for action in ("start", "void"):
        for step in document["actions"][action]["steps"]:
            step["from"] = [state for state in step["from"] if state != "reworked"]


def _no_end(document: Any) -> None:
    document["ladders"]["standard"] = []


def _no_label(document: Any) -> None:
    del document["actions"]["close"]["label"]["en"]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_unreachable, "definition.states.island: cannot be reached"),
        (_trap, "definition.states.reworked: is a trap"),
        (_no_end, "definition.ladders.standard: must have 1 to 16 rungs, and so an end"),
        (_no_label, "definition.actions.close.label"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, damage: Callable[[Any], None], says: str
) -> None:
    document = yaml.safe_load(URBAN.read_text("utf-8"))
    damage(document)
    path = tmp_path / "damaged.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    done = run("check", str(path))
    assert done.exit_code == 1
    assert "damaged.yaml: " in done.stderr
    assert says in done.stderr


def test_the_definitions_at_hand_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = URBAN.read_text("utf-8").replace("version: 1\n", "version: 3\n")
    (tmp_path / "own.yaml").write_text(own, "utf-8")
    monkeypatch.setenv("WANGGE_DEFINITIONS_DIR", str(tmp_path))
    listed = json.loads(run("list", "--json").stdout)
    assert [(one["name"], one["version"], one["line"] == one["name"]) for one in listed] == [
        ("public_service", 1, True), ("social_governance", 1, True), ("urban_management", 1, True),
        ("urban_management", 2, True), ("urban_management", 3, True),
    ]  # fmt: skip
    assert "城市管理" in run("list").stdout
    assert "urban_management@3" in run("draw", "urban_management", "--format", "svg").stdout
    assert "urban_management@1" in run("draw", "urban_management@1", "--format", "svg").stdout


def test_a_definition_is_drawn_whole() -> None:
    drawn = run("draw", "urban_management", "--language", "en").stdout
    assert drawn.startswith("stateDiagram-v2\n")
    assert "handled --> reworked: inspection failed" in drawn
    assert "[*] --> reported" in drawn
    assert "closed --> [*]" in drawn


def test_what_is_unknown_is_said_with_what_is_known() -> None:
    done = run("draw", "nope")
    assert "known are: public_service@1, social_governance@1, urban" in str(done.exception)


def test_the_page_shows_what_is_drawn() -> None:
    """After a change: `wangge workflow draw` again, as docs/workflows.md says."""
    page = (ROOT / "docs" / "workflows.md").read_text("utf-8")
    assert run("draw", "urban_management", "--language", "en").stdout in page
    for language in ("zh", "en"):
        drawn = run("draw", "urban_management", "--language", language, "--format", "svg").stdout
        kept = (ROOT / "docs" / "images" / f"urban-management-{language}.svg").read_text("utf-8")
        assert words_of(drawn) == words_of(kept)


def test_the_page_tells_of_every_action_of_the_newest_version() -> None:
    page = (ROOT / "docs" / "workflows.md").read_text("utf-8")
    listed = json.loads(run("list", "--json").stdout)
    newest = max((one["version"], one["actions"]) for one in listed)[1]
    assert [name for name in newest if f"`{name}`" not in page] == []


def words_of(svg: str) -> list[str]:
    """What is written in the drawing, wherever it stands."""
    return sorted(part.partition(">")[2] for part in svg.split("<") if part.startswith("text"))
