"""Which filing condition is in force, and with which limit: by place, by season, by time of day.

Everywhere a condition enters a case, it comes from `condition_in_force`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from workflows.categories import Category
from workflows.conditions import Condition
from workflows.limits import parse_limit


class NotNow(StrEnum):
    """Why a condition does not hold at a moment."""

    SEASON = "out-of-season"
    BAND = "out-of-band"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where and when a condition is asked for: the profile of the place, and the local moments at
    which the trouble was seen. Without moments every row holds."""

    profile: str | None = None
    moments: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The rows that a report leaves open, and those that do not hold then, with the reason."""

    rows: tuple[Condition, ...]
    left_out: tuple[tuple[Condition, NotNow], ...] = ()


def profile_of(grades: Mapping[str, str], areas: Sequence[str]) -> str | None:
    """The limit profile of a place: the grade of the first of its areas that has one.

    `areas` begin with the most specific: community, district, city.
    """
    return next((grades[area] for area in areas if area in grades), None)


def condition_in_force(condition: Condition, asked: Situation) -> Condition | NotNow:
    """The condition with the limit that counts in that place, or why it does not hold then.

    The limit is the profile's where the row has one for it, else the row's own.
    """
    return _not_now(condition, asked.moments) or under_profile(condition, asked.profile)


def rows_in_force(category: Category, named: str | None, asked: Situation) -> InForce:
    """The rows among which a report chooses: the one that it names, or all of its category."""
    rows, left_out = [], []
    for condition in category.conditions:
        if named is not None and condition.code != named:
            continue
        found = condition_in_force(condition, asked)
        if isinstance(found, NotNow):
            left_out.append((condition, found))
        else:
            rows.append(found)
    return InForce(rows=tuple(rows), left_out=tuple(left_out))


def under_profile(condition: Condition, profile: str | None) -> Condition:
    """The condition with the limit of a profile; as it is where it has none for it."""
    for name, limit in condition.profiles:
        if name == profile:
            return replace(condition, limit=limit, urgent=limit.urgent, profile=profile)
    return condition


def as_filed(condition: Condition, limit: str | None) -> Condition:
    """The condition of an open case: with the limit that it was filed with (design decision 12).

    `limit` None: the case does not say, so the table does.
    """
    if limit is None or limit == condition.limit.text:
        return condition
    filed = parse_limit(limit)
    return replace(condition, limit=filed, urgent=filed.urgent)


def may_inspect(condition: Condition, local: datetime) -> bool:
    """Whether a local moment is one for the inspection: in the hours of the report, where the
    condition asks for that."""
    band = condition.band if condition.inspect_in_band else None
    return band is None or band.holds(local)


def _not_now(condition: Condition, moments: Sequence[datetime]) -> NotNow | None:
    """A row holds where one of the moments lies both in its season and in its band."""
    if not moments or not condition.timed:
        return None
    season, band = condition.season, condition.band
    in_season = [at for at in moments if season is None or season.holds(at)]
    if not in_season:
        return NotNow.SEASON
    return None if band is None or any(map(band.holds, in_season)) else NotNow.BAND
