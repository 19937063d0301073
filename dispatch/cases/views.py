"""A stored case as the workflow sees it."""

from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType

from dispatch.cases.case import Case
from dispatch.cases.offices import Registers, office_of
from workflows.applying import as_filed, profile_of, under_profile
from workflows.case import CaseView, nobody
from workflows.categories import Category
from workflows.conditions import Condition

NO_GRADES: Mapping[str, str] = MappingProxyType({})


def view_of(
    case: Case,
    categories: Mapping[str, Category],
    reporters: Iterable[str] = (),
    registers: Registers | None = None,
    grades: Mapping[str, str] = NO_GRADES,
) -> CaseView:
    """The view of a locked case; `reporters` are needed only where inspection is decided, and
    `registers` where a case may be passed to another level; `grades` of areas where it may pass on
    to the next row of its table.

    Its condition has the limit that the case was filed with, whatever the table says now.
    """
    category = categories.get(case.category)
    condition = (
        category.condition(case.condition)
        if category is not None and case.condition is not None
        else None
    )
    successor = _successor(case, category, condition, grades)
    if condition is not None:
        condition = as_filed(condition, case.limit_text or _clock_limit(case))
    return CaseView(
        state=case.state,
        category=case.category,
        condition=condition,
        successor=successor,
        department=case.department,
        handled_by=frozenset(case.handled_by),
        reporters=frozenset(reporters),
        deadlines=case.deadlines,
        marks=case.marks,
        assistants=case.assistants,
        district=case.district,
        office=nobody if registers is None else partial(office_of, registers, case),
    )


def _successor(
    case: Case, category: Category | None, condition: Condition | None, grades: Mapping[str, str]
) -> Condition | None:
    """The row that follows, with the limit that counts in the case's place today."""
    if category is None or condition is None or condition.successor is None:
        return None
    found = category.condition(condition.successor)
    profile = profile_of(grades, (case.community, case.district, case.city))
    return None if found is None else under_profile(found, profile)


def _clock_limit(case: Case) -> str | None:
    """The limit of a case of an older version, as its condition's clock has it: a clock that is
    held by a department runs by the condition."""
    return next((one.limit for one in case.deadlines if one.holder is not None), None)
