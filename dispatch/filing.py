"""Who files (design decision 10): whether a report is filed and dispatched at once, and why.

The engine decides by this and `POST /duty/explain` tells it, so the two cannot differ. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol

from dispatch.event_bodies import UNKNOWN_PART
from grid.departments import DutyChoice, DutyTable
from workflows.applying import InForce, Situation, profile_of, rows_in_force
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
    @property
    def grades(self) -> Mapping[str, str]: ...
    @property
    def zone(self) -> tzinfo: ...


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
class Choice:
    """Whether the report is filed at once, and why or why not."""

    filing: Filing | None
    duty: DutyChoice
    conditions: tuple[Condition, ...]
    explanation: Mapping[str, Any]


def choose(rules: FilingRules, report: Reported, known_part: bool) -> Choice:
    """Files a trusted report that decides exactly one condition row and exactly one duty row.

    Rows that do not hold when the trouble was seen are left out, and the limit is the one of the
    place's profile.
    """
    profile = profile_of(rules.grades, (report.community, report.district, report.city))
    asked = Situation(profile=profile, moments=(report.seen_at.astimezone(rules.zone),))
    found = rows_in_force(rules.categories[report.category], report.condition, asked)
    duty = rules.duties.find(report.category, report.city, report.district, report.community)
    why = _obstacles(rules, report, found, duty, known_part)
    explanation: dict[str, Any] = {
        "rule": "pool" if why else "trusted-source-one-condition-one-duty",
        "why": why,
        "conditions": [condition.code for condition in found.rows],
        "duty": duty.duty.id if duty.duty is not None else None,
        **_circumstances(found, asked),
    }
    if duty.duty is None and duty.candidates:
        explanation["duties"] = [candidate.id for candidate in duty.candidates]
    filing = None
    if not why and duty.duty is not None:
        filing = Filing(condition=found.rows[0], department=duty.duty.department)
    return Choice(filing=filing, duty=duty, conditions=found.rows, explanation=explanation)


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
    rules: FilingRules, report: Reported, found: InForce, duty: DutyChoice, known_part: bool
) -> list[str]:
    checks = (
        (report.source not in rules.trusted_sources, "source-not-trusted"),
        (not found.rows, "condition-none"),
        (not found.rows and bool(found.left_out), "condition-not-now"),
        (len(found.rows) > 1, "condition-ambiguous"),
        (duty.duty is None, f"duty-{duty.rule}"),
        (not known_part, UNKNOWN_PART),
    )
    return [reason for failed, reason in checks if failed]
