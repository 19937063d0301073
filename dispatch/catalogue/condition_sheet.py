"""Filing conditions as a sheet: one row a condition, its columns, and what makes a row wrong.

Judged by the machinery of the registers' files. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData, Table

from dispatch.catalogue import condition_cells
from grid.files.table import FileTable
from grid.importing import cells
from grid.importing.judging import Key, Stored
from grid.importing.placing import column_at
from grid.importing.register import Column, Register, Wrong
from workflows.categories import LETTERS, Category, Kind
from workflows.conditions import Condition, disagreement, successor_problem
from workflows.limits import ClockType, parse_limit
from workflows.seasons import Band, Season

NAME = "conditions"
READ_ONLY = ("name", "名称")
_WORDS = 500


def _column(name: str, zh: str, parse: cells.Parse, about: str, **more: Any) -> Column:
    return Column(name=name, zh=zh, parse=parse, about=about, **more)


def _optional(name: str, zh: str, parse: cells.Parse, about: str) -> Column:
    return _column(name, zh, parse, about, required=False)


def _flag(name: str, zh: str, about: str) -> Column:
    return _column(name, zh, cells.truth, about, required=False, default=False)


COLUMNS = (
    _column("standard", "标准", cells.words(60), "the standard that the code is of"),
    _column("kind", "种类", cells.one_of(tuple(Kind)), ", ".join(Kind)),
    _column("code", "代码", cells.code, "the standard's code: 0110"),
    _column("row", "行", condition_cells.row_name, "the row within the category: 1, 2"),
    _column("limit", "时限", condition_cells.limit, "the limit: 4 工作时"),
    _column("clock", "计时方式", condition_cells.clock, "what the limit counts"),
    _column("text_zh", "立案条件", cells.words(_WORDS), "the filing condition"),
    _optional("text_en", "立案条件(英文)", cells.words(_WORDS), "the same in English"),
    _column("closing_zh", "结案条件", cells.words(_WORDS), "the closing condition"),
    _optional("closing_en", "结案条件(英文)", cells.words(_WORDS), "the same in English"),
    _optional("season_from", "季节起", condition_cells.day, "first day: 11-01"),
    _optional("season_to", "季节止", condition_cells.day, "last day: 03-31"),
    _optional("band_from", "时段起", condition_cells.hour, "from this hour on: 22:00"),
    _optional("band_to", "时段止", condition_cells.hour, "before this hour: 06:00"),
    _flag("inspect_in_band", "同时段核查", "whether it is inspected in the same hours"),
    _flag("closes_by_notice", "告知性结案", "whether it may be closed by notice"),
    _optional("dispatch_limit", "派遣时限", condition_cells.limit, "limit for dispatching"),
    _optional("successor", "后续行", condition_cells.row_name, "the row that follows this one"),
    _optional("profiles", "分级时限", condition_cells.profiles, "limits by grade: A=2 工作时"),
    _flag("made", "示意", "true for a row that is made up"),
)
KEY = ("standard", "kind", "code", "row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the file says of every row by key, before any is judged: the successor's row and the
    category's name (for reading only), as texts."""

    successors: Mapping[Key, str | None]
    names: Mapping[Key, str]


def sheet_for(categories: Mapping[str, Category], given: Given) -> Register:
    """The sheet, judging its rows against the catalogue and against one another."""
    by_key = {(one.standard, one.kind.value, one.standard_code): one for one in categories.values()}
    following = _following(categories, by_key, given)

    def check(row: Mapping[str, Any]) -> Iterator[Wrong]:
        category = by_key.get((row["standard"], row["kind"], row["code"]))
        if category is None:
            yield "code", row["code"], _unknown(row, by_key)
            return
        key = tuple(row[name] for name in KEY)
        told = given.names.get(key, "")
        if told and told not in (category.name_zh, category.name_en):
            yield "name", told, f"{row['code']} is {category.name_zh}; mend the code or the name"
        yield from _clock_wrong(row)
        yield from _times_wrong(row)
        problem = successor_problem(f"{category.code}-{row['row']}", following)
        if problem is not None:
            yield "successor", str(row["successor"]), problem

    # Only judged as a register is: what is stored goes through the catalogue.
    table = Table("condition", MetaData())
    return Register(name=NAME, table=table, key=KEY, columns=COLUMNS, check=check)


def given_by(table: FileTable) -> Given:
    """What the rows of a file say of their successors and of their categories' names."""
    at = {column.name: column_at(table, (column.name, column.zh)) for column in COLUMNS}
    name_at = column_at(table, READ_ONLY)
    successors: dict[Key, str | None] = {}
    names: dict[Key, str] = {}
    key_at = [at[name] for name in KEY]
    for row in table.rows:
        key = tuple(_text(row, place) for place in key_at)
        if at["successor"] is not None:
            successors[key] = _text(row, at["successor"]) or None
        names[key] = _text(row, name_at)
    return Given(successors=successors, names=names)


def row_of(category: Category, condition: Condition) -> Stored:
    """A condition as a row of the sheet. English that only repeats the Chinese is left out."""
    season, band = condition.season, condition.band
    values: dict[str, Any] = {
        "standard": category.standard,
        "kind": category.kind.value,
        "code": category.standard_code,
        "row": condition.row,
        "limit": condition.limit.text,
        "clock": condition.limit.clock.value,
        "text_zh": condition.text_zh,
        "text_en": _unless(condition.text_en, condition.text_zh),
        "closing_zh": condition.closing_zh,
        "closing_en": _unless(condition.closing_en, condition.closing_zh),
        "season_from": season and season.first,
        "season_to": season and season.last,
        "band_from": band and band.first,
        "band_to": band and band.last,
        "inspect_in_band": condition.inspect_in_band,
        "closes_by_notice": condition.closes_by_notice,
        "dispatch_limit": condition.dispatch_limit and condition.dispatch_limit.text,
        "successor": condition.successor and condition.successor.rpartition("-")[2],
        "profiles": "; ".join(f"{name}={limit.text}" for name, limit in condition.profiles) or None,
        "made": condition.made,
    }
    return tuple(values[column.name] for column in COLUMNS)


def condition_of(category: Category, stored: Stored) -> Condition:
    """The condition of a row that was judged sound."""
    row = dict(zip((column.name for column in COLUMNS), stored, strict=True))
    limit, dispatch = parse_limit(row["limit"]), row["dispatch_limit"]
    return Condition(
        code=f"{category.code}-{row['row']}",
        limit=limit,
        text_zh=row["text_zh"],
        text_en=row["text_en"] or row["text_zh"],
        closing_zh=row["closing_zh"],
        closing_en=row["closing_en"] or row["closing_zh"],
        urgent=limit.urgent,
        made=row["made"],
        season=Season(first=row["season_from"], last=row["season_to"])
        if row["season_from"]
        else None,
        band=Band(first=row["band_from"], last=row["band_to"]) if row["band_from"] else None,
        inspect_in_band=row["inspect_in_band"],
        closes_by_notice=row["closes_by_notice"],
        dispatch_limit=parse_limit(dispatch) if dispatch else None,
        successor=f"{category.code}-{row['successor']}" if row["successor"] else None,
        profiles=condition_cells.read_profiles(row["profiles"] or ""),
    )


def _following(
    categories: Mapping[str, Category], by_key: Mapping[Key, Category], given: Given
) -> dict[str, str | None]:
    """Every condition with its successor, as the import would leave them."""
    following = {row.code: row.successor for one in categories.values() for row in one.conditions}
    for key in given.names:
        category = by_key.get(key[:3])
        if category is None:
            continue
        code = f"{category.code}-{key[3]}"
        following.setdefault(code, None)
        if key in given.successors:
            after = given.successors[key]
            following[code] = f"{category.code}-{after}" if after else None
    return following


def _unknown(row: Mapping[str, Any], by_key: Mapping[Key, Category]) -> str:
    standards = sorted({standard for standard, _, _ in by_key})
    if row["standard"] not in standards:
        return f"the catalogue has no codes of {row['standard']}; it has {', '.join(standards)}"
    public = LETTERS[Kind(row["kind"])] + row["code"]
    hint = "" if len(row["code"]) >= 4 else "; a spreadsheet program drops leading zeros: use text"
    return f"the catalogue has no {row['kind']} {public} of {row['standard']}{hint}"


def _clock_wrong(row: Mapping[str, Any]) -> Iterator[Wrong]:
    limit, clock = parse_limit(row["limit"]), ClockType(row["clock"])
    if limit.clock is not clock:
        yield "clock", row["clock"], disagreement(limit, clock)


def _times_wrong(row: Mapping[str, Any]) -> Iterator[Wrong]:
    for first, last, what in (
        ("season_from", "season_to", "season"),
        ("band_from", "band_to", "band of hours"),
    ):
        if (row[first] is None) != (row[last] is None):
            missing = last if row[last] is None else first
            yield missing, "", f"half a {what}; give both {first} and {last}, or neither"
    if row["band_from"] is not None and row["band_from"] in (row["band_to"], "24:00"):
        yield "band_from", row["band_from"], "the band has no length; leave both out for a day"
    if row["inspect_in_band"] and row["band_from"] is None:
        yield "inspect_in_band", "true", "the row has no band of hours; give one, or leave this out"


def _unless(text: str, same: str) -> str | None:
    return None if text == same else text


def _text(row: Sequence[Any], at: int | None) -> str:
    return "" if at is None or row[at] is None else str(row[at]).strip()
