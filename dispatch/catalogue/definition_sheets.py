"""Workflow definitions as the API shows them: what a client draws, and the words for what it sees.

Every part has `code` and `name` {`zh`, `en`}, like areas and categories.
"""

from typing import Any

from workflows.definition import Action, Definition, Marking, Rung, Stage


def definition_row(definition: Definition) -> dict[str, Any]:
    """A definition as a list shows it."""
    return {
        "code": definition.key,
        "name": definition.label.to_json(),
        "line": definition.line,
        "version": definition.version,
    }


def definition_sheet(definition: Definition) -> dict[str, Any]:
    """A whole definition: states, stages with limits and ladders, actions with their steps."""
    return {
        **definition_row(definition),
        "initial": definition.initial,
        "roles": [
            {"code": one.name, "name": one.label.to_json()} for one in definition.roles.values()
        ],
        "states": [
            {
                "code": one.name,
                "name": one.label.to_json(),
                "final": one.final,
                "stage": stage.name if (stage := definition.stage_of.get(one.name)) else None,
            }
            for one in definition.states.values()
        ],
        "stages": [_stage_row(one) for one in definition.stages.values()],
        "actions": [_action_row(one) for one in definition.actions.values()],
        "marks": _mark_rows(definition),
    }


def _mark_rows(definition: Definition) -> list[dict[str, Any]]:
    """The marks; `counts` tells one that goes up from one that is there or not."""
    counted = {
        mark
        for action in definition.actions.values()
        for mark, marking in action.marks.items()
        if marking is Marking.COUNT
    }
    return [
        {"code": name, "name": label.to_json(), "counts": name in counted}
        for name, label in definition.marks.items()
    ]


def _stage_row(stage: Stage) -> dict[str, Any]:
    """A stage; `limit` and `clock` are null where the filing condition gives them
    (`by_condition`), or where an action chooses the moment.
    """
    return {
        "code": stage.name,
        "name": stage.label.to_json(),
        "states": sorted(stage.states),
        "limit": None if stage.limit is None else stage.limit.text,
        "clock": None if stage.limit is None else stage.limit.clock.value,
        "by_condition": stage.by_condition,
        "made": stage.made,
        "ladder": [_rung_row(rung) for rung in stage.ladder],
        "ladder_urgent": [_rung_row(rung) for rung in stage.ladder_urgent],
    }


def _rung_row(rung: Rung) -> dict[str, Any]:
    """A rung: what it writes, or what the system does then, or both; null for neither."""
    return {
        "at": float(rung.at),
        "event": None if rung.event is None else rung.event.value,
        "action": rung.action,
        "tell": rung.tell.value,
        "name": rung.label.to_json(),
    }


def _action_row(action: Action) -> dict[str, Any]:
    """An action; `to` is null where the case stays in its state, or goes back to an earlier one."""
    return {
        "code": action.name,
        "name": action.label.to_json(),
        "event": action.event_type,
        "reason_required": action.reason_required,
        "reopens": action.reopens,
        "steps": [
            {
                "from": state,
                "to": step.to,
                "back": step.back is not None,
                "roles": sorted(step.roles),
            }
            for state, step in action.steps.items()
        ],
    }
