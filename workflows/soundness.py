"""The static checks of a definition as a whole: nothing traps a case, nothing goes unwatched."""

from collections.abc import Mapping

from workflows.case import SYSTEM
from workflows.definition import Action, Again, MarkGuard, Marking, Need, Stage, State
from workflows.documents import Place


def check_soundness(
    top: Place,
    initial: str,
    states: Mapping[str, State],
    stages: Mapping[str, Stage],
    actions: Mapping[str, Action],
) -> dict[str, Stage]:
    """Return the stage of each state that is not final, or raise the error of the place."""
    _check_given(top, actions)
    _check_appointed(top, actions)
    ways = _ways(top, states, actions)
    _check_reachable(top, initial, ways)
    _check_escapes(top, states, ways)
    stage_of = _stages_of(top, states, stages)
    _check_limits(top, stage_of, actions)
    _check_again(top, stage_of, actions)
    _check_marks(top, actions)
    _check_events(top, stages, actions)
    _check_rungs(top, stage_of, actions)
    _check_open(top, states, actions)
    _check_succession(top, stage_of, actions)
    return stage_of


def _ways(
    top: Place, states: Mapping[str, State], actions: Mapping[str, Action]
) -> dict[str, set[str]]:
    ways: dict[str, set[str]] = {name: set() for name in states}
    for action in actions.values():
        for source, step in action.steps.items():
            _check_end(top, states, action, source)
            if action.extends and (step.to is not None or states[source].final):
                place = top.at("actions").at(action.name).at("steps")
                raise place.wrong("extend the clock that runs; they must stay in an open state")
            if step.to is not None:
                ways[source].add(step.to)
            if step.back is not None:
                ways[source] |= _remembered(top, states, actions, action, source)
    return ways


def _remembered(
    top: Place,
    states: Mapping[str, State],
    actions: Mapping[str, Action],
    action: Action,
    source: str,
) -> set[str]:
    """The states that a step leads back to: those that its mark kept on every way to `source`."""
    mark, place = action.steps[source].back, top.at("actions").at(action.name).at("steps")
    found = set()
    for other in actions.values():
        left = {state for state, step in other.steps.items() if step.to == source}
        if left and (mark is None or other.marks.get(mark) is not Marking.STATE):
            raise place.wrong(
                f"lead back from {source} by the mark {mark}, which {other.name} does not keep "
                "(`state`) on its way there"
            )
        found |= left
    if action.steps[source].again is not Again.CONTINUES:
        raise place.wrong(f"lead back from {source}; there the clock goes on: `again: continues`")
    if any(states[state].final for state in found):
        raise place.wrong(f"lead back from {source} to a state that is final")
    return found


def _check_end(top: Place, states: Mapping[str, State], action: Action, source: str) -> None:
    """What leaves a final state reopens the case, and what reopens a case leads to an open one."""
    place, step = top.at("actions").at(action.name).at("steps"), action.steps[source]
    leaves = step.to is not None or step.back is not None
    open_after = step.back is not None or (step.to is not None and not states[step.to].final)
    if action.reopens and not states[source].final:
        raise place.wrong(f"reopen a case that is {source}, which is not final")
    if action.reopens and not open_after:
        raise place.wrong(f"reopen a case that is {source} and lead to no open state")
    if states[source].final and leaves and not action.reopens:
        raise place.wrong(
            f"leave {source}, which is final; take it out of `from`, or say `reopens: true`"
        )


def _check_reachable(top: Place, initial: str, ways: Mapping[str, set[str]]) -> None:
    seen, new = {initial}, {initial}
    while new:
        new = {to for source in new for to in ways[source]} - seen
        seen |= new
    for name in ways:
        if name not in seen:
            raise top.at("states").at(name).wrong("cannot be reached from the initial state")


def _check_escapes(top: Place, states: Mapping[str, State], ways: Mapping[str, set[str]]) -> None:
    ending = {name for name, state in states.items() if state.final}
    grown = True
    while grown:
        more = {name for name, targets in ways.items() if targets & ending} - ending
        ending |= more
        grown = bool(more)
    for name in states:
        if name not in ending:
            raise top.at("states").at(name).wrong("is a trap: no way leads on to a final state")


def _stages_of(
    top: Place, states: Mapping[str, State], stages: Mapping[str, Stage]
) -> dict[str, Stage]:
    stage_of: dict[str, Stage] = {}
    for stage in stages.values():
        place = top.at("stages").at(stage.name).at("states")
        for name in sorted(stage.states):
            if name not in states:
                raise place.wrong(f"names the unknown state {name!r}")
            if states[name].final:
                raise place.wrong(f"names {name}, which is final and has no clock")
            if name in stage_of:
                raise place.wrong(f"names {name}, which is in the stage {stage_of[name].name} too")
            stage_of[name] = stage
    for name, state in states.items():
        if not state.final and name not in stage_of:
            raise top.at("states").at(name).wrong("is in no stage, so no clock would watch it")
    return stage_of


def _check_limits(top: Place, stage_of: Mapping[str, Stage], actions: Mapping[str, Action]) -> None:
    """A clock that takes its limit from the condition may only start where there is one."""
    for action in actions.values():
        for source, step in action.steps.items():
            target = stage_of.get(step.to) if step.to else None
            if target is None or target.limit is not None or stage_of.get(source) is target:
                continue
            if not target.by_condition:
                _check_moment(top, action, source, target)
            elif "condition_chosen" not in action.guards:
                place = top.at("actions").at(action.name).at("guards")
                raise place.wrong(
                    f"must name condition_chosen: {source} to {step.to} starts the clock of the "
                    f"stage {target.name}, whose limit the condition gives"
                )


def _check_moment(top: Place, action: Action, source: str, stage: Stage) -> None:
    """A clock that runs until a chosen moment starts by an action that asks for the moment."""
    field = next((one for one in action.fields if one.name == action.moment), None)
    if field is None or field.need is not Need.ALWAYS:
        raise (
            top.at("actions")
            .at(action.name)
            .at("fields")
            .wrong(
                f"must have a required field of the type moment: from {source} it starts the clock "
                f"of the stage {stage.name}, which ends when somebody chose"
            )
        )


def _check_again(top: Place, stage_of: Mapping[str, Stage], actions: Mapping[str, Action]) -> None:
    """What a step says of a clock must be of one that the step starts."""
    for action in actions.values():
        for source, step in action.steps.items():
            if step.back is not None:
                continue
            entered = stage_of.get(step.to) if step.to else None
            if step.again is not None and (entered is None or entered is stage_of.get(source)):
                place = top.at("actions").at(action.name).at("steps")
                raise place.wrong(
                    f"say again of a way from {source} that enters no other stage; take it out"
                )
            if entered is None or entered.limit is not None or entered.by_condition:
                continue
            if (step.again or entered.again) is not Again.FRESH:
                place = top.at("stages").at(entered.name).at("again")
                raise place.wrong("must be fresh: what ends when somebody chose never goes on")


def _check_marks(top: Place, actions: Mapping[str, Action]) -> None:
    """A guard must ask for what actions make: a height where they count, a name where they name."""
    heights, names = _marks_made(actions)
    for name in sorted(heights & names):
        raise top.at("marks").at(name).wrong("is a number to one action and a name to another")
    for action in actions.values():
        place = top.at("actions").at(action.name)
        marks = [guard for guard in action.when if isinstance(guard, MarkGuard)]
        asked = {guard.mark for guard in marks if not guard.other and not guard.same}
        who = {guard.mark for guard in marks if guard.other or guard.same}
        _check_made(place.at("when"), asked - heights - names, "sets, counts or names somebody in")
        _check_made(place.at("when"), who - names, "names somebody in")
        _check_made(place.at("then"), {more.mark for more in action.then} - heights, "counts")


def _marks_made(actions: Mapping[str, Action]) -> tuple[set[str], set[str]]:
    """The marks that some action sets or counts, and those in which one names somebody."""
    changes = [
        change
        for action in actions.values()
        for each in (action.marks, *(more.marks for more in action.then))
        for change in each.items()
    ]
    numbers = {
        name
        for name, marking in changes
        if marking in (Marking.SET, Marking.COUNT, Marking.RESENT, Marking.FOLLOWS)
    }
    who = (Marking.ACTOR, Marking.GIVEN, Marking.APPOINTED, Marking.STATE)
    return numbers, {name for name, marking in changes if marking in who}


def _check_made(place: Place, missing: set[str], what: str) -> None:
    for name in sorted(missing):
        raise place.wrong(f"asks for the mark {name}, which no action {what}")


def _check_events(top: Place, stages: Mapping[str, Stage], actions: Mapping[str, Action]) -> None:
    """What a person did and what came due by itself must be told apart in the history."""
    of_rungs = {rung.event_type for stage in stages.values() for rung in stage.rungs}
    for action in actions.values():
        place = top.at("actions").at(action.name)
        if action.event_type in of_rungs:
            raise place.at("event").wrong("is what a rung of a ladder writes; take another word")
        if action.event_type in action.formerly:
            raise place.at("formerly").wrong("names the event that the action writes now")


def _check_given(top: Place, actions: Mapping[str, Action]) -> None:
    for action in actions.values():
        changes = (action.marks, *(more.marks for more in action.then))
        if action.account is None and any(Marking.GIVEN in each.values() for each in changes):
            place = top.at("actions").at(action.name).at("marks")
            raise place.wrong("keep the account that was given, but no field asks for an account")


def _check_appointed(top: Place, actions: Mapping[str, Action]) -> None:
    """Whom the system chooses is kept in a mark, and some action of that role asks for the mark."""
    asked = {
        (guard.mark, role)
        for action in actions.values()
        for guard in action.when
        if isinstance(guard, MarkGuard) and guard.same
        for role in action.roles
    }
    for action in actions.values():
        place = top.at("actions").at(action.name)
        kept = {
            name
            for each in (action.marks, *(more.marks for more in action.then))
            for name, marking in each.items()
            if marking is Marking.APPOINTED
        }
        if kept and action.appoints is None:
            raise place.at("marks").wrong(
                "keep who was appointed, but the action `appoints` nobody"
            )
        if action.appoints is not None and not kept:
            raise place.at("appoints").wrong("chooses somebody whom no mark keeps (`appointed`)")
        for name in sorted(kept):
            if (name, action.appoints) not in asked:
                raise place.at("appoints").wrong(
                    f"chooses a {action.appoints} for the mark {name}, but no action of that role "
                    "asks for it (`same`)"
                )


def _check_rungs(top: Place, stage_of: Mapping[str, Stage], actions: Mapping[str, Action]) -> None:
    """What the system does when a rung comes due must be possible, and leave the rung's stage."""
    ladders = [
        (state, stage, place, ladder[-1].action)
        for state, stage in stage_of.items()
        for place, ladder in (("ladder", stage.ladder), ("ladder_urgent", stage.ladder_urgent))
    ]
    for state, stage, which, name in ladders:
        if name is None:
            continue
        place = top.at("stages").at(stage.name).at(which)
        if name not in actions:
            raise place.wrong(f"does the unknown action {name!r}")
        action = actions[name]
        step = action.steps.get(state)
        if step is None or SYSTEM not in step.roles:
            raise place.wrong(f"does {name} where the system may not: the case is {state}")
        if step.back is None and (step.to is None or stage_of.get(step.to) is stage):
            raise place.wrong(f"does {name}, which leaves a case that is {state} in the stage")
        if action.when or any(field.need is not Need.NEVER for field in action.fields):
            raise place.wrong(f"does {name}, which asks for more than the system can know")
        enters = stage_of.get(step.to) if step.to else None  # back, a clock only goes on
        if enters is not None and enters.by_condition and enters.again is Again.FRESH:
            raise place.wrong(f"does {name}, which starts a clock by a condition there may not be")


def _check_open(top: Place, states: Mapping[str, State], actions: Mapping[str, Action]) -> None:
    """What hands a case over leaves it open; what is due of a clock is asked where one runs."""
    for action in actions.values():
        place = top.at("actions").at(action.name)
        for source, step in action.steps.items():
            if step.holder is not None and states[step.to or source].final:
                raise place.at("steps").wrong(
                    f"hand a case that is {step.to or source} to a {step.holder}, but it is over"
                )
            if states[source].final and any(field.by_due for field in action.fields):
                raise place.at("fields").wrong(
                    f"ask for a moment before the limit is out, but no clock runs in {source}"
                )


def _check_succession(
    top: Place, stage_of: Mapping[str, Stage], actions: Mapping[str, Action]
) -> None:
    """What passes a case on to the next row of its table begins that row's clock afresh."""
    for action in actions.values():
        if not action.succeeds:
            continue
        place = top.at("actions").at(action.name)
        if "row_follows" not in action.guards:
            raise place.at("guards").wrong("must name row_follows: the case passes on to that row")
        for source, step in action.steps.items():
            entered = stage_of.get(step.to) if step.to else None
            if entered is None or not entered.by_condition or entered is stage_of.get(source):
                raise place.at("steps").wrong(
                    f"must lead from {source} into a stage whose limit the condition gives"
                )
            if (step.again or entered.again) is not Again.FRESH:
                raise place.at("steps").wrong(
                    f"must say `again: fresh` from {source}: each row has its own limit"
                )
