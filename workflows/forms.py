"""What an action asks for, and whether a command brings it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from workflows.case import SYSTEM, CaseView, Command, FieldForm
from workflows.conditions import Condition
from workflows.deadlines import running_due
from workflows.definition import Action, Definition, Field, FieldType, Need, Office
from workflows.errors import FieldsMissing
from workflows.labels import Label
from workflows.worktime import utc_text

REASON = Label(zh="理由", en="reason")
MISSING = "is required"
PHOTOS_MOST = 9


def is_blank(text: object) -> bool:
    """Whether nothing in it can be seen; spaces of every kind and invisible marks are blank."""
    return not isinstance(text, str) or not any(c.isprintable() and not c.isspace() for c in text)


def needed(definition: Definition, view: CaseView, field: Field) -> bool:
    """Whether the case as it stands needs the field."""
    return _NEEDS[field.need](definition, view)


def _asked(definition: Definition, action: Action, view: CaseView, field: Field) -> bool:
    """Whether the field must be given: also a department, where nobody is the step's office."""
    office = _office(action, view, field)
    return needed(definition, view, field) or (office is not None and view.office(office) is None)


def _office(action: Action, view: CaseView, field: Field) -> Office | None:
    step = action.steps.get(view.state)
    return step.holder if step is not None and field.type is FieldType.DEPARTMENT else None


def _once_filed(definition: Definition, view: CaseView) -> bool:
    return definition.stage_of.get(view.state) is not definition.stage_of[definition.initial]


_NEEDS: Mapping[Need, Callable[[Definition, CaseView], bool]] = {
    Need.ALWAYS: lambda _definition, _view: True,
    Need.NEVER: lambda _definition, _view: False,
    Need.UNLESS_CONDITION: lambda _definition, view: view.condition is None,
    Need.ONCE_FILED: _once_filed,
}


def _photos(value: object) -> str | None:
    if not isinstance(value, list | tuple) or any(is_blank(photo) for photo in value):
        return "must be a list of photo ids"
    return f"must be at most {PHOTOS_MOST} photos" if len(value) > PHOTOS_MOST else None


def _named(value: object) -> str | None:
    return MISSING if is_blank(value) else None


def _departments(value: object) -> str | None:
    if not isinstance(value, list | tuple) or any(is_blank(code) for code in value):
        return "must be a list of department codes"
    if not value:
        return MISSING
    return None if len(set(value)) == len(value) else "names a department twice"


def _choice(field: Field, value: object) -> str | None:
    known = isinstance(value, str) and value in field.choices
    return None if known else f"must be one of {', '.join(field.choices)}"


_WRONG: Mapping[FieldType, Callable[[Any], str | None]] = {
    FieldType.TEXT: _named,
    FieldType.DEPARTMENT: _named,
    FieldType.CATEGORY: _named,
    FieldType.ACCOUNT: _named,
    FieldType.CASE: lambda _value: None,
    FieldType.DISTRICT: lambda _value: None,
    FieldType.DEPARTMENTS: _departments,
    FieldType.PHOTOS: _photos,
    FieldType.LOCATION: lambda _value: None,
    FieldType.CONDITION: lambda value: (
        None if isinstance(value, Condition) else "must be a filing condition"
    ),
    FieldType.CONFIRMATION: lambda value: None if value is True else "must be confirmed",
}


def _ahead(field: Field, value: object, view: CaseView, now: datetime) -> str | None:
    if not isinstance(value, datetime):
        return "must be a moment"
    if value <= now:
        return "must lie ahead"
    due = running_due(view.deadlines) if field.by_due else None
    if due is not None and value > due:
        return f"must not be later than {utc_text(due)}, when the limit runs out"
    latest = now + timedelta(days=field.within_days)
    return None if value <= latest else f"must be within {field.within_days} days"


def _wrong(field: Field, value: object, view: CaseView, now: datetime) -> str | None:
    if field.type is FieldType.MOMENT:
        return _ahead(field, value, view, now)
    return _choice(field, value) if field.choices else _WRONG[field.type](value)


def check_fields(
    definition: Definition, action: Action, view: CaseView, command: Command, now: datetime
) -> Mapping[str, Any]:
    """Return the action's fields that the command gives; `FieldsMissing` names all that are wrong.

    Fields that the action does not know are left out. The system needs no reason.
    """
    given: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    if action.reason_required and is_blank(command.reason) and command.actor.role != SYSTEM:
        errors.append(("reason", MISSING))
    for field in action.fields:
        value = command.fields.get(field.name)
        if value is None:
            wrong = MISSING if _asked(definition, action, view, field) else None
        else:
            wrong = _wrong(field, value, view, now)
            given[field.name] = value
        if wrong:
            errors.append((field.name, wrong))
    if not errors:
        errors = _mismatch(view, given) or _doubled(action, view, given)
    if errors:
        raise FieldsMissing(action.name, errors)
    return given


def _mismatch(view: CaseView, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    condition, category = given.get("condition"), given.get("category", view.category)
    if condition is None or condition.category == category:
        return []
    return [("condition", f"{condition.code} belongs to another category than {category}")]


def _doubled(action: Action, view: CaseView, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    name = action.departments
    if name is None or given.get("department", view.department) not in given.get(name, ()):
        return []
    return [(name, "names the main department, too")]


def field_forms(definition: Definition, action: Action, view: CaseView) -> tuple[FieldForm, ...]:
    """Return the fields of an action as the case as it stands needs them, the reason first."""
    reason = FieldForm(name="reason", type="text", required=action.reason_required, label=REASON)
    return (
        reason,
        *(
            FieldForm(
                name=field.name,
                type=field.type.value,
                required=_asked(definition, action, view, field),
                label=field.label,
                choices=tuple(field.choices) or None,
                choice_labels=field.choices or None,
                office=_office(action, view, field),
            )
            for field in action.fields
        ),
    )
