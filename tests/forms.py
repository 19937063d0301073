"""Fills the forms of actions as people at desks would, from what the case's sheet offers."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = Mapping[str, Any]
ENDING = frozenset({"void", "reject", "force-close", "merge", "self-handle"})
"""What takes a case out of work; chosen at random it would end most cases early."""
TALK = frozenset(
    {"urge", "hand-over", "supervise", "instruct", "escalate", "relocate", "reclassify", "split"}
)
"""What is possible nearly always, and would be all that happens."""
REASONS = ("现场核对", "群众来电说明", "部门职责不符")


@dataclass(slots=True)
class Forms:
    """Values for the fields of an action's form; `categories` as the API lists them.

    `others` are the ids of cases that a form may name, `accounts` those that may take a case over,
    `soon_s` how far ahead a chosen moment lies.
    """

    pick: random.Random
    categories: Sequence[Json]
    accounts: Sequence[str]
    soon_s: tuple[float, float]
    others: Sequence[str] = field(default_factory=list)

    def fill(self, sheet: Json, action: Json, optional: float = 0.3) -> dict[str, Any] | None:
        """The form's fields: those required, and each other one with the chance `optional`.

        None where a required one has nothing to choose from.
        """
        made: dict[str, Any] = {}
        for each in action["fields"]:
            if not each["required"] and self.pick.random() >= optional:
                continue
            value = self._value(sheet, action["name"], each, made)
            if value is None and each["required"]:
                return None
            if value is not None:
                made[each["name"]] = value
        return made

    def _value(self, sheet: Json, action: str, each: Json, made: Json) -> Any:
        if each["type"] == "condition" and "category" in made:
            return self._condition(made["category"])
        if each["type"] == "departments":
            return self._departments(each["choices"], made)
        if each["choices"] is not None:
            return self.pick.choice(each["choices"]) if each["choices"] else None
        if each["type"] == "category":
            return self._category(sheet, any_line=action == "split")
        if each["type"] == "location":
            return self._place(sheet)
        return self._plain(sheet, each)

    def _plain(self, sheet: Json, each: Json) -> Any:
        if each["type"] == "confirmation":
            return True
        if each["type"] == "account":
            return self.pick.choice(self.accounts)
        if each["type"] == "moment":
            ahead = timedelta(seconds=self.pick.uniform(*self.soon_s))
            return (datetime.now(UTC) + ahead).isoformat()
        if each["type"] == "case":
            others = [one for one in self.others if one != sheet["id"]]
            return self.pick.choice(others) if others else None
        return self.pick.choice(REASONS) if each["type"] == "text" else None

    def _condition(self, category: str) -> str | None:
        row = next(one for one in self.categories if one["code"] == category)
        codes = [one["code"] for one in row["conditions"]]
        return self.pick.choice(codes) if codes else None

    def _category(self, sheet: Json, *, any_line: bool) -> str:
        """One with a condition, of the case's own line where it must be."""
        codes = [
            one["code"]
            for one in self.categories
            if one["conditions"] and (any_line or one["line"] == sheet["line"])
        ]
        return str(self.pick.choice(codes))

    def _departments(self, choices: Sequence[str], made: Json) -> list[str] | None:
        left = [one for one in choices if one != made.get("department")]
        return self.pick.sample(left, min(len(left), self.pick.choice((1, 1, 2)))) or None

    def _place(self, sheet: Json) -> dict[str, Any]:
        """Far enough to cross communities, and districts now and then."""
        lon = sheet["location"]["lon"] + self.pick.gauss(0, 0.03)
        lat = sheet["location"]["lat"] + self.pick.gauss(0, 0.03)
        return {"lon": round(lon, 6), "lat": round(lat, 6), "crs": "wgs84", "accuracy_m": 5}


def choose(
    pick: random.Random, offered: Sequence[str], usual: Sequence[str], apt: float
) -> str | None:
    """An action of those offered: with the chance `apt` the one that brings the case on.

    None now and then where all that can be done would end the case or is mere talk.
    """
    ahead = next((one for one in usual if one in offered), None)
    if ahead is not None and pick.random() < apt:
        return ahead
    weights = [0.15 if one in ENDING else 0.2 if one in TALK else 1.0 for one in offered]
    if max(weights) < pick.random():
        return None
    return pick.choices(list(offered), weights)[0]
