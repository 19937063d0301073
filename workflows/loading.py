"""Read a workflow definition and refuse it, naming the place, when it could trap a case."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from workflows.categories import Line
from workflows.definition import (
    Action,
    Again,
    ClockGuard,
    Consequence,
    Definition,
    Effect,
    Field,
    FieldType,
    MarkGuard,
    Marking,
    Need,
    Office,
    Role,
    Rung,
    RungEvent,
    Stage,
    State,
    Step,
    Tell,
)
from workflows.documents import Place
from workflows.errors import DefinitionError, LimitError
from workflows.guards import GUARDS
from workflows.labels import Label
from workflows.limits import Limit, parse_limit
from workflows.machine import CaseMachine
from workflows.soundness import check_soundness

DEFINITIONS = Path(__file__).parent / "definitions"
OF_CONDITION = "condition"
CHOSEN = "chosen"
CHOSEN_WITHIN_DAYS = 366
RUNGS_MOST = 16
LATEST_RUNG = Fraction(10)


def load_definition(document: object) -> Definition:
    """Check a definition document and return the definition.

    Static checks: every name is known, every label has both languages, every state can be reached
    and left unless final, every open state has exactly one stage and so one clock, ladders rise to
    an end and hold one overdue rung at the whole limit, and no action leads two ways from a state.
    Raises `DefinitionError` naming the place.
    """
    top = Place(document, "definition", DefinitionError)
    names = {"name", "version", "line", "label", "initial", "roles", "states", "stages"}
    top.mapping(names | {"ladders", "actions"}, frozenset({"marks"}))
    states = {name: _state(name, place) for name, place in top.at("states").entries()}
    roles = {name: _role(name, place) for name, place in top.at("roles").entries()}
    ladders = {name: _ladder(place) for name, place in top.at("ladders").entries()}
    stages = {name: _stage(name, place, ladders) for name, place in top.at("stages").entries()}
    marks = _marks(top.at("marks"))
    known = _Names(roles=set(roles), states=set(states), marks=set(marks), stages=set(stages))
    actions = {name: _action(name, place, known) for name, place in top.at("actions").entries()}
    name, version = top.at("name").text(), top.at("version").whole(least=1)
    initial = _known(top.at("initial"), set(states), "state")
    stage_of = check_soundness(top, initial, states, stages, actions)
    ways = [(a.name, source, step) for a in actions.values() for source, step in a.steps.items()]
    return Definition(
        name=name,
        version=version,
        key=f"{name}@{version}",
        line=top.at("line").choice(Line),
        label=top.at("label").label(),
        initial=initial,
        roles=roles,
        played_by=_played_by(roles),
        states=states,
        marks=marks,
        stages=stages,
        actions=actions,
        stage_of=stage_of,
        machine=CaseMachine(
            {state.name: state.final for state in states.values()},
            initial,
            [(action, source, step.to) for action, source, step in ways if step.back is None],
            [(action, source) for action, source, step in ways if step.back is not None],
        ),
    )


class _Names(NamedTuple):
    """What an action may name."""

    roles: set[str]
    states: set[str]
    marks: set[str]
    stages: set[str]


def _known(place: Place, names: set[str], what: str) -> str:
    text = place.text()
    if text not in names:
        raise place.wrong(
            f"names the unknown {what} {text!r}; known are: {', '.join(sorted(names))}"
        )
    return text


def _known_all(place: Place, names: set[str], what: str) -> tuple[str, ...]:
    found = tuple(_known(item, names, what) for item in place.items())
    if len(set(found)) != len(found):
        raise place.wrong(f"names a {what} twice; keep one")
    return found


def _state(name: str, place: Place) -> State:
    place.mapping({"label"}, frozenset({"final"}))
    return State(
        name=name, label=place.at("label").label(), final=place.at("final").flag(default=False)
    )


def _role(name: str, place: Place) -> Role:
    place.mapping({"label"}, frozenset({"own_department", "plays", "assists"}))
    plays = place.at("plays")
    return Role(
        name=name,
        label=place.at("label").label(),
        own_department=place.at("own_department").flag(default=False),
        plays=name if plays.value is None else plays.text(),
        assists=place.at("assists").flag(default=False),
    )


def _played_by(roles: Mapping[str, Role]) -> dict[str, tuple[Role, ...]]:
    return {
        name: tuple(role for role in roles.values() if role.plays == name)
        for name in {role.plays for role in roles.values()}
    }


def _marks(place: Place) -> dict[str, Label]:
    if place.value is None:
        return {}
    for _, spot in place.entries():
        spot.mapping({"label"})
    return {name: spot.at("label").label() for name, spot in place.entries()}


def _ladder(place: Place) -> tuple[Rung, ...]:
    rungs = tuple(_rung(item) for item in place.items())
    if not rungs or len(rungs) > RUNGS_MOST:
        raise place.wrong(f"must have 1 to {RUNGS_MOST} rungs, and so an end")
    for number, (below, above) in enumerate(pairwise(rungs), start=1):
        if above.at <= below.at:
            raise place.items()[number].wrong(
                "comes no later than the rung below it; put them in order"
            )
    whole = [rung for rung in rungs if rung.event is RungEvent.OVERDUE or rung.event is None]
    if len(whole) != 1 or whole[0].at != 1:
        raise place.wrong(
            'must have one rung at the whole limit ("1"), with the event overdue or else an action'
        )
    if any(rung.action is not None for rung in rungs[:-1]):
        raise place.wrong("goes on after a rung with an action; such a rung must be the last")
    return rungs


def _rung(place: Place) -> Rung:
    place.mapping({"at", "tell", "label"}, frozenset({"event", "action"}))
    at, event, action = place.at("at"), place.at("event"), place.at("action")
    if event.value is None and action.value is None:
        raise place.wrong("does nothing; write event, action, or both")
    try:
        fraction = Fraction(at.text())
    except (ValueError, ZeroDivisionError) as error:
        raise at.wrong(f'must be a part of the limit like "0.8", not {at.value!r}') from error
    if not 0 < fraction <= LATEST_RUNG:
        raise at.wrong(f"must be above 0 and at most {LATEST_RUNG}, not {at.value}")
    return Rung(
        at=fraction,
        event=None if event.value is None else event.choice(RungEvent),
        action=None if action.value is None else action.text(),
        tell=place.at("tell").choice(Tell),
        label=place.at("label").label(),
    )


def _stage(name: str, place: Place, ladders: Mapping[str, tuple[Rung, ...]]) -> Stage:
    place.mapping(
        {"label", "states", "limit", "again", "ladder"},
        frozenset({"made", "held", "ladder_urgent"}),
    )
    by_condition = place.at("limit").value == OF_CONDITION
    ladder = ladders[_known(place.at("ladder"), set(ladders), "ladder")]
    urgent = place.at("ladder_urgent")
    if urgent.value is not None and not by_condition:
        raise urgent.wrong("must stand only where the filing condition gives the limit")
    return Stage(
        name=name,
        label=place.at("label").label(),
        states=frozenset(item.text() for item in place.at("states").items()),
        limit=_stage_limit(place.at("limit")),
        by_condition=by_condition,
        held=place.at("held").flag(default=by_condition),
        made=place.at("made").flag(default=False),
        again=place.at("again").choice(Again),
        ladder=ladder,
        ladder_urgent=ladder
        if urgent.value is None
        else ladders[_known(urgent, set(ladders), "ladder")],
    )


def _stage_limit(place: Place) -> Limit | None:
    if place.text() in (OF_CONDITION, CHOSEN):
        return None
    try:
        return parse_limit(place.text())
    except LimitError as error:
        raise place.wrong(f"{error} Or write {OF_CONDITION!r} or {CHOSEN!r}.") from error


def _action(name: str, place: Place, known: _Names) -> Action:
    optional = frozenset(
        "formerly reason raises_version reopens extends assists succeeds appoints effect tell "
        "guards when "
        "marks then fields".split()
    )
    place.mapping({"label", "event", "steps"}, optional)
    reason, tell, effect = place.at("reason"), place.at("tell"), place.at("effect")
    appoints = place.at("appoints")
    if reason.value not in (None, "required", "optional"):
        raise reason.wrong(f"must be required or optional, not {reason.value!r}")
    fields = _fields(place.at("fields"))
    steps: dict[str, Step] = {}
    for item in place.at("steps").items():
        for source, step in _steps(item, known).items():
            if source in steps:
                raise item.at("from").wrong(f"leaves {source} a second time; one way only")
            steps[source] = step
    if not steps:
        raise place.at("steps").wrong("must have at least one step")
    return Action(
        name=name,
        label=place.at("label").label(),
        event_type=_event_type(place.at("event")),
        formerly=frozenset(_event_type(item) for item in place.at("formerly").items()),
        reason_required=reason.value == "required",
        raises_version=place.at("raises_version").flag(default=True),
        reopens=place.at("reopens").flag(default=False),
        extends=place.at("extends").flag(default=False),
        assists=place.at("assists").flag(default=False),
        succeeds=place.at("succeeds").flag(default=False),
        appoints=None if appoints.value is None else _known(appoints, known.roles, "role"),
        effect=None if effect.value is None else effect.choice(Effect),
        tell=None if tell.value is None else tell.choice(Tell),
        guards=_known_all(place.at("guards"), set(GUARDS), "guard"),
        when=tuple(_asked(item, known) for item in place.at("when").items()),
        marks=_markings(place.at("marks"), known),
        then=tuple(_consequence(item, known) for item in place.at("then").items()),
        fields=fields,
        moment=_only(fields, FieldType.MOMENT, place),
        account=_only(fields, FieldType.ACCOUNT, place),
        departments=_only(fields, FieldType.DEPARTMENTS, place),
        steps=steps,
        roles=frozenset(role for step in steps.values() for role in step.roles),
    )


def _event_type(place: Place) -> str:
    return f"wangge.case.{place.text()}.v1"


def _asked(place: Place, known: _Names) -> MarkGuard | ClockGuard:
    if place.at("clock").value is None:
        return _mark_guard(place, known)
    place.mapping({"clock", "refusal"}, frozenset({"overdue", "extended"}))
    overdue, extended = place.at("overdue"), place.at("extended")
    if overdue.value is None and extended.value is None:
        raise place.wrong("asks for nothing; write overdue, extended, or both")
    return ClockGuard(
        stages=_clocks(place.at("clock"), known),
        overdue=None if overdue.value is None else overdue.flag(default=False),
        extended=None if extended.value is None else extended.whole(),
        refusal=place.at("refusal").label(),
    )


def _clocks(place: Place, known: _Names) -> tuple[str, ...]:
    """One stage, or a list of some."""
    if isinstance(place.value, str):
        return (_known(place, known.stages, "stage"),)
    found = _known_all(place, known.stages, "stage")
    if not found:
        raise place.wrong("must name a stage, or a list of stages")
    return found


def _mark_guard(place: Place, known: _Names) -> MarkGuard:
    place.mapping({"mark", "refusal"}, frozenset({"least", "most", "other", "same"}))
    least, most = place.at("least"), place.at("most")
    other, same = place.at("other").flag(default=False), place.at("same").flag(default=False)
    height = least.value is not None or most.value is not None
    if (height, other, same).count(True) != 1:
        raise place.wrong(
            "asks for nothing, or twice; write least, most, or both, or else other, or else same"
        )
    return MarkGuard(
        mark=_known(place.at("mark"), known.marks, "mark"),
        least=None if least.value is None else least.whole(least=1),
        most=None if most.value is None else most.whole(),
        other=other,
        same=same,
        refusal=place.at("refusal").label(),
    )


def _consequence(place: Place, known: _Names) -> Consequence:
    place.mapping({"mark", "least", "marks"})
    return Consequence(
        mark=_known(place.at("mark"), known.marks, "mark"),
        least=place.at("least").whole(least=1),
        marks=_markings(place.at("marks"), known),
    )


def _markings(place: Place, known: _Names) -> dict[str, Marking]:
    if place.value is None:
        return {}
    strange = sorted(name for name, _ in place.entries() if name not in known.marks)
    if strange:
        known_marks = ", ".join(sorted(known.marks)) or "none"
        raise place.wrong(f"names the unknown mark {strange[0]!r}; known are: {known_marks}")
    return {name: spot.choice(Marking) for name, spot in place.entries()}


def _steps(place: Place, known: _Names) -> dict[str, Step]:
    optional = frozenset({"to", "back", "releases", "again", "holder"})
    place.mapping({"roles", "from"}, optional)
    to, back, again = place.at("to"), place.at("back"), place.at("again")
    holder = place.at("holder")
    if to.value is not None and back.value is not None:
        raise back.wrong("must not stand beside `to`; a step leads one way")
    step = Step(
        roles=frozenset(_known_all(place.at("roles"), known.roles, "role")),
        to=None if to.value is None else _known(to, known.states, "state"),
        back=None if back.value is None else _known(back, known.marks, "mark"),
        releases=place.at("releases").flag(default=False),
        again=None if again.value is None else again.choice(Again),
        holder=None if holder.value is None else holder.choice(Office),
    )
    if step.releases and step.holder is not None:
        raise holder.wrong("says who holds the case, and `releases` that nobody does; keep one")
    if not step.roles:
        raise place.at("roles").wrong("must name at least one role")
    return dict.fromkeys(_known_all(place.at("from"), known.states, "state"), step)


def _fields(place: Place) -> tuple[Field, ...]:
    if place.value is None:
        return ()
    return tuple(_field(name, spot) for name, spot in place.entries())


def _only(fields: tuple[Field, ...], type_: FieldType, place: Place) -> str | None:
    names = [field.name for field in fields if field.type is type_]
    if len(names) > 1:
        raise place.at("fields").wrong(f"has two fields of the type {type_}; one is enough")
    return names[0] if names else None


def _field(name: str, place: Place) -> Field:
    place.mapping({"type", "required", "label"}, frozenset({"choices", "within_days", "by_due"}))
    required, choices, within = place.at("required"), place.at("choices"), place.at("within_days")
    by_due = place.at("by_due").flag(default=False)
    type_ = place.at("type").choice(FieldType)
    if (type_ is FieldType.CHOICE) != (choices.value is not None):
        raise choices.wrong("must be given for the type choice, and for no other")
    if type_ is not FieldType.MOMENT and within.value is not None:
        raise within.wrong("must be given for the type moment only")
    if by_due and type_ is not FieldType.MOMENT:
        raise place.at("by_due").wrong("must be said of the type moment only")
    if isinstance(required.value, bool):
        need = Need.ALWAYS if required.value else Need.NEVER
    else:
        need = required.choice(Need)
    return Field(
        name=name,
        type=type_,
        need=need,
        label=place.at("label").label(),
        choices={}
        if choices.value is None
        else {name: spot.label() for name, spot in choices.entries()},
        within_days=CHOSEN_WITHIN_DAYS if within.value is None else within.whole(least=1),
        by_due=by_due,
    )
