"""The pages of the lines tell of every action, every state of the drawing is what is drawn."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_wangge
from tests.unit.dispatch.test_workflow_command import words_of

DOCS = Path(__file__).parents[3] / "docs"
LINES = ("social_governance", "public_service")


def run(*arguments: str) -> Any:
    return run_wangge("workflow", *arguments)


@pytest.mark.parametrize("name", LINES)
def test_the_page_of_a_line_tells_of_every_action(name: str) -> None:
    page = (DOCS / f"{name.replace('_', '-')}.md").read_text("utf-8")
    (listed,) = [one for one in json.loads(run("list", "--json").stdout) if one["name"] == name]
    assert f"`{name}@{listed['version']}`" in page
    assert [action for action in listed["actions"] if f"`{action}`" not in page] == []


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_drawing_in_the_docs_is_what_is_drawn(name: str, language: str) -> None:
    """After a change: `wangge workflow draw NAME --format svg --output docs/images/…` again."""
    drawn = run("draw", name, "--language", language, "--format", "svg").stdout
    path = DOCS / "images" / f"{name.replace('_', '-')}-{language}.svg"
    assert words_of(drawn) == words_of(path.read_text("utf-8"))
