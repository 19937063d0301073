"""Who would get a case: the rows in their order, and the choice that the engine makes by them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.catalogue.definitions import load_definitions
from dispatch.engine.explaining import Question, Where, explain
from dispatch.engine.filing import NO_PART, AskedPart, choose
from grid.departments import Duty, DutyTable
from tests.unit.dispatch.test_intake import CATEGORY
from workflows.categories import Category, Kind
from workflows.conditions import Condition
from workflows.definition import Definition
from workflows.limits import parse_limit
from workflows.seasons import Band

DEFINITIONS = load_definitions()
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 9, 16, 4, tzinfo=UTC)
WHERE = Where(city="431100", district="431103", community="431103001001", map_version=3)


def condition(code: str) -> Condition:
    return Condition(
        code=code, limit=parse_limit("4 工作时"), text_zh="小", text_en="small", closing_zh="清",
        closing_en="clean", urgent=False, made=True,
    )  # fmt: skip


def category(*codes: str) -> Category:
    values: dict[str, Any] = {name: getattr(CATEGORY, name) for name in CATEGORY.__slots__}
    return Category(**{**values, "conditions": tuple(map(condition, codes))})


@dataclass(frozen=True)
class Rules:
    duties: DutyTable
    categories: Any = field(default_factory=lambda: MappingProxyType({"E0110": category("a")}))
    trusted_sources: frozenset[str] = frozenset({"member"})
    grades: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo = SHANGHAI

    def definition_of(self, category: str) -> Definition:
        return DEFINITIONS[f"{self.categories[category].line}@2"]


def question(**fields: Any) -> Question:
    asked: dict[str, Any] = {
        "category": "E0110", "condition": None, "source": "member", "part": None,
        "part_told": NO_PART, "where": WHERE, "seen_at": NOON,
    }  # fmt: skip
    return Question(**{**asked, **fields})


def table(*rows: tuple[str, str, str]) -> Rules:
    return Rules(
        DutyTable(
            Duty(id=n, department=d, category=c, area=a) for n, (d, c, a) in enumerate(rows, 1)
        )
    )


def test_rows_come_in_the_order_of_the_search_and_the_first_group_decides() -> None:
    rules = table(
        ("city", "E0110", "431100"), ("class", "E01", "431103"), ("twin", "E01", "431103"),
        ("other", "E02", "431103"), ("all", "", "431103001001"), ("else", "E", "431102"),
    )  # fmt: skip
    told = explain(rules, question())
    assert [(row["department"], row["level"], row["decides"]) for row in told["duties"]] == [
        ("all", "community", True), ("class", "district", False), ("twin", "district", False),
        ("city", "city", False),
    ]  # fmt: skip
    assert (told["department"], told["reason"]) == ("all", "exact")
    assert (told["line"], told["definition"]) == ("urban_management", "urban_management@2")
    assert told["outcome"] == "filed-and-dispatched"


def test_nobody_and_several_are_told_apart() -> None:
    nobody = explain(table(), question())
    assert (nobody["department"], nobody["reason"], nobody["duties"]) == (None, "none", [])
    several = explain(table(("a", "E", "431103"), ("b", "E", "431103")), question())
    assert (several["department"], several["reason"]) == (None, "ambiguous")
    assert several["filing"]["duties"] == [1, 2]
    assert several["outcome"] == nobody["outcome"] == "acceptors-pool"


def test_the_answer_is_the_choice_of_the_engine_whatever_is_asked() -> None:
    for rules in (table(("a", "E", "431100")), table()):
        for asked in (
            question(), question(source="public"), question(condition="a"),
            question(part="P", part_told=AskedPart(known=False)),
        ):  # fmt: skip
            choice = choose(rules, asked, asked.part_told)
            told = explain(rules, asked)
            assert told["filing"] == choice.explanation
            assert (told["outcome"] == "filed-and-dispatched") == (choice.filing is not None)


def test_who_answers_is_told_also_where_the_report_would_wait() -> None:
    told = explain(table(("a", "E", "431100")), question(source="public"))
    assert (told["department"], told["outcome"]) == ("a", "acceptors-pool")
    assert told["filing"]["why"] == ["source-not-trusted"]


def at_night(code: str) -> Condition:
    return replace(condition(code), band=Band.from_text("22:00/06:00"))


def noise(*conditions: Condition, grades: Mapping[str, str] | None = None) -> Rules:
    found = replace(category(), conditions=conditions)
    return replace(
        table(("a", "E", "431100")), categories={"E0110": found}, grades=dict(grades or {})
    )


def test_a_condition_of_the_night_files_no_report_of_noon() -> None:
    rules = noise(at_night("a"))
    told = explain(rules, question())
    assert told["outcome"] == "acceptors-pool"
    assert told["conditions"] == []
    assert told["filing"]["why"] == ["condition-none", "condition-not-now"]
    assert told["filing"]["seen_at"] == "2026-09-16T12:00:00+08:00"
    assert told["filing"]["left_out"] == [
        {"condition": "a", "why": "out-of-band", "season": None, "band": "22:00/06:00"}
    ]
    late = NOON.replace(hour=15)  # 23:00 there
    filed = explain(rules, question(seen_at=late))
    assert (filed["outcome"], filed["filing"]["why"]) == ("filed-and-dispatched", [])
    assert "left_out" not in filed["filing"]
    named = explain(noise(condition("a"), at_night("b")), question(condition="b"))
    assert named["filing"]["why"] == ["condition-none", "condition-not-now"]


def test_what_does_not_hold_leaves_the_choice_to_what_does() -> None:
    rules = noise(condition("day"), at_night("night"))
    told = explain(rules, question())
    assert (told["outcome"], told["filing"]["conditions"]) == ("filed-and-dispatched", ["day"])
    assert [row["condition"] for row in told["filing"]["left_out"]] == ["night"]
    both = explain(rules, question(seen_at=NOON.replace(hour=15)))
    assert both["filing"]["why"] == ["condition-ambiguous"]


def test_the_limit_is_the_one_of_the_profile_of_the_area() -> None:
    graded = replace(condition("a"), profiles=(("A", parse_limit("1 工作时")),))
    for grades, limit, profile in (
        ({}, "4 工作时", None),
        ({"431103": "A"}, "1 工作时", "A"),
        ({"431103": "A", "431103001001": "B"}, "4 工作时", None),
    ):
        rules = noise(graded, grades=grades)
        told = explain(rules, question())
        (row,) = told["conditions"]
        assert (row["limit"], row["profile"]) == (limit, profile)
        assert told["filing"].get("profile") == profile
        filing = choose(rules, question(), NO_PART).filing
        assert filing is not None
        assert filing.condition.limit.text == limit


LAMP = "P0137"


def lamps(*duties: Duty, fallbacks: Mapping[str, tuple[str, ...]] | None = None) -> Rules:
    row = condition("P0137-1")
    found = replace(category(), code=LAMP, kind=Kind.PART, conditions=(row,))
    return replace(
        table(),
        duties=DutyTable(duties, fallbacks),
        categories={LAMP: found, "E0110": category("a")},
    )


def duty(number: int, department: str, category: str, area: str, **more: Any) -> Duty:
    return Duty(id=number, department=department, category=category, area=area, **more)


def lamp_of(owner: str) -> Question:
    return question(category=LAMP, part="X", part_told=AskedPart(owner=owner))


OWNED = lamps(
    duty(1, "street", "P01", "431103001001"),
    duty(2, "grid-company", "P", "431100", owner="国网 Power", assistants=("traffic",)),
)


def test_a_parts_owner_comes_before_its_territory() -> None:
    told = explain(OWNED, lamp_of("国网  POWER "))
    assert (told["department"], told["reason"]) == ("grid-company", "exact")
    assert told["assistants"] == told["filing"]["assistants"] == ["traffic"]
    assert told["filing"]["by_owner"] is True
    assert [(row["id"], row["owner"], row["decides"]) for row in told["duties"]] == [
        (2, "国网 Power", True), (1, None, False),
    ]  # fmt: skip
    assert told["part"] == {"code": "X", "known": True, "owner": "国网  POWER "}
    for owner in ("", "another"):
        other = explain(OWNED, lamp_of(owner))
        assert (other["department"], other["assistants"]) == ("street", [])
        assert "by_owner" not in other["filing"]


def test_an_owner_does_not_count_for_an_event() -> None:
    rules = lamps(
        duty(1, "street", "E", "431103"), duty(2, "company", "E", "431100", owner="国网"),
    )  # fmt: skip
    told = explain(rules, question(part="X", part_told=AskedPart(owner="国网")))
    assert told["department"] == "street"
    assert [row["id"] for row in told["duties"]] == [1]


def test_the_fallback_of_the_area_answers_where_nobody_does() -> None:
    fallbacks = {"431103": ("district-street",), "431103001001": ("station",)}
    told = explain(lamps(fallbacks=fallbacks), lamp_of("国网"))
    assert (told["department"], told["reason"], told["duties"]) == ("station", "fallback", [])
    assert told["outcome"] == "filed-and-dispatched"
    assert told["filing"]["rule"] == "trusted-source-one-condition-fallback"
    assert (told["filing"]["fallbacks"], told["filing"]["duty"]) == (["station"], None)
    # An ambiguous table is not mended by a fallback: a person must look.
    both = lamps(
        duty(1, "a", "P", "431100"), duty(2, "b", "P", "431100"), fallbacks=fallbacks
    )  # fmt: skip
    assert explain(both, lamp_of(""))["reason"] == "ambiguous"


def test_of_two_fallbacks_none_answers() -> None:
    told = explain(lamps(fallbacks={"431103": ("a", "b")}), lamp_of(""))
    assert (told["department"], told["reason"]) == (None, "none")
    assert told["filing"]["why"] == ["duty-none", "fallback-ambiguous"]
    assert told["filing"]["fallbacks"] == ["a", "b"]


def test_what_nobody_answers_for_is_ownerless_and_stand_ins_are_named() -> None:
    rules = lamps(
        duty(1, "covers", "P0101", "431103"), duty(2, "poles", "P0130", "431103"),
        duty(3, "bins", "P03", "431103001001"), duty(4, "city", "P0139", "431100"),
        duty(5, "events", "E0137", "431103"),
    )  # fmt: skip
    told = explain(rules, lamp_of(""))
    assert told["filing"]["why"] == ["duty-none", "ownerless"]
    assert told["outcome"] == "acceptors-pool"
    # Poles are most like lamps, and the district is nearer than the city.
    assert told["filing"]["stand_ins"] == [{"department": "poles", "duty": 2}]
    assert explain(lamps(), lamp_of(""))["filing"]["stand_ins"] == []
