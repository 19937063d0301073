"""A stored case as the workflow sees it."""

from collections.abc import Iterable, Mapping

from dispatch.cases import Case
from workflows.case import CaseView
from workflows.categories import Category


def view_of(
    case: Case, categories: Mapping[str, Category], reporters: Iterable[str] = ()
) -> CaseView:
    """The view of a locked case; `reporters` are needed only where inspection is decided."""
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
    )
