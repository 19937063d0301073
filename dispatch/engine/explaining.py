"""Who would get a case, and why: what the engine would decide, without a report. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.engine.filing import AskedPart, FilingRules, choose, owner_of
from grid.areas import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The areas of a place; degrees only where a position was given."""

    city: str
    district: str
    community: str
    map_version: int
    candidates: tuple[str, ...] = ()
    degrees: tuple[float, float] | None = None

    @classmethod
    def of_place(cls, place: Place) -> "Where":
        """Where a position lies."""
        return cls(
            city=place.city,
            district=place.district,
            community=place.community,
            map_version=place.map_version,
            candidates=place.candidates,
            degrees=(place.lon, place.lat),
        )

    @property
    def levels(self) -> dict[str, str]:
        """The level of each of its areas."""
        return {self.city: "city", self.district: "district", self.community: "community"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a report would say, in the names that the engine's choice goes by."""

    category: str
    condition: str | None
    source: str
    part: str | None
    part_told: AskedPart
    where: Where
    seen_at: datetime

    @property
    def city(self) -> str:
        return self.where.city

    @property
    def district(self) -> str:
        return self.where.district

    @property
    def community(self) -> str:
        return self.where.community


def explain(rules: FilingRules, asked: Question) -> dict[str, Any]:
    """Every row that applies, which of them decide, and what the engine would do."""
    choice = choose(rules, asked, asked.part_told)
    return {
        "category": asked.category,
        "condition": asked.condition,
        "line": rules.definition_of(asked.category).line.value,
        "definition": rules.definition_of(asked.category).key,
        "source": asked.source,
        "place": _place(asked.where),
        "part": _part(asked),
        "duties": list(_duties(rules, asked)),
        "department": choice.duty.department,
        "assistants": list(choice.duty.assistants),
        "reason": choice.duty.rule.value,
        "conditions": [
            {
                "code": row.code,
                "limit": row.limit.text,
                "profile": row.profile,
                "text": {"zh": row.text_zh, "en": row.text_en},
            }
            for row in choice.conditions
        ],
        "outcome": "acceptors-pool" if choice.filing is None else "filed-and-dispatched",
        "filing": dict(choice.explanation),
    }


def _part(asked: Question) -> dict[str, Any] | None:
    if asked.part is None:
        return None
    told = asked.part_told
    return {"code": asked.part, "known": told.known, "owner": told.owner or None}


def _place(where: Where) -> dict[str, Any]:
    location = None
    if where.degrees is not None:
        lon, lat = where.degrees
        location = {"lon": round(lon, 7), "lat": round(lat, 7)}
    return {
        "areas": {
            "city": where.city,
            "district": where.district,
            "community": where.community,
        },
        "location": location,
        "candidates": list(where.candidates),
        "map_version": where.map_version,
    }


def _duties(rules: FilingRules, asked: Question) -> Iterator[dict[str, Any]]:
    owner = owner_of(rules.categories[asked.category], asked.part_told)
    groups = rules.duties.applying(
        asked.category, asked.city, asked.district, asked.community, owner
    )
    for number, rows in enumerate(groups):
        for row in rows:
            yield {
                "id": row.id,
                "department": row.department,
                "category": row.category,
                "area": row.area,
                "owner": row.owner or None,
                "assistants": list(row.assistants),
                "level": asked.where.levels[row.area],
                "decides": number == 0,
            }
