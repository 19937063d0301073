"""What may happen to a case, as data and pure functions: no database, no network, no settings."""

from workflows.calendar import Calendars, Due, Span, WorkingCalendar
from workflows.case import (
    ActionForm,
    Actor,
    CaseView,
    Command,
    Decision,
    EventDraft,
    FieldForm,
    Filing,
    Timer,
)
from workflows.categories import Category, Kind, Line, load_categories
from workflows.conditions import Condition
from workflows.deadlines import Deadline, explain
from workflows.decide import allowed_actions, decide, open_case
from workflows.definition import Definition
from workflows.documents import read_document
from workflows.errors import (
    ActionRefused,
    CalendarError,
    CategoryError,
    DefinitionError,
    DocumentError,
    FieldsMissing,
    LimitError,
    NotAllowed,
    NotPossible,
    WorkflowError,
)
from workflows.labels import Label
from workflows.ladder import fire
from workflows.limits import ClockType, Limit, parse_limit
from workflows.loading import DEFINITIONS, load_definition

__all__ = [
    "DEFINITIONS",
    "ActionForm",
    "ActionRefused",
    "Actor",
    "CalendarError",
    "Calendars",
    "CaseView",
    "Category",
    "CategoryError",
    "ClockType",
    "Command",
    "Condition",
    "Deadline",
    "Decision",
    "Definition",
    "DefinitionError",
    "DocumentError",
    "Due",
    "EventDraft",
    "FieldForm",
    "FieldsMissing",
    "Filing",
    "Kind",
    "Label",
    "Limit",
    "LimitError",
    "Line",
    "NotAllowed",
    "NotPossible",
    "Span",
    "Timer",
    "WorkflowError",
    "WorkingCalendar",
    "allowed_actions",
    "decide",
    "explain",
    "fire",
    "load_categories",
    "load_definition",
    "open_case",
    "parse_limit",
    "read_document",
]
