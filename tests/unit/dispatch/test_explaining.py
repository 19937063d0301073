"""Who would get a case: the rows in their order, and the choice that the engine makes by them."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dispatch.explaining import Question, Where, explain
from dispatch.filing import choose
from grid.departments import Duty, DutyTable
from tests.unit.dispatch.test_intake import CATEGORY
from workflows.categories import Category
from workflows.conditions import Condition
from workflows.limits import parse_limit

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


def question(**fields: Any) -> Question:
    asked: dict[str, Any] = {
        "category": "E0110", "condition": None, "source": "member", "part": None,
        "part_known": True, "where": WHERE,
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
            question(), question(source="public"), question(part="P", part_known=False),
            question(condition="a"),
        ):  # fmt: skip
            choice = choose(rules, asked, asked.part_known)
            told = explain(rules, asked)
            assert told["filing"] == choice.explanation
            assert (told["outcome"] == "filed-and-dispatched") == (choice.filing is not None)


def test_who_answers_is_told_also_where_the_report_would_wait() -> None:
    told = explain(table(("a", "E", "431100")), question(source="public"))
    assert (told["department"], told["outcome"]) == ("a", "acceptors-pool")
    assert told["filing"]["why"] == ["source-not-trusted"]
