"""The marks of a case: what actions counted, set or signed, beside its state."""

from collections.abc import Mapping
from typing import Any

from workflows.definition import Action, Marking, Marks


def marked(marks: Marks, action: Action, actor: str, given: str | None = None) -> Marks:
    """Return the marks after an action; a mark that is clear is not carried.

    `given` is the account that the action's field names.
    """
    after = _changed(marks, action.marks, actor, given)
    for more in action.then:
        value = after.get(more.mark, 0)
        if isinstance(value, int) and value >= more.least:
            after = _changed(after, more.marks, actor, given)
    return after


def _changed(marks: Marks, changes: Mapping[str, Marking], actor: str, given: str | None) -> Marks:
    if not changes:
        return marks
    after = {name: value for name, value in marks.items() if changes.get(name) != Marking.CLEAR}
    for name, marking in changes.items():
        if marking is Marking.COUNT:
            after[name] = int(marks.get(name, 0)) + 1
        elif marking is Marking.SET:
            after[name] = 1
        elif marking is Marking.ACTOR:
            after[name] = actor
        elif marking is Marking.GIVEN:
            after.pop(name, None)
            if given is not None:
                after[name] = given
    return after


def told(before: Marks, after: Marks) -> dict[str, Any]:
    """Return what an event says of the marks that changed: the new value, or null when clear."""
    names = sorted(before.keys() | after.keys())
    changed = {name: after.get(name) for name in names if before.get(name) != after.get(name)}
    return {"marks": changed} if changed else {}


def follow(marks: Marks, changed: Mapping[str, int | str | None]) -> Marks:
    """Return the marks after an event that told `changed`."""
    merged = {**marks, **changed}
    return {name: value for name, value in merged.items() if value is not None}
