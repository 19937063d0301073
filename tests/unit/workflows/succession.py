"""A category whose rows follow one another: a water main as the table of Daying 大英 has it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from workflows import Category
from workflows.conditions import Condition, read_conditions
from workflows.documents import Place
from workflows.errors import CategoryError

WATER_MAIN = "E0501"
ROWS = (
    ("3 紧急工作时", "urgent_hours", "2", "围护警示", "fenced"),
    ("8 紧急工作时", "urgent_hours", "3", "修复", "repaired"),
    ("5 工作日", "working_days", None, "恢复路面", "surface restored"),
)


@cache
def fence_repair_restore() -> tuple[Condition, ...]:
    """The three rows, each with a limit of 1.5 工作时 for dispatching."""
    rows = [
        {
            "row": str(number), "limit": limit, "clock": clock, "dispatch_limit": "1.5 工作时",
            "text": {"zh": "供水管道破裂", "en": "burst water main"},
            "closing": {"zh": zh, "en": en}, **({"successor": after} if after else {}),
        }
        for number, (limit, clock, after, zh, en) in enumerate(ROWS, start=1)
    ]  # fmt: skip
    return read_conditions(Place(rows, "conditions", CategoryError), WATER_MAIN)


def with_succession(categories: Mapping[str, Category]) -> dict[str, Category]:
    """The categories, with those rows for the water main."""
    return {
        **categories,
        WATER_MAIN: replace(categories[WATER_MAIN], conditions=fence_repair_restore()),
    }
