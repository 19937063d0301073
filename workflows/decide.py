"""The decisions on a case: pure functions of the case, the command, the time and the calendars."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workflows.calendar import Calendars
from workflows.case import (
    SYSTEM,
    ActionForm,
    Actor,
    CaseView,
    Command,
    Decision,
    EventDraft,
    Filing,
)
from workflows.clocks import Deadlines, Holding, move_clocks, next_timer
from workflows.conditions import Condition
from workflows.definition import Action, Definition, Effect, Role, Step
from workflows.errors import ActionRefused, FieldsMissing, NotAllowed, NotPossible
from workflows.facts import Standing, facts_told, passed_on, resent
from workflows.forms import check_fields, field_forms, is_blank
from workflows.guards import check_guards
from workflows.marks import Marker, marked, told
from workflows.worktime import utc_text

OPENED = "wangge.case.opened.v1"
FILING = ("file", "dispatch")
"""What the engine does at once to a case whose report decides condition and department."""
ENGINE = Actor(id=SYSTEM, role=SYSTEM)


def open_case(
    definition: Definition,
    view: CaseView,
    now: datetime,
    calendars: Calendars,
    filing: Filing | None = None,
) -> Decision:
    """Open a case: in the initial state under its clock, or filed and dispatched at once.

    `view` gives the category; it comes out in the state that the decision names. There is one
    event, whose body tells the steps taken. Raises `FieldsMissing` when the filing's condition
    belongs to another category or the department is blank.
    """
    view.state = definition.initial
    body: dict[str, Any] = {"category": view.category}
    if filing is not None:
        steps = [_opening_step(definition, view, name) for name in _filing_fields(view, filing)]
        body |= {"condition": filing.condition.code, "department": filing.department}
        body["steps"] = steps
    holding = Holding(
        state=view.state,
        condition=filing.condition if filing else None,
        department=filing.department if filing else None,
        district=view.district,
    )
    deadlines = move_clocks(definition, (), holding, now, calendars)
    body["state"] = view.state
    body |= told({}, view.marks)
    body["deadlines"] = [deadline.to_json() for deadline in deadlines]
    return Decision(
        state=view.state,
        raises_version=True,
        events=(EventDraft(type=OPENED, body=body),),
        deadlines=deadlines,
        timer=next_timer(definition, deadlines, calendars),
        category=view.category,
        condition=holding.condition,
        department=holding.department,
        assistants=view.assistants,
        marks=view.marks,
    )


def _filing_fields(view: CaseView, filing: Filing) -> tuple[str, ...]:
    if filing.condition.category != view.category:
        reason = f"{filing.condition.code} belongs to another category than {view.category}"
        raise FieldsMissing("file", [("condition", reason)])
    if is_blank(filing.department):
        raise FieldsMissing("dispatch", [("department", "is required")])
    return FILING


def _opening_step(definition: Definition, view: CaseView, name: str) -> dict[str, str]:
    action = _action(definition, view, name)
    _permitted(definition, action, view, ENGINE)
    view.marks = marked(view.marks, action, Marker(ENGINE.id, view.state))
    return {"action": name, "state": definition.machine.move(name, view)}


def decide(
    definition: Definition,
    view: CaseView,
    command: Command,
    now: datetime,
    calendars: Calendars,
) -> Decision:
    """Decide on a command: what the case becomes, what is written, which timer it has.

    Raises `NotAllowed` (role, department, invariant 7), `NotPossible` (state, missing condition)
    or `FieldsMissing`. The view's state moves with the decision; throw it away afterwards.
    """
    action = _action(definition, view, command.action)
    step = _permitted(definition, action, view, command.actor)
    check_guards(action, view, command.actor, now, calendars)
    fields = check_fields(definition, action, view, command, now)
    before = view.state
    definition.machine.move(action.name, view, _back(view, step))
    # What is split off is another case; its fields change nothing of this one.
    own = {} if action.effect is Effect.SPLIT else fields
    category, condition, department = _outcome(view, action, step, own)
    assistants = _assistants(view, action, step, command.actor, fields)
    holding = Holding(
        state=view.state,
        condition=condition,
        department=department,
        district=view.district,
        again=step.again,
        extends=action.extends,
        until=fields.get(action.moment) if action.moment else None,
    )
    clocks = () if _begins_afresh(action, step) else view.deadlines
    deadlines = move_clocks(definition, clocks, holding, now, calendars)
    body = {"from": before, "state": view.state, "reason_given": not is_blank(command.reason)}
    body |= _changes(view, category, holding)
    body |= _facts(action, step, fields)
    if assistants != view.assistants:
        body["assistants"] = dict(assistants)
    given = fields.get(action.account) if action.account else None
    # Who does the next row is nobody's mistake in dispatching.
    sent_on = not action.succeeds and resent(view, department)
    by = Marker(
        actor=command.actor.id,
        state=before,
        given=given,
        resent=sent_on,
        follows=view.successor is not None,
        appointed=command.appointed,
    )
    marks = marked(view.marks, action, by)
    body |= told(view.marks, marks)
    after = Standing(before, department, deadlines, marks, sent_on)
    body |= facts_told(definition, view, after, now, calendars)
    if action.succeeds:
        body["passed_on"] = passed_on(definition, view, now, calendars)
    if action.tell is not None:
        body["tell"] = action.tell.value
    body["deadlines"] = _changed(view.deadlines, deadlines)
    return Decision(
        state=view.state,
        raises_version=action.raises_version,
        events=(EventDraft(type=action.event_type, body=body),),
        deadlines=deadlines,
        timer=next_timer(definition, deadlines, calendars),
        category=category,
        condition=condition,
        department=department,
        assistants=assistants,
        marks=marks,
    )


def allowed_actions(
    definition: Definition, view: CaseView, actor: Actor, now: datetime, calendars: Calendars
) -> tuple[ActionForm, ...]:
    """Return what the actor may do to the case now, with the fields each action takes.

    A command of one of them is refused for its fields alone. `choices` are left to the caller, who
    knows the departments, the categories and their conditions.
    """
    forms = []
    for name in definition.machine.possible(view.state):
        action = definition.actions[name]
        try:
            _permitted(definition, action, view, actor)
            check_guards(action, view, actor, now, calendars)
        except ActionRefused:
            continue
        fields = field_forms(definition, action, view)
        forms.append(ActionForm(name=name, label=action.label, fields=fields))
    return tuple(forms)


def _action(definition: Definition, view: CaseView, name: str) -> Action:
    action = definition.actions.get(name)
    if action is None:
        raise definition.machine.refusal(name, view.state)
    return action


def _permitted(definition: Definition, action: Action, view: CaseView, actor: Actor) -> Step:
    playing = [
        role for role in definition.played_by.get(actor.role, ()) if role.name in action.roles
    ]
    if not playing:
        raise NotAllowed(f"The role {actor.role} may not {action.name} a case.")
    roles = [role.name for role in playing if _of_department(role, view, actor)]
    if not roles:
        how = "assists in" if playing[0].assists else "holds"
        raise NotAllowed(
            f"The role {actor.role} may {action.name} only cases that its own department {how}."
        )
    step = action.steps.get(view.state)
    if step is None:
        raise definition.machine.refusal(action.name, view.state)
    if step.roles.isdisjoint(roles):
        who, possible = ", ".join(sorted(step.roles)), definition.machine.possible(view.state)
        raise NotPossible(
            f"The role {actor.role} may not {action.name} a case that is {view.state}; it is for: "
            f"{who}.",
            possible,
        )
    return step


def _of_department(role: Role, view: CaseView, actor: Actor) -> bool:
    if role.assists:
        return actor.department in view.assistants
    return not role.own_department or (
        actor.department is not None and actor.department == view.department
    )


def _back(view: CaseView, step: Step) -> str | None:
    """The state that a step leads back to: the one that the mark kept."""
    return None if step.back is None else str(view.marks.get(step.back, ""))


def _begins_afresh(action: Action, step: Step) -> bool:
    """Whether a case that was over forgets its clocks, or goes on with them."""
    return action.reopens and step.again is None


def _assistants(
    view: CaseView, action: Action, step: Step, actor: Actor, fields: Mapping[str, Any]
) -> Mapping[str, bool]:
    """The departments that assist, each with whether it has done its part."""
    anew = action.succeeds or "department" in fields
    if anew or step.releases or step.holder is not None:
        return dict.fromkeys(fields.get(action.departments or "", ()), False)
    if action.assists and actor.department is not None:
        return {**view.assistants, actor.department: True}
    return view.assistants


def _outcome(
    view: CaseView, action: Action, step: Step, fields: Mapping[str, Any]
) -> tuple[str, Condition | None, str | None]:
    category = fields.get("category", view.category)
    kept = None if "category" in fields else view.condition
    if action.succeeds:
        kept = view.successor
    return category, fields.get("condition", kept), _holder(view, step, fields)


def _holder(view: CaseView, step: Step, fields: Mapping[str, Any]) -> str | None:
    """Who holds the case then: nobody, whom the field names, the step's office, or as before."""
    if step.releases:
        return None
    by_step = view.office(step.holder) if step.holder is not None else None
    named: str | None = fields.get("department", by_step)
    return view.department if named is None else named


def _changes(view: CaseView, category: str, holding: Holding) -> dict[str, Any]:
    old = {
        "category": view.category,
        "condition": view.condition and view.condition.code,
        "department": view.department,
    }
    new = {
        "category": category,
        "condition": holding.condition and holding.condition.code,
        "department": holding.department,
    }
    changed = {name: new[name] for name in new if new[name] != old[name]}
    return changed | {"was": {name: old[name] for name in changed}} if changed else {}


def _facts(action: Action, step: Step, fields: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"reopened": True} if _begins_afresh(action, step) else {}
    if "photos" in fields:
        facts["photos"] = list(fields["photos"])
    if "closing_met" in fields:
        facts["closing_met"] = True
    chosen = {f.name: fields[f.name] for f in action.fields if f.choices and f.name in fields}
    if chosen:
        facts["chosen"] = chosen
    if action.moment is not None and action.moment in fields:
        facts["moments"] = {action.moment: utc_text(fields[action.moment])}
    return facts


def _changed(before: Deadlines, after: Deadlines) -> list[dict[str, Any]]:
    """The clocks that are not as they were; a stage has one."""
    was = {deadline.stage: deadline for deadline in before}
    return [
        deadline.to_json()
        for deadline in after
        if (old := was.get(deadline.stage)) is not deadline and old != deadline
    ]
