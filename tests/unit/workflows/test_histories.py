"""What the shipped definitions wrote replays under them: a change that open cases would not bear is
a new version.

A red test here says that a shipped definition was changed under the cases that keep it. Give it a
new version; only a version that no installation has opened a case under may be recorded again
(tests/unit/workflows/recording.py says how).
"""

import json
from functools import cache
from typing import Any

import pytest

from dispatch.catalogue.definitions import load_definitions
from tests.unit.workflows.recording import CASES, HISTORIES, play
from workflows import Category
from workflows.replaying import Happened, replay

DEFINITIONS = load_definitions()
KEYS = sorted(DEFINITIONS)


@cache
def lives(key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((HISTORIES / f"{key}.json").read_text("utf-8"))
    return found


def test_there_are_histories_of_every_shipped_version() -> None:
    assert sorted(path.stem for path in HISTORIES.glob("*.json")) == KEYS
    assert all(len(lives(key)) == CASES for key in KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_what_a_version_wrote_replays_under_it(key: str) -> None:
    for life in lives(key):
        told = [Happened(seq=n, **event) for n, event in enumerate(life["events"], start=1)]
        replayed = replay(DEFINITIONS[key], told)
        assert replayed.state == life["end"]["state"]
        assert replayed.marks == life["end"]["marks"]


@pytest.mark.parametrize("key", KEYS)
def test_the_same_commands_lead_to_the_same_history(
    categories: dict[str, Category], key: str
) -> None:
    for life in lives(key):
        assert play(DEFINITIONS[key], categories, life) == life


@pytest.mark.parametrize("key", KEYS)
def test_every_action_is_in_the_histories(key: str) -> None:
    done = {asked.get("action") for life in lives(key) for asked in life["commands"]}
    missing = DEFINITIONS[key].actions.keys() - done
    assert not missing


@pytest.mark.parametrize("key", KEYS)
def test_every_state_is_in_the_histories(key: str) -> None:
    seen = {event["body"]["state"] for life in lives(key) for event in life["events"]}
    assert DEFINITIONS[key].states.keys() == seen
