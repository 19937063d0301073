"""Cases, areas, categories and departments as the API shows them (design §5)."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from dispatch.cases.case import Case
from dispatch.cases.history import moment, moment_or_none
from dispatch.cases.offices import is_office
from dispatch.catalogue.knowledge import Known
from dispatch.reading.duplicates import Compared
from grid.areas import Area, Level
from grid.departments import Department
from workflows.calendar import Calendars
from workflows.case import ActionForm, FieldForm
from workflows.categories import Category
from workflows.deadlines import Deadline, explain
from workflows.definition import FieldType, Office
from workflows.seasons import Band, Season

SOON = Fraction(4, 5)
"""The part of a limit after which a case is soon late; desks see it in another colour."""


def case_row(case: Case) -> dict[str, Any]:
    """A case as a list shows it."""
    return {
        "id": str(case.id),
        "number": case.number,
        "line": case.line,
        "category": case.category,
        "condition": case.condition,
        "state": case.state,
        "version": case.version,
        "seq": case.seq,
        "areas": case.areas,
        "location": {"lon": round(case.lon, 7), "lat": round(case.lat, 7)},
        "opened_at": moment(case.opened_at),
        "closed_at": moment_or_none(case.closed_at),
        "due_at": moment_or_none(case.due_at),
        "department": case.department,
        "source": case.source,
        "report_count": case.report_count,
    }


def queue_row(case: Case, calendars: Calendars) -> dict[str, Any]:
    """A case as a desk's queue shows it: `waiting` is the clock that runs, null without one."""
    running = next((one for one in case.deadlines if one.running), None)
    return {
        **case_row(case),
        "definition": case.definition,
        "marks": dict(case.marks),
        "waiting": None if running is None else _clock_row(running, calendars),
    }


def _clock_row(deadline: Deadline, calendars: Calendars) -> dict[str, Any]:
    """A clock without its breakdown; `soon_at` is when four fifths of the limit are counted."""
    soon = deadline.rung_due(SOON, calendars) if deadline.due_at is not None else None
    return {
        "stage": deadline.stage,
        "limit": deadline.limit,
        "clock": deadline.clock.value,
        "started_at": moment(deadline.started_at),
        "soon_at": moment_or_none(soon),
        "due_at": moment_or_none(deadline.due_at),
    }


def case_sheet(
    case: Case,
    *,
    reports: Sequence[str],
    photos: Sequence[Mapping[str, str]],
    merged: Sequence[Mapping[str, Any]],
    calendars: Calendars,
    actions: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """A whole case: links with distances, clocks with their breakdown, the actions possible now."""
    return {
        **case_row(case),
        "definition": case.definition,
        "map_version": case.map_version,
        "accuracy_m": round(case.accuracy_m, 1),
        "part": case.part,
        "possible_duplicate_of": (
            None if case.possible_duplicate_of is None else str(case.possible_duplicate_of)
        ),
        "reports": {"count": case.report_count, "first": list(reports)},
        "photos": list(photos),
        "marks": dict(case.marks),
        "assistants": [
            {"department": code, "done": done} for code, done in case.assistants.items()
        ],
        "merged_into": None if case.merged_into is None else str(case.merged_into),
        "merged": list(merged),
        "split_from": None if case.split_from is None else str(case.split_from),
        "links": {
            kind: [{**link, "distance_m": float(link["distance_m"])} for link in links]
            for kind, links in case.links.items()
        },
        "deadlines": [deadline_row(deadline, calendars) for deadline in case.deadlines],
        "actions": list(actions),
    }


def compared_rows(compared: Iterable[Compared]) -> list[dict[str, str]]:
    """What was answered of a case and others, in order."""
    return [{"case": str(one.other), "number": one.number, **one.told()} for one in compared]


def deadline_row(deadline: Deadline, calendars: Calendars) -> dict[str, Any]:
    """A stage's clock and why its moment is the one it is."""
    return {
        **_clock_row(deadline, calendars),
        "calendar": deadline.calendar,
        "extensions": deadline.extensions,
        "holder": deadline.holder,
        "stopped_at": moment_or_none(deadline.stopped_at),
        "provisional": deadline.provisional,
        "pauses": _pauses(deadline),
        "breakdown": [span.to_json() for span in explain(deadline, calendars)],
    }


def _pauses(deadline: Deadline) -> list[dict[str, str]]:
    """When the clock stood between its runs; it stands since `stopped_at` where that is told."""
    ends = [end for _start, end in deadline.runs]
    starts = [start for start, _end in deadline.runs[1:]] + [deadline.started_at]
    return [
        {"from": moment(end), "to": moment(start)} for end, start in zip(ends, starts, strict=False)
    ]


def action_row(form: ActionForm, case: Case, known: Known) -> dict[str, Any]:
    """An action with its fields, and the choices that only the running system knows."""
    return {
        "name": form.name,
        "label": form.label.to_json(),
        "fields": [_field_row(field, case, known) for field in form.fields],
    }


def _field_row(field: FieldForm, case: Case, known: Known) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": str(field.type),
        "required": field.required,
        "label": field.label.to_json(),
        "choices": _choices(field, case, known),
        "choice_labels": _choice_labels(field),
    }


def _choices(field: FieldForm, case: Case, known: Known) -> list[str] | None:
    if field.type == FieldType.CONDITION:
        category = known.catalogue.categories.get(case.category)
        return [row.code for row in category.conditions] if category is not None else []
    if field.office is not None:
        return offices(field.office, case, known)
    if field.type in (FieldType.DEPARTMENT, FieldType.DEPARTMENTS):
        return suitable_departments(case, known)
    if field.type == FieldType.DISTRICT:
        return other_districts(case, known)
    return None if field.choices is None else list(field.choices)


def _choice_labels(field: FieldForm) -> dict[str, Any] | None:
    if field.choice_labels is None:
        return None
    return {code: one.to_json() for code, one in field.choice_labels.items()}


def offices(office: Office, case: Case, known: Known) -> list[str]:
    """Departments that are such an office for the case's place, but for the one that holds it."""
    return [
        one.code
        for one in known.departments.values()
        if is_office(one, office, case) and one.code != case.department
    ]


def suitable_departments(case: Case, known: Known) -> list[str]:
    """Departments that work for one of the case's areas."""
    areas = {case.city, case.district, case.community}
    return [one.code for one in known.departments.values() if one.area in areas]


def other_districts(case: Case, known: Known) -> list[str]:
    """The districts that a case may be given to: those of its city, less its own."""
    return sorted(
        area.code
        for area in known.in_force.areas.values()
        if area.level is Level.DISTRICT and area.parent == case.city and area.code != case.district
    )


def area_row(area: Area) -> dict[str, Any]:
    """An area as forms need it; `bbox` is in degrees."""
    return {
        "code": area.code,
        "name": {"zh": area.name_zh, "en": area.name_en},
        "parent": area.parent,
        "level": area.level.value,
        "bbox": list(area.bbox),
        "made": area.made,
    }


def category_row(category: Category) -> dict[str, Any]:
    """A category with its conditions, as forms need it."""
    return {
        "code": category.code,
        "name": {"zh": category.name_zh, "en": category.name_en},
        "parent": {"zh": category.class_zh, "en": category.class_en},
        "line": category.line.value,
        "kind": category.kind.value,
        "standard": category.standard,
        "certainty": category.certainty.value,
        "part_class": category.part_class,
        "conditions": [
            {
                "code": row.code,
                "limit": row.limit.text,
                "clock": row.limit.clock.value,
                "text": {"zh": row.text_zh, "en": row.text_en},
                "closing": {"zh": row.closing_zh, "en": row.closing_en},
                "made": row.made,
                "season": _span(row.season),
                "band": _span(row.band),
                "inspect_in_band": row.inspect_in_band,
                "closes_by_notice": row.closes_by_notice,
                "dispatch_limit": row.dispatch_limit and row.dispatch_limit.text,
                "successor": row.successor,
                "profiles": {name: limit.text for name, limit in row.profiles},
            }
            for row in category.conditions
        ],
    }


def _span(when: Season | Band | None) -> dict[str, str] | None:
    return None if when is None else {"from": when.first, "to": when.last}


def department_row(department: Department) -> dict[str, Any]:
    """A department as forms need it; `parent` is the area it works for."""
    return {
        "code": department.code,
        "name": {"zh": department.name_zh, "en": department.name_en},
        "parent": department.area,
        "kind": department.kind.value,
        "fallback": department.fallback,
        "calendar": department.calendar or None,
    }
