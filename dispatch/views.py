"""A stored case as the workflow sees it."""

from collections.abc import Iterable, Mapping
from functools import partial

from dispatch.cases import Case
from dispatch.offices import Registers, office_of
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
    """
    category = categories.get(case.category)
    condition = (
        category.condition(case.condition)
        if category is not None and case.condition is not None
        else None
    )
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
        office=nobody if registers is None else partial(office_of, registers, case),
    )
