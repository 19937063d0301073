"""The marks of a case: what actions counted, set or signed, beside its state."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from workflows.case import SYSTEM
from workflows.definition import Action, Marking, Marks

OWNERLESS = "ownerless"
"""For such a case nobody answered when it was opened, and no fallback either."""
OF_OPENING = frozenset({OWNERLESS})
"""Marks that the opening itself sets, under whatever definition."""


class Marker(NamedTuple):
    """Who marks the case in which state; `given` is the account that the action's field names,
    `resent` whether the case goes to another department than held it before, `follows` whether
    another row follows its filing condition, `appointed` the one that the running system chose.
    """

    actor: str
    state: str
    given: str | None = None
    resent: bool = False
    follows: bool = False
    appointed: str | None = None


def marked(marks: Marks, action: Action, by: Marker) -> Marks:
    """Return the marks after an action; a mark that is clear is not carried."""
    after = _changed(marks, action.marks, by)
    for more in action.then:
        value = after.get(more.mark, 0)
        if isinstance(value, int) and value >= more.least:
            after = _changed(after, more.marks, by)
    return after


def _changed(marks: Marks, changes: Mapping[str, Marking], by: Marker) -> Marks:
    if not changes:
        return marks
    after = {name: value for name, value in marks.items() if name not in changes}
    for name, marking in changes.items():
        value = _VALUES[marking](marks.get(name, 0), by)
        if value is not None:
            after[name] = value
    return after


_VALUES: Mapping[Marking, Callable[[int | str, Marker], int | str | None]] = {
    Marking.SET: lambda _before, _by: 1,
    Marking.CLEAR: lambda _before, _by: None,
    Marking.COUNT: lambda before, _by: int(before) + 1,
    Marking.ACTOR: lambda _before, by: None if by.actor == SYSTEM else by.actor,
    Marking.GIVEN: lambda _before, by: by.given,
    Marking.APPOINTED: lambda _before, by: by.appointed,
    Marking.RESENT: lambda before, by: 1 if by.resent else before or None,
    Marking.STATE: lambda _before, by: by.state,
    Marking.FOLLOWS: lambda _before, by: 1 if by.follows else None,
}


def told(before: Marks, after: Marks) -> dict[str, Any]:
    """Return what an event says of the marks that changed: the new value, or null when clear."""
    names = sorted(before.keys() | after.keys())
    changed = {name: after.get(name) for name in names if before.get(name) != after.get(name)}
    return {"marks": changed} if changed else {}


def follow(marks: Marks, changed: Mapping[str, int | str | None]) -> Marks:
    """Return the marks after an event that told `changed`."""
    merged = {**marks, **changed}
    return {name: value for name, value in merged.items() if value is not None}
