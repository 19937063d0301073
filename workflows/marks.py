"""The marks of a case: what actions counted or set, beside its state."""

from collections.abc import Mapping
from typing import Any

from workflows.definition import Marking

Marks = Mapping[str, int]


def marked(marks: Marks, changes: Mapping[str, Marking]) -> Marks:
    """Return the marks after an action; a mark that is clear is not carried."""
    if not changes:
        return marks
    after = {name: value for name, value in marks.items() if changes.get(name) != Marking.CLEAR}
    for name, marking in changes.items():
        if marking is Marking.COUNT:
            after[name] = marks.get(name, 0) + 1
        elif marking is Marking.SET:
            after[name] = 1
    return after


def told(before: Marks, after: Marks) -> dict[str, Any]:
    """Return what an event says of the marks that changed: the new value, or null when clear."""
    names = sorted(before.keys() | after.keys())
    changed = {name: after.get(name) for name in names if before.get(name) != after.get(name)}
    return {"marks": changed} if changed else {}


def follow(marks: Marks, changed: Mapping[str, int | None]) -> Marks:
    """Return the marks after an event that told `changed`."""
    merged = {**marks, **changed}
    return {name: value for name, value in merged.items() if value is not None}
