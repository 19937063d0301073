"""A stored case as the workflow sees it."""

from collections.abc import Iterable, Mapping
from functools import partial

from dispatch.cases import Case
from dispatch.offices import Registers, office_of
from workflows.applying import as_filed
from workflows.case import CaseView, nobody
from workflows.categories import Category


def view_of(
    case: Case,
    categories: Mapping[str, Category],
    reporters: Iterable[str] = (),
    registers: Registers | None = None,
) -> CaseView:
    """The view of a locked case; `reporters` are needed only where inspection is decided, and
    `registers` where a case may be passed to another level.

    Its condition has the limit that the case was filed with, whatever the table says now.
    """
    category = categories.get(case.category)
    condition = (
        category.condition(case.condition)
        if category is not None and case.condition is not None
        else None
    )
    if condition is not None:
        condition = as_filed(condition, case.limit_text or _clock_limit(case))
    return CaseView(
        state=case.state,
        category=case.category,
        condition=condition,
        department=case.department,
        handled_by=frozenset(case.handled_by),
        reporters=frozenset(reporters),
        deadlines=case.deadlines,
        marks=case.marks,
        assistants=case.assistants,
        district=case.district,
        office=nobody if registers is None else partial(office_of, registers, case),
    )


def _clock_limit(case: Case) -> str | None:
    """The limit of a case of an older version, as its condition's clock has it: a clock that is
    held by a department runs by the condition."""
    return next((one.limit for one in case.deadlines if one.holder is not None), None)
