"""What definitions of the other lines say more: offices, moments in the limit, several clocks."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.unit.workflows.test_definition import Change, drop, set_at
from workflows import DEFINITIONS, DefinitionError, load_definition, read_document


def first_step(action: str, **values: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["actions"][action]["steps"][0].update(values)

    return change


SOCIAL: dict[str, tuple[Change, str]] = {
    "an unknown office": (
        first_step("pass-up", holder="bureau"),
        r"pass-up\.steps\[0\]\.holder: must be one of station, district_department",
    ),
    "an office for a case that nobody holds": (
        first_step("pass-up", releases=True),
        r"steps\[0\]\.holder: says who holds the case, and `releases` that nobody does",
    ),
    "an office for a case that is over": (
        first_step("void", holder="city_centre"),
        r"actions\.void\.steps: hand a case that is voided to a city_centre, but it is over",
    ),
    "a clock of no stage": (
        set_at("actions", "appeal", "when", 0, "clock", ["first", "third"]),
        r"appeal\.when\[0\]\.clock\[1\]: names the unknown stage 'third'",
    ),
    "no clock at all": (
        set_at("actions", "appeal", "when", 0, "clock", []),
        r"appeal\.when\[0\]\.clock: must name a stage, or a list of stages",
    ),
    "one clock twice": (
        set_at("actions", "appeal", "when", 0, "clock", ["first", "first"]),
        r"appeal\.when\[0\]\.clock: names a stage twice",
    ),
    "a level that the system cannot leave": (
        first_step("pass-up", roles=["handler"]),
        r"stages\.first\.ladder: does pass-up where the system may not: the case is first_level",
    ),
    "a level that must be told where to": (
        set_at("actions", "pass-up", "fields", "department", "required", True),
        r"does pass-up, which asks for more than the system can know",
    ),
}
SERVICE: dict[str, tuple[Change, str]] = {
    "a text before the limit is out": (
        set_at("actions", "promise", "fields", "text", "by_due", True),
        r"promise\.fields\.text\.by_due: must be said of the type moment only",
    ),
    "a moment before a limit that there is not": (
        set_at("actions", "promise", "steps", 0, "from", ["handling", "closed"]),
        r"actions\.promise\.fields: ask for a moment before the limit is out, but no clock runs in",
    ),
    "an event that was and is": (
        set_at("actions", "promise", "formerly", ["promised"]),
        r"actions\.promise\.formerly: names the event that the action writes now",
    ),
    "a line that there is not": (
        set_at("line", "tax"), r"definition\.line: must be one of urban_management"
    ),
    "handling without a condition": (
        drop("actions", "add-documents", "guards"),
        r"actions\.add-documents\.guards: must name condition_chosen",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def documents() -> Callable[[str], dict[str, Any]]:
    kept = {
        name: read_document(DEFINITIONS / f"{name}.yaml")
        for name in ("social_governance", "public_service")
    }
    return lambda name: deepcopy(kept[name])


@pytest.mark.parametrize(
    ("line", "case"),
    [("social_governance", case) for case in SOCIAL]
    + [("public_service", case) for case in SERVICE],
)
def test_what_could_trap_a_case_is_refused_with_its_place(
    documents: Callable[[str], dict[str, Any]], line: str, case: str
) -> None:
    change, says = (SOCIAL | SERVICE)[case]
    document = documents(line)
    load_definition(document)
    change(document)
    with pytest.raises(DefinitionError, match=says):
        load_definition(document)
