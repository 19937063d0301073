"""Who files (design decision 10): whether a report is filed and dispatched at once, and why.

The engine decides by this and `POST /duty/explain` tells it, so the two cannot differ. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dispatch.event_bodies import UNKNOWN_PART
from grid.departments import DutyChoice, DutyTable
from workflows.case import Filing
from workflows.categories import Category
from workflows.conditions import Condition


class FilingRules(Protocol):
    """What is decided by."""

    @property
    def categories(self) -> Mapping[str, Category]: ...
    @property
    def duties(self) -> DutyTable: ...
    @property
    def trusted_sources(self) -> frozenset[str]: ...


class Reported(Protocol):
    """What counts of a report: what, where, from whom."""

    @property
    def category(self) -> str: ...
    @property
    def condition(self) -> str | None: ...
    @property
    def source(self) -> str: ...
    @property
    def city(self) -> str: ...
    @property
    def district(self) -> str: ...
    @property
    def community(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whether the report is filed at once, and why or why not."""

    filing: Filing | None
    duty: DutyChoice
    conditions: tuple[Condition, ...]
    explanation: Mapping[str, Any]


def choose(rules: FilingRules, report: Reported, known_part: bool) -> Choice:
    """Files a trusted report that decides exactly one condition row and exactly one duty row."""
    conditions = _conditions_of(rules.categories[report.category], report.condition)
    duty = rules.duties.find(report.category, report.city, report.district, report.community)
    why = _obstacles(rules, report, conditions, duty, known_part)
    explanation: dict[str, Any] = {
        "rule": "pool" if why else "trusted-source-one-condition-one-duty",
        "why": why,
        "conditions": [condition.code for condition in conditions],
        "duty": duty.duty.id if duty.duty is not None else None,
    }
    if duty.duty is None and duty.candidates:
        explanation["duties"] = [candidate.id for candidate in duty.candidates]
    filing = None
    if not why and duty.duty is not None:
        filing = Filing(condition=conditions[0], department=duty.duty.department)
    return Choice(filing=filing, duty=duty, conditions=conditions, explanation=explanation)


def _conditions_of(category: Category, named: str | None) -> tuple[Condition, ...]:
    """The condition rows a report leaves open: the one it names, or all of its category."""
    if named is None:
        return category.conditions
    return tuple(condition for condition in category.conditions if condition.code == named)


def _obstacles(
    rules: FilingRules,
    report: Reported,
    conditions: Sequence[Condition],
    duty: DutyChoice,
    known_part: bool,
) -> list[str]:
    checks = (
        (report.source not in rules.trusted_sources, "source-not-trusted"),
        (not conditions, "condition-none"),
        (len(conditions) > 1, "condition-ambiguous"),
        (duty.duty is None, f"duty-{duty.rule}"),
        (not known_part, UNKNOWN_PART),
    )
    return [reason for failed, reason in checks if failed]
