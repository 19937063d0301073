"""The catalogue of what can be reported. The key of a category is its standard, kind and code."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from workflows.conditions import Condition, read_conditions
from workflows.documents import Place
from workflows.errors import CategoryError

_FOUR = re.compile(r"[0-9]{4}", flags=re.ASCII)
_FIVE = re.compile(r"[0-9]{5}", flags=re.ASCII)
# Two digits of the big class and two of the small one; since 2026 three of the small one.
_CODES = {"GB/T 47678.5-2026": (_FIVE, "five")}


class Kind(StrEnum):
    """What sort of thing a category is; it is part of the key, for codes repeat across kinds."""

    PART = "part"
    EVENT = "event"
    MATTER = "matter"


class Line(StrEnum):
    """The business line that a category belongs to."""

    URBAN_MANAGEMENT = "urban_management"
    SOCIAL_GOVERNANCE = "social_governance"
    PUBLIC_SERVICE = "public_service"


class Certainty(StrEnum):
    """How well a code is known to be the standard's."""

    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"


LETTERS = {Kind.PART: "P", Kind.EVENT: "E", Kind.MATTER: "M"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One small class of a standard.

    `code` is the public code ("E0110", unique within the standard), `standard_code` the standard's
    own ("0110", unique within standard and kind), `part_class` the class as the register of parts
    has it ("P0137").
    `join_radius_m` and `join_hours` say how near and how soon a report joins an open case; at 0
    hours it never does.
    """

    code: str
    standard: str
    kind: Kind
    standard_code: str
    name_zh: str
    name_en: str
    class_zh: str
    class_en: str
    line: Line
    certainty: Certainty
    part_class: str | None
    conditions: tuple[Condition, ...]
    join_radius_m: int = 50
    join_hours: int = 24

    def condition(self, code: str) -> Condition | None:
        """Return the category's condition of that code."""
        return next((row for row in self.conditions if row.code == code), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Catalogue:
    standard: str
    line: Line
    join_radius_m: int
    join_hours: int
    certainty: Certainty


def load_categories(document: object) -> tuple[Category, ...]:
    """Check a catalogue document and return its categories in the document's order.

    `certainty` at the top counts for the categories that name none. Raises `CategoryError` naming
    the place: an unknown name, a code twice, a limit that cannot be read, or a row whose words and
    clock type disagree.
    """
    top = Place(document, "catalogue", CategoryError)
    top.mapping(
        {"standard", "line", "classes", "join", "source"}, frozenset({"shared_rows", "certainty"})
    )
    join = top.at("join")
    join.mapping({"radius_m", "hours"})
    catalogue = _Catalogue(
        standard=top.at("standard").text(),
        line=top.at("line").choice(Line),
        join_radius_m=join.at("radius_m").whole(least=1),
        join_hours=join.at("hours").whole(),
        certainty=_certainty(top.at("certainty"), Certainty.SURE),
    )
    found: dict[str, Category] = {}
    for big in top.at("classes").items():
        for place, category in _categories(big, catalogue):
            if category.code in found:
                raise place.at("code").wrong(f"the code {category.code} stands twice; keep one")
            found[category.code] = category
    return tuple(found.values())


def _categories(big: Place, catalogue: _Catalogue) -> Iterable[tuple[Place, Category]]:
    big.mapping({"kind", "code", "name", "categories"})
    kind = big.at("kind").choice(Kind)
    big_code, big_name = big.at("code").text(), big.at("name").label()
    for place in big.at("categories").items():
        place.mapping({"code", "name"}, frozenset({"certainty", "conditions"}))
        code = place.at("code").text()
        form, digits = _CODES.get(catalogue.standard, (_FOUR, "four"))
        if not form.fullmatch(code) or not code.startswith(big_code):
            raise place.at("code").wrong(
                f"must be {digits} digits that begin with the big class {big_code}, not {code!r}"
            )
        name, public = place.at("name").label(), LETTERS[kind] + code
        yield (
            place,
            Category(
                code=public,
                standard=catalogue.standard,
                kind=kind,
                standard_code=code,
                name_zh=name.zh,
                name_en=name.en,
                class_zh=big_name.zh,
                class_en=big_name.en,
                line=catalogue.line,
                certainty=_certainty(place.at("certainty"), catalogue.certainty),
                part_class=public if kind is Kind.PART else None,
                conditions=read_conditions(place.at("conditions"), public),
                join_radius_m=catalogue.join_radius_m,
                join_hours=catalogue.join_hours,
            ),
        )


def _certainty(place: Place, otherwise: Certainty) -> Certainty:
    return otherwise if place.value is None else place.choice(Certainty)
