"""What each desk has before it: queues that follow from the definitions alone.

A queue holds the cases of one stage, or those that carry a mark which somebody must answer (an
extension asked for, an appeal under review). A role works a stage when one of its actions leads the
case on from there; it answers a mark when one of its actions asks for that mark. Cases that pass on
to the next row of their table wait by a mark, not with all others of the stage that they are in.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.definition import Action, Definition, MarkGuard, Step
from workflows.labels import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The cases that wait for one kind of work, over all versions of a line's definitions.

    `states` are pairs (definition key, state). `mark` is None for the queue of a stage; otherwise
    the case must carry the mark, at least as high as `least`. `roles` are those who do the work.
    """

    name: str
    line: str
    label: Label
    stage: str | None
    mark: str | None
    least: int
    roles: frozenset[str]
    states: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one definition, or one action of it, gives to a queue."""

    label: Label
    roles: frozenset[str]
    states: frozenset[tuple[str, str]]


def queues_of(definitions: Iterable[Definition]) -> tuple[Queue, ...]:
    """Return the queues of all definitions: line by line, stages in their order, then marks.

    Versions of a definition share their queues; the newest version names them.
    """
    newest_first = sorted(definitions, key=lambda one: (one.name, -one.version))
    stages: dict[tuple[str, str], list[_Part]] = defaultdict(list)
    marks: dict[tuple[str, str, int], list[_Part]] = defaultdict(list)
    for definition in newest_first:
        for name, part in _stage_parts(definition):
            stages[definition.line, name].append(part)
        for mark, least, part in _mark_parts(definition):
            marks[definition.line, mark, least].append(part)
    found = [
        _queue(f"{line}.stage.{name}", line, parts, stage=name)
        for (line, name), parts in stages.items()
    ]
    found += [
        _queue(f"{line}.mark.{mark}", line, parts, mark=mark, least=least)
        for (line, mark, least), parts in marks.items()
    ]
    return tuple(sorted(found, key=lambda queue: queue.line))


def queues_for(queues: Sequence[Queue], role: str, watches: frozenset[str]) -> tuple[Queue, ...]:
    """Return the queues that a role works; those who `watch` all desks see every one."""
    return tuple(queue for queue in queues if role in watches or role in queue.roles)


def _queue(
    name: str,
    line: str,
    parts: Sequence[_Part],
    *,
    stage: str | None = None,
    mark: str | None = None,
    least: int = 0,
) -> Queue:
    return Queue(
        name=name,
        line=line,
        label=parts[0].label,
        stage=stage,
        mark=mark,
        least=least,
        roles=frozenset().union(*(part.roles for part in parts)),
        states=frozenset().union(*(part.states for part in parts)),
    )


def _stage_parts(definition: Definition) -> Iterable[tuple[str, _Part]]:
    for stage in definition.stages.values():
        roles = {
            role
            for action in definition.actions.values()
            if not _everywhere(definition, action) and not action.succeeds
            for state, step in action.steps.items()
            if state in stage.states and _leads_on(definition, step)
            for role in step.roles
        }
        states = frozenset((definition.key, state) for state in stage.states)
        yield stage.name, _Part(stage.label, _players(definition, roles), states)


def _leads_on(definition: Definition, step: Step) -> bool:
    """Whether a step does the stage's work: to let the case go, or to set it aside, does not."""
    if step.to is None or step.releases:
        return False
    there = definition.stage_of.get(step.to)
    return there is None or there.limit is not None or there.by_condition


def _players(definition: Definition, roles: Iterable[str]) -> frozenset[str]:
    """The roles of the system in which somebody may act as one of the definition's."""
    return frozenset(definition.roles[role].plays for role in roles)


def _everywhere(definition: Definition, action: Action) -> bool:
    """Whether most stages have the action: to void a case is nobody's turn of work."""
    stages = {definition.stage_of[one].name for one in action.steps if one in definition.stage_of}
    return len(stages) * 2 > len(definition.stages)


def _mark_parts(definition: Definition) -> Iterable[tuple[str, int, _Part]]:
    for action in definition.actions.values():
        for asked in action.when:
            if isinstance(asked, MarkGuard) and asked.least:
                states = frozenset((definition.key, state) for state in action.steps)
                # A count says little of the work; the name of what is done about it says more.
                label = definition.marks[asked.mark] if asked.least == 1 else action.label
                players = _players(definition, action.roles)
                yield asked.mark, asked.least, _Part(label, players, states)
