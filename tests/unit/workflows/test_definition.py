from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from workflows import DEFINITIONS, Definition, DefinitionError, load_definition, read_document

Change = Callable[[dict[str, Any]], object]
ACTIONS = """
    accept reject verify verify-yes verify-no appoint file hand-over compare dispatch joint-dispatch
    assist return
    return-to-acceptor withdraw adjudicate sign assign start suspend defer resume
    request-extension approve-extension
    refuse-extension feedback next-condition inspect-pass inspect-fail close force-close reopen
    call-back
    appeal approve-appeal
    refuse-appeal void urge supervise instruct escalate merge unmerge split transfer
    relocate reclassify
"""
NAMED = {"label": {"zh": "名", "en": "name"}}


def set_at(*path: Any) -> Change:
    """A change that sets the last of the path at the place the others lead to."""

    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in path[:-2]:
            target = target[step]
        target[path[-2]] = path[-1]

    return change


def drop(*path: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]

    return change


def trap(document: dict[str, Any]) -> None:
    document["states"]["limbo"] = NAMED
    document["stages"]["accept"]["states"].append("limbo")
    document["actions"]["accept"]["steps"].append(
        {"roles": ["acceptor"], "from": ["accepted"], "to": "limbo"}
    )


def unreachable(document: dict[str, Any]) -> None:
    document["states"]["island"] = NAMED
    document["stages"]["accept"]["states"].append("island")
    document["actions"]["accept"]["steps"].append(
        {"roles": ["acceptor"], "from": ["island"], "to": "accepted"}
    )


def twice(document: dict[str, Any]) -> None:
    steps = document["actions"]["return"]["steps"]
    steps.append({"roles": ["handler"], "from": ["dispatched"], "to": "filed"})


def check_refused(document: dict[str, Any], change: Change, place: str) -> None:
    """The definition, once changed so, is refused with its place."""
    changed = deepcopy(document)
    change(changed)
    with pytest.raises(DefinitionError, match=place):
        load_definition(changed)


BAD: dict[str, tuple[Change, str]] = {
    "a trap": (trap, r"definition\.states\.limbo: is a trap"),
    "an unreachable state": (unreachable, r"definition\.states\.island: cannot be reached"),
    "a final state with a way out": (
        set_at("actions", "start", "steps", 0, "from", ["closed"]),
        r"actions\.start\.steps: leave closed, which is final",
    ),
    "a reopening of an open case": (
        set_at("actions", "start", "reopens", True),
        r"actions\.start\.steps: reopen a case that is dispatched, which is not final",
    ),
    "a reopening that stays": (
        drop("actions", "reopen", "steps", 0, "to"),
        r"actions\.reopen\.steps: reopen a case that is closed and lead to no open state",
    ),
    "a reopening that leads to an end": (
        set_at("actions", "reopen", "steps", 0, "to", "voided"),
        r"actions\.reopen\.steps: reopen a case that is closed and lead to no open state",
    ),
    "a choice without choices": (
        drop("actions", "call-back", "fields", "satisfaction", "choices"),
        r"fields\.satisfaction\.choices: must be given for the type choice",
    ),
    "choices for what is no choice": (
        set_at("actions", "feedback", "fields", "text", "choices", {"one": NAMED["label"]}),
        r"fields\.text\.choices: must be given for the type choice, and for no other",
    ),
    "a choice without words": (
        drop("actions", "call-back", "fields", "satisfaction", "choices", "satisfied", "en"),
        r"satisfaction\.choices\.satisfied: lacks 'en'",
    ),
    "a state without a clock": (
        set_at("stages", "close", "states", ["handled"]),
        r"stages\.close\.states: names handled, which is in the stage inspect too",
    ),
    "a state in no stage": (
        set_at("stages", "dispatch", "states", ["filed"]),
        r"states\.returned: is in no stage",
    ),
    "a clock in a final state": (
        set_at("stages", "close", "states", ["inspecting", "closed"]),
        r"stages\.close\.states: names closed, which is final",
    ),
    "a stage of an unknown state": (
        set_at("stages", "close", "states", ["inspecting", "asleep"]),
        r"stages\.close\.states: names the unknown state 'asleep'",
    ),
    "a label without English": (
        drop("states", "filed", "label", "en"),
        r"states\.filed\.label: lacks 'en'",
    ),
    "an action without label": (drop("actions", "close", "label"), r"actions\.close: lacks 'lab"),
    "a rung without label": (drop("ladders", "standard", 2, "label"), r"standard\[2\]: lacks"),
    "a stage without label": (drop("stages", "handle", "label"), r"stages\.handle: lacks 'label'"),
    "a ladder without rungs": (set_at("ladders", "standard", []), r"ladders\.standard: must have"),
    "a ladder without end": (
        set_at("ladders", "standard", 3, "repeat", True),
        r"ladders\.standard\[3\]: has the unknown name 'repeat'",
    ),
    "a ladder that falls": (
        set_at("ladders", "standard", 3, "at", "1.2"),
        r"ladders\.standard\[3\]: comes no later",
    ),
    "a ladder without the overdue rung": (
        set_at("ladders", "standard", 1, "event", "reminded"),
        r"ladders\.standard: must have one rung at the whole limit",
    ),
    "an overdue rung beside the limit": (
        set_at("ladders", "standard", 1, "at", "1.1"),
        r"ladders\.standard: must have one rung at the whole limit",
    ),
    "a rung written as a fraction number": (
        set_at("ladders", "standard", 0, "at", 0.8),
        r"standard\[0\]\.at: must be text in quotes",
    ),
    "a rung at nothing": (set_at("ladders", "standard", 0, "at", "0"), r"standard\[0\]\.at"),
    "a rung by zero": (set_at("ladders", "standard", 0, "at", "1/0"), r"standard\[0\]\.at"),
    "a rung telling nobody": (set_at("ladders", "standard", 0, "tell", "mayor"), r"\[0\]\.tell"),
    "an urgent ladder where nothing is urgent": (
        set_at("stages", "close", "ladder_urgent", "urgent"),
        r"stages\.close\.ladder_urgent: must stand only where the filing condition gives",
    ),
    "an unknown urgent ladder": (
        set_at("stages", "handle", "ladder_urgent", "rope"),
        r"stages\.handle\.ladder_urgent",
    ),
    "an urgent ladder that does what the system may not": (
        set_at("stages", "handle", "ladder_urgent", "resumption"),
        r"stages\.handle\.ladder_urgent: does resume where the system may not",
    ),
    "an unknown ladder": (set_at("stages", "close", "ladder", "rope"), r"stages\.close\.ladder"),
    "an unreadable limit": (set_at("stages", "close", "limit", "soon"), r"stages\.close\.limit"),
    "an unknown state to go to": (
        set_at("actions", "accept", "steps", 0, "to", "heaven"),
        r"actions\.accept\.steps\[0\]\.to: names the unknown state 'heaven'",
    ),
    "an unknown role": (
        set_at("actions", "accept", "steps", 0, "roles", ["king"]),
        r"actions\.accept\.steps\[0\]\.roles\[0\]: names the unknown role 'king'",
    ),
    "a step for nobody": (
        set_at("actions", "accept", "steps", 0, "roles", []),
        r"actions\.accept\.steps\[0\]\.roles: must name",
    ),
    "an action without steps": (set_at("actions", "accept", "steps", []), r"accept\.steps: must"),
    "two ways of one action": (
        twice,
        r"actions\.return\.steps\[1\]\.from: leaves dispatched a second time",
    ),
    "a guard on an unknown mark": (
        set_at("actions", "return", "when", 0, "mark", "luck"),
        r"actions\.return\.when\[0\]\.mark: names the unknown mark 'luck'",
    ),
    "a guard on a mark that nothing makes": (
        set_at("actions", "return", "marks", {"returns": "clear"}),
        r"actions\.dispatch\.when: asks for the mark returns, which no action sets",
    ),
    "a guard that asks for nothing": (
        drop("actions", "return", "when", 0, "most"),
        r"actions\.return\.when\[0\]: asks for nothing",
    ),
    "a guard without words": (
        drop("actions", "return", "when", 0, "refusal", "zh"),
        r"actions\.return\.when\[0\]\.refusal: lacks 'zh'",
    ),
    "a guard below nothing": (
        set_at("actions", "return", "when", 0, "most", -1),
        r"actions\.return\.when\[0\]\.most: must be at least 0",
    ),
    "an unknown mark to make": (
        set_at("actions", "return", "marks", {"luck": "count"}),
        r"actions\.return\.marks: names the unknown mark 'luck'",
    ),
    "an appointment of nobody": (
        drop("actions", "feedback", "appoints"),
        r"actions\.feedback\.marks: keep who was appointed, but the action `appoints` nobody",
    ),
    "an appointment that is forgotten": (
        set_at("actions", "feedback", "marks", {"extension_asked": "clear"}),
        r"actions\.feedback\.appoints: chooses somebody whom no mark keeps",
    ),
    "an appointment that no action asks for": (
        set_at("actions", "feedback", "appoints", "dispatcher"),
        r"feedback\.appoints: chooses a dispatcher for the mark inspector, but no action",
    ),
    "an appointment of an unknown role": (
        set_at("actions", "feedback", "appoints", "mayor"),
        r"actions\.feedback\.appoints: names the unknown role 'mayor'",
    ),
    "a mark made in an unknown way": (
        set_at("actions", "return", "marks", {"returns": "twice"}),
        r"actions\.return\.marks\.returns: must be one of",
    ),
    "a guard on the clock of an unknown stage": (
        set_at("actions", "appeal", "when", 0, "clock", "sleep"),
        r"actions\.appeal\.when\[0\]\.clock: names the unknown stage 'sleep'",
    ),
    "a guard that asks nothing of a clock": (
        drop("actions", "appeal", "when", 0, "overdue"),
        r"actions\.appeal\.when\[0\]: asks for nothing; write overdue, extended",
    ),
    "an extension that leads to another state": (
        set_at("actions", "start", "extends", True),
        r"actions\.start\.steps: extend the clock that runs",
    ),
    "an extension when all is over": (
        set_at("actions", "call-back", "extends", True),
        r"actions\.call-back\.steps: extend the clock that runs",
    ),
    "a guard that asks twice": (
        set_at("actions", "approve-appeal", "when", 1, "most", 1),
        r"actions\.approve-appeal\.when\[1\]: asks for nothing, or twice",
    ),
    "a guard that asks a number for a name": (
        set_at("actions", "approve-appeal", "when", 1, "mark", "appeal_approvals"),
        r"approve-appeal\.when: asks for the mark appeal_approvals, which no action names",
    ),
    "a mark that is number and name": (
        set_at("actions", "appeal", "marks", {"appealed": "set", "appeal_reviewer": "set"}),
        r"marks\.appeal_reviewer: is a number to one action and a name to another",
    ),
    "a consequence of an unknown mark": (
        set_at("actions", "approve-appeal", "then", 0, "mark", "luck"),
        r"approve-appeal\.then\[0\]\.mark: names the unknown mark 'luck'",
    ),
    "a consequence of a mark that is no number": (
        set_at("actions", "approve-appeal", "then", 0, "mark", "appeal_reviewer"),
        r"approve-appeal\.then: asks for the mark appeal_reviewer, which no action counts",
    ),
    "an action that tells nobody known": (
        set_at("actions", "escalate", "tell", "mayor"),
        r"actions\.escalate\.tell: must be one of",
    ),
    "an action that writes what a rung writes": (
        set_at("actions", "escalate", "event", "escalated"),
        r"actions\.escalate\.event: is what a rung of a ladder writes",
    ),
    "a mark without label": (drop("marks", "returns", "label"), r"marks\.returns: lacks 'label'"),
    "a clock that a step does not start": (
        set_at("actions", "accept", "steps", 0, "again", "continues"),
        r"actions\.accept\.steps: say again of a way from reported that enters no other stage",
    ),
    "a clock that goes on in an unknown way": (
        set_at("actions", "verify-no", "steps", 0, "again", "perhaps"),
        r"actions\.verify-no\.steps\[0\]\.again: must be one of",
    ),
    "an unknown guard": (
        set_at("actions", "close", "guards", ["good_weather"]),
        r"actions\.close\.guards\[0\]: names the unknown guard",
    ),
    "a clock without its limit": (
        set_at("actions", "dispatch", "guards", []),
        r"actions\.dispatch\.guards: must name condition_chosen",
    ),
    "an unknown field type": (
        set_at("actions", "dispatch", "fields", "department", "type", "song"),
        r"fields\.department\.type: must be one of",
    ),
    "an unknown need": (
        set_at("actions", "dispatch", "fields", "department", "required", "maybe"),
        r"fields\.department\.required: must be one of",
    ),
    "a reason of another kind": (
        set_at("actions", "void", "reason", "nice"),
        r"actions\.void\.reason: must be required or optional",
    ),
    "a version that is none": (set_at("version", "1"), r"definition\.version: must be a whole"),
    "a version below one": (set_at("version", 0), r"definition\.version: must be at least 1"),
    "an unknown initial state": (set_at("initial", "born"), r"definition\.initial"),
    "an unknown part": (set_at("colour", "red"), r"definition: has the unknown name 'colour'"),
    "no states": (set_at("states", {}), r"definition\.states: must be a mapping"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_definition_is_refused_with_its_place(
    case: str, definition_document: dict[str, Any]
) -> None:
    check_refused(definition_document, *BAD[case])


@pytest.mark.parametrize("document", [None, [], "text", {}])
def test_what_is_no_definition_is_refused(document: object) -> None:
    with pytest.raises(DefinitionError, match="definition"):
        load_definition(document)


def test_the_urban_management_definition_has_the_states_and_actions_of_the_contract(
    definition: Definition,
) -> None:
    assert definition.key == "urban_management@2"
    assert set(definition.actions) == set(ACTIONS.split())
    final = {name for name, state in definition.states.items() if state.final}
    assert final == {"closed", "rejected", "voided", "merged"}
    assert {stage.name for stage in definition.stages.values() if stage.by_condition} == {"handle"}


def test_stage_limits_of_another_city_are_marked(definition: Definition) -> None:
    for stage in definition.stages.values():
        assert stage.made == (stage.limit is not None)


def test_version_1_stays_as_it_was_for_the_cases_opened_under_it() -> None:
    first = load_definition(read_document(DEFINITIONS / "urban_management.yaml"))
    assert first.key == "urban_management@1"
    assert len(first.states) == 12
    assert set(first.actions) == set(
        "accept reject file dispatch return start feedback inspect-pass inspect-fail close void "
        "urge relocate reclassify".split()
    )
