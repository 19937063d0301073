"""What a file's feature says about an area, judged field by field. No database."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from geo.crs import Projection
from geo.geojson import Fault, Feature, shown
from geo.shapes import from_degrees_together
from grid.areas import Level

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,39}", flags=re.ASCII)
_LONGEST_NAME = 200

Refusal = Fault
"""One reason why a file is refused; row is the feature's number from 1, 0 the file itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """An area as a file gives it; `shape` is a projected multipolygon (WKB). `row` is the feature's
    number, 0 for an area that the register holds already."""

    row: int
    code: str
    level: Level
    parent: str | None
    name_zh: str
    name_en: str
    made: bool
    shape: bytes

    def says_same(self, other: "AreaRow") -> bool:
        """Whether two rows describe the same area alike, wherever they come from."""
        return (
            self.level, self.parent, self.name_zh, self.name_en, self.made, self.shape,
        ) == (
            other.level, other.parent, other.name_zh, other.name_en, other.made, other.shape,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The rows of a file that can be used, the refusals of the others, and the rows of the register
    that gained a corner from a neighbour in the file."""

    rows: tuple[AreaRow, ...]
    refused: tuple[Refusal, ...]
    noded: tuple[AreaRow, ...]


def judge(features: Sequence[Feature], held: Sequence[AreaRow], projection: Projection) -> Judged:
    """Reads areas out of features: properties code, level, parent, name_zh, name_en, made.

    `held` are the areas of the register; those that the file does not name stay beside the new.
    """
    refused: list[Refusal] = []
    good: list[Feature] = []
    first_with: dict[str, int] = {}
    for feature in features:
        faults = [*_property_faults(feature)] or [*_twin_faults(feature, first_with)]
        refused.extend(faults)
        if not faults:
            good.append(feature)
    beside = [row for row in held if row.code not in first_with]
    together = from_degrees_together(
        [feature.geometry or {} for feature in good], [row.shape for row in beside], projection
    )
    rows = []
    for feature, shape in zip(good, together.shapes, strict=True):
        if isinstance(shape, bytes):
            rows.append(_row(feature, shape))
        else:
            code = shown(feature.properties["code"])
            refused.append(Fault(row=feature.row, field="geometry", value=code, reason=str(shape)))
    noded = tuple(replace(beside[i], shape=shape) for i, shape in together.beside.items())
    return Judged(rows=tuple(rows), refused=tuple(refused), noded=noded)


def _row(feature: Feature, shape: bytes) -> AreaRow:
    given = feature.properties
    return AreaRow(
        row=feature.row,
        code=given["code"],
        level=Level(given["level"]),
        parent=given.get("parent"),
        name_zh=given["name_zh"],
        name_en=given.get("name_en") or given["name_zh"],
        made=given.get("made", False),
        shape=shape,
    )


def _twin_faults(feature: Feature, first_with: dict[str, int]) -> Iterator[Fault]:
    code = feature.properties["code"]
    if code in first_with:
        reason = f"feature {first_with[code]} has this code already; a code names one area"
        yield Fault(row=feature.row, field="code", value=code, reason=reason)
    first_with.setdefault(code, feature.row)


def _property_faults(feature: Feature) -> Iterator[Fault]:
    given = feature.properties
    for field, reason in (
        ("code", _code_problem(given.get("code"))),
        ("level", _level_problem(given.get("level"))),
        ("parent", _parent_problem(given)),
        ("name_zh", _name_problem(given.get("name_zh"))),
        ("name_en", _name_problem(given.get("name_en") or "-")),
        ("made", None if isinstance(given.get("made", False), bool) else "give true or false"),
    ):
        if reason is not None:
            yield Fault(row=feature.row, field=field, value=shown(given.get(field)), reason=reason)
    if feature.geometry is None:
        yield Fault(row=feature.row, field="geometry", value="null", reason="give a polygon")


def _code_problem(code: object) -> str | None:
    if isinstance(code, str) and _CODE.fullmatch(code):
        return None
    return "give a text of 1 to 40 letters and digits, such as 431102001001"


def _level_problem(level: object) -> str | None:
    return None if level in list(Level) else f"give one of {', '.join(Level)}"


def _parent_problem(given: Mapping[str, Any]) -> str | None:
    parent = given.get("parent")
    if given.get("level") == Level.CITY:
        return None if parent is None else "a city has no area above it; leave the parent out"
    return None if isinstance(parent, str) and parent else "give the code of the area above"


def _name_problem(name: object) -> str | None:
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        return f"give a name of 1 to {_LONGEST_NAME} characters"
    # PostgreSQL stores neither a null character nor half of a surrogate pair.
    if "\0" in name or not name.isprintable():
        return "the name holds characters that cannot be printed"
    return None
