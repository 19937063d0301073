"""Who files (design decision 10): whether a report is filed and dispatched at once, and why.

The engine decides by this and `POST /duty/explain` tells it, so the two cannot differ. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol

from dispatch.cases.event_bodies import UNKNOWN_PART
from grid.departments import DutyChoice, DutyRule, DutyTable
from grid.linking import PartPlace
from workflows.applying import InForce, Situation, profile_of, rows_in_force
from workflows.case import Filing
from workflows.categories import Category, Kind
from workflows.conditions import Condition
from workflows.definition import Definition


class FilingRules(Protocol):
    """What is decided by."""

    @property
    def categories(self) -> Mapping[str, Category]: ...
    @property
    def duties(self) -> DutyTable: ...
    @property
    def trusted_sources(self) -> frozenset[str]: ...
    @property
    def grades(self) -> Mapping[str, str]: ...
    @property
    def zone(self) -> tzinfo: ...

    def definition_of(self, category: str) -> Definition: ...


class Reported(Protocol):
    """What counts of a report: what, where, when, from whom."""

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
    @property
    def seen_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPart:
    """What is known of the part that a report names; `owner` "" where nobody knows."""

    known: bool = True
    owner: str = ""

    @classmethod
    def of(cls, place: PartPlace | None) -> "AskedPart":
        """What the register has of it; None where it has it not."""
        return cls(known=False) if place is None else cls(owner=place.owner)


NO_PART = AskedPart()
"""The report names none."""
FILED = {
    DutyRule.EXACT: "trusted-source-one-condition-one-duty",
    DutyRule.FALLBACK: "trusted-source-one-condition-fallback",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whether the report is filed at once, and why or why not."""

    filing: Filing | None
    duty: DutyChoice
    conditions: tuple[Condition, ...]
    explanation: Mapping[str, Any]


def choose(rules: FilingRules, report: Reported, part: AskedPart) -> Choice:
    """Files a trusted report that decides exactly one condition row and exactly one duty row, or
    for which the fallback of its area answers.

    Rows that do not hold when the trouble was seen are left out, and the limit is the one of the
    place's profile.
    """
    category = rules.categories[report.category]
    profile = profile_of(rules.grades, (report.community, report.district, report.city))
    asked = Situation(profile=profile, moments=(report.seen_at.astimezone(rules.zone),))
    found = rows_in_force(category, report.condition, asked)
    duty = rules.duties.find(*_duty_key(report), owner=owner_of(category, part))
    why = _obstacles(rules, report, found, duty, part)
    explanation: dict[str, Any] = {
        "rule": "pool" if why else FILED[duty.rule],
        "why": why,
        "conditions": [condition.code for condition in found.rows],
        **_duty_told(rules, report, duty),
        **_circumstances(found, asked),
    }
    filing = None
    if not why and duty.department is not None:
        filing = Filing(condition=found.rows[0], department=duty.department)
    return Choice(filing=filing, duty=duty, conditions=found.rows, explanation=explanation)


def owner_of(category: Category, part: AskedPart) -> str:
    """Whose it is, where that counts: a part's owner comes first, an event is its territory's."""
    return part.owner if category.kind is Kind.PART else ""


def _duty_key(report: Reported) -> tuple[str, str, str, str]:
    return report.category, report.city, report.district, report.community


def _duty_told(rules: FilingRules, report: Reported, duty: DutyChoice) -> dict[str, Any]:
    """Who answers and by which row; where nobody does, who could repair in another's stead."""
    told: dict[str, Any] = {"duty": duty.duty.id if duty.duty is not None else None}
    if duty.duty is None and duty.candidates:
        told["duties"] = [candidate.id for candidate in duty.candidates]
    if any(candidate.owner for candidate in duty.candidates):
        told["by_owner"] = True
    if duty.assistants:
        told["assistants"] = list(duty.assistants)
    if duty.fallbacks:
        told["fallbacks"] = list(duty.fallbacks)
    if duty.is_ownerless:
        told["stand_ins"] = [
            {"department": row.department, "duty": row.id}
            for row in rules.duties.stand_ins(*_duty_key(report))
        ]
    return told


def _circumstances(found: InForce, asked: Situation) -> dict[str, Any]:
    """What place and time decided, where they did: the profile, and the rows that do not hold."""
    told: dict[str, Any] = {}
    if any(row.profile is not None for row in found.rows):
        told["profile"] = asked.profile
    if found.left_out:
        told["seen_at"] = asked.moments[0].isoformat(timespec="seconds")
        told["left_out"] = [
            {
                "condition": row.code,
                "why": why.value,
                "season": str(row.season) if row.season else None,
                "band": str(row.band) if row.band else None,
            }
            for row, why in found.left_out
        ]
    return told


def _obstacles(
    rules: FilingRules, report: Reported, found: InForce, duty: DutyChoice, part: AskedPart
) -> list[str]:
    checks = (
        (report.source not in rules.trusted_sources, "source-not-trusted"),
        (not found.rows, "condition-none"),
        (not found.rows and bool(found.left_out), "condition-not-now"),
        (len(found.rows) > 1, "condition-ambiguous"),
        (duty.department is None, f"duty-{duty.rule}"),
        (duty.is_ownerless, "ownerless"),
        (len(duty.fallbacks) > 1, "fallback-ambiguous"),
        (not part.known, UNKNOWN_PART),
    )
    return [reason for failed, reason in checks if failed]
