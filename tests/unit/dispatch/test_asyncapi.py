"""The AsyncAPI document: complete, whole, and open to additions."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dispatch
from dispatch.api.asyncapi import document
from dispatch.catalogue.definitions import load_definitions
from dispatch.settings import Settings

ROOT = Path(dispatch.__file__).parent.parent
TYPE = re.compile(r"wangge\.(?:case|report)\.[a-z-]+\.v\d+")


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return document(Settings(), load_definitions().values())


def every(value: Any, key: str) -> Iterator[Any]:
    """Every value of `key`, however deep."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for inner in value.values():
            yield from every(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from every(inner, key)


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    found = [ref for ref in every(told, "$ref") if isinstance(ref, str)]
    assert len(found) > 40
    for ref in found:
        at: Any = told
        for name in ref.removeprefix("#/").split("/"):
            assert name in at, ref
            at = at[name]


def test_every_type_that_the_source_names_is_in_it(told: dict[str, Any]) -> None:
    sources = [
        path
        for room in ("dispatch", "streams", "workflows")
        for path in ROOT.glob(f"{room}/**/*.py")
    ]
    named = {type_ for path in sources for type_ in TYPE.findall(path.read_text(encoding="utf-8"))}
    definitions = load_definitions().values()
    named |= {action.event_type for each in definitions for action in each.actions.values()}
    assert "wangge.case.opened.v1" in named
    assert named - set(told["components"]["messages"]) == set()


def test_readers_are_not_told_to_refuse_what_is_added_later(told: dict[str, Any]) -> None:
    assert [rule for rule in every(told, "additionalProperties") if rule is False] == []


def test_topics_are_those_of_this_installation() -> None:
    other = document(Settings(topic_prefix="yz"), load_definitions().values())
    assert [channel["address"] for channel in other["channels"].values()] == [
        "yz.cases.{district}",
        "yz.reports",
        "yz.deadletters",
    ]
