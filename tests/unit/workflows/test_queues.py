"""Queues of the desks: who has what before them, told by the definitions."""

from typing import Any

import pytest

from workflows import DEFINITIONS, Definition, load_definition, read_document
from workflows.queues import Queue, queues_for, queues_of

WATCHES = frozenset({"supervisor", "auditor"})


@pytest.fixture(scope="module")
def queues(definition: Definition) -> tuple[Queue, ...]:
    first = load_definition(read_document(DEFINITIONS / "urban_management.yaml"))
    return queues_of([first, definition])


def names(queues: tuple[Queue, ...], role: str) -> list[str]:
    found = queues_for(queues, role, WATCHES)
    return [queue.name.removeprefix("urban_management.") for queue in found]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("acceptor", ["stage.accept", "stage.close"]),
        (
            "dispatcher",
            [
                "stage.dispatch",
                "stage.suspend",
                "stage.defer",
                "mark.extension_asked",
                "mark.follows",
            ],
        ),
        ("member", ["stage.verify", "stage.inspect"]),
        ("handler", ["stage.handle"]),
        ("reporter", []),
    ],
)
def test_a_role_sees_the_queues_whose_work_is_its_own(
    queues: tuple[Queue, ...], role: str, expected: list[str]
) -> None:
    assert names(queues, role) == expected


def test_who_watches_sees_every_queue_in_the_order_of_the_stages(
    queues: tuple[Queue, ...],
) -> None:
    stages = ["accept", "verify", "dispatch", "handle", "inspect", "close", "suspend", "defer"]
    marks = ["mark.returns", "mark.extension_asked", "mark.follows", "mark.appealed"]
    assert names(queues, "auditor") == [*(f"stage.{one}" for one in stages), *marks]


def test_versions_of_a_line_share_a_queue_that_knows_the_states_of_each(
    queues: tuple[Queue, ...],
) -> None:
    accept = queues[0]
    assert accept.states == {
        (f"urban_management@{version}", state)
        for version in (1, 2)
        for state in ("reported", "accepted")
    }
    asked = next(queue for queue in queues if queue.mark == "extension_asked")
    assert {key for key, _state in asked.states} == {"urban_management@2"}
    assert (asked.least, asked.label.zh) == (1, "延期待审批")
    returns = next(queue for queue in queues if queue.mark == "returns")
    assert (returns.least, returns.label.zh) == (3, "裁定派遣")


def test_lines_have_queues_of_their_own(definition_document: dict[str, Any]) -> None:
    other = load_definition({**definition_document, "name": "other", "line": "public_service"})
    both = queues_of([load_definition(definition_document), other])
    assert len({queue.name for queue in both}) == len(both)
    assert [queue.line for queue in both] == sorted(queue.line for queue in both)
