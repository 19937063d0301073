"""The catalogue of what can be reported, with the conditions under which a case is filed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from workflows.documents import Place
from workflows.errors import CategoryError, LimitError
from workflows.limits import ClockType, Limit, parse_limit

_CODE = re.compile(r"[0-9]{4}")


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
class Condition:
    """A filing condition 立案条件: its limit, and the closing condition 结案条件.

    `code` is the category's public code and the row, "E0110-1". `made` marks a row that was made
    up for a demonstration and stands in no city's table.
    """

    code: str
    limit: Limit
    text_zh: str
    text_en: str
    closing_zh: str
    closing_en: str
    urgent: bool
    made: bool

    @property
    def category(self) -> str:
        """The public code of the category that the condition belongs to."""
        return self.code.rpartition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One small class of a standard.

    `code` is the public code ("E0110"), `standard_code` the standard's own ("0110", unique only
    within standard and kind), `part_class` the class as the register of parts has it ("P0137").
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


def load_categories(document: object) -> tuple[Category, ...]:
    """Check a catalogue document and return its categories in the document's order.

    Raises `CategoryError` naming the place: an unknown name, a code twice, a limit that cannot be
    read, or a row whose words and clock type disagree.
    """
    top = Place(document, "catalogue", CategoryError)
    top.mapping({"standard", "line", "classes", "join", "source"}, frozenset({"shared_rows"}))
    join = top.at("join")
    join.mapping({"radius_m", "hours"})
    catalogue = _Catalogue(
        standard=top.at("standard").text(),
        line=top.at("line").choice(Line),
        join_radius_m=join.at("radius_m").whole(least=1),
        join_hours=join.at("hours").whole(),
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
        if not _CODE.fullmatch(code) or not code.startswith(big_code):
            raise place.at("code").wrong(
                f"must be four digits that begin with the big class {big_code}, not {code!r}"
            )
        name, public = place.at("name").label(), LETTERS[kind] + code
        sure = place.at("certainty")
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
                certainty=Certainty.SURE if sure.value is None else sure.choice(Certainty),
                part_class=public if kind is Kind.PART else None,
                conditions=_conditions(place.at("conditions"), public),
                join_radius_m=catalogue.join_radius_m,
                join_hours=catalogue.join_hours,
            ),
        )


def _conditions(rows: Place, category: str) -> tuple[Condition, ...]:
    found: dict[str, Condition] = {}
    for row in rows.items():
        row.mapping({"row", "limit", "clock", "text", "closing"}, frozenset({"made"}))
        code = f"{category}-{row.at('row').text()}"
        if code in found:
            raise row.at("row").wrong(f"the row {code} stands twice; keep one")
        limit = _limit(row)
        text, closing = row.at("text").label(), row.at("closing").label()
        found[code] = Condition(
            code=code,
            limit=limit,
            text_zh=text.zh,
            text_en=text.en,
            closing_zh=closing.zh,
            closing_en=closing.en,
            urgent=limit.urgent,
            made=row.at("made").flag(default=False),
        )
    return tuple(found.values())


def _limit(row: Place) -> Limit:
    place = row.at("limit")
    try:
        limit = parse_limit(place.text())
    except LimitError as error:
        raise place.wrong(str(error)) from error
    clock = row.at("clock").choice(ClockType)
    if limit.clock is not clock:
        raise row.at("clock").wrong(
            f"says {clock}, but the words {limit.text!r} say {limit.clock}; correct one of them"
        )
    return limit
