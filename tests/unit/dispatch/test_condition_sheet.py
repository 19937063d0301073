"""A sheet of filing conditions: what goes out comes in unchanged, and each wrong row is told."""

from pathlib import Path
from typing import Any

import pytest

from dispatch.catalogue.condition_files import judge_conditions
from dispatch.catalogue.condition_rows import condition_json, read_condition
from dispatch.catalogue.condition_sheet import COLUMNS, condition_of, row_of
from geo.systems import WGS84
from grid.files.delimited import Encoding
from grid.files.opening import read_table
from grid.files.table import FileTable
from grid.files.writing import Outgoing, write_tables
from grid.importing.upserting import RegisterReport
from tests.unit.workflows.desk import STANDARDS
from workflows.categories import Category, load_categories
from workflows.documents import read_document

DOCUMENT = read_document(STANDARDS / "gbt-30428.2-2013.yaml")
CATEGORIES = {one.code: one for one in load_categories(DOCUMENT)}
STANDARD = "GB/T 30428.2-2013"
RUBBISH = {
    "standard": STANDARD, "kind": "event", "code": "0110", "row": "1", "limit": "4 工作时",
    "clock": "working_hours", "text_zh": "有暴露垃圾", "text_en": "exposed rubbish",
    "closing_zh": "清理", "closing_en": "cleared away",
}  # fmt: skip
NEW = {**RUBBISH, "row": "2"}


def progress(_what: str, _done: int, _total: int) -> None: ...


def judge(*rows: dict[str, Any], categories: dict[str, Category] | None = None) -> RegisterReport:
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = FileTable(
        name="conditions",
        columns=tuple(names),
        numbers=range(2, 2 + len(rows)),
        rows=[[row.get(name, "") for name in names] for row in rows],
    )
    return judge_conditions(table, categories or CATEGORIES, progress)


def refused(*rows: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.field, fault.reason) for fault in judge(*rows).refused]


def full() -> Category:
    """A category whose rows have everything that a row can have."""
    report = judge(
        {
            **NEW, "season_from": "11-01", "season_to": "03-31", "band_from": "22:00",
            "band_to": "06:00", "inspect_in_band": "是", "closes_by_notice": "true",
            "dispatch_limit": "1.5 工作时", "successor": "1", "made": "yes",
            "profiles": "B＝2 紧急工作时; A=1 天",
        }
    )  # fmt: skip
    assert report.refused == ()
    (stored,) = report.judged.added
    rubbish = CATEGORIES["E0110"]
    return Category(
        **{
            **{name: getattr(rubbish, name) for name in rubbish.__slots__},
            "conditions": (*rubbish.conditions, condition_of(rubbish, stored)),
        }
    )


def test_a_row_may_say_everything() -> None:
    condition = full().conditions[1]
    assert (str(condition.season), str(condition.band)) == ("11-01/03-31", "22:00/06:00")
    assert (condition.inspect_in_band, condition.closes_by_notice, condition.made) == (True,) * 3
    assert condition.successor == "E0110-1"
    assert [(name, limit.text) for name, limit in condition.profiles] == [
        ("A", "1 天"), ("B", "2 紧急工作时"),
    ]  # fmt: skip
    assert read_condition(condition_json(condition)) == condition


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_what_goes_out_comes_in_unchanged(tmp_path: Path, ending: str) -> None:
    categories = {**CATEGORIES, "E0110": full()}
    rows = [row_of(one, row) for one in categories.values() for row in one.conditions]
    assert len(rows) == 41
    path = tmp_path / f"conditions{ending}"
    table = Outgoing(name="conditions", columns=tuple(c.name for c in COLUMNS), rows=rows)
    write_tables(path, [table], WGS84, Encoding.UTF8)
    back = judge_conditions(
        read_table(path, "conditions", Encoding.AUTO, progress), categories, progress
    )
    assert back.refused == ()
    assert (back.judged.added, back.judged.changed, back.judged.unchanged) == ([], [], len(rows))


def test_a_text_that_looks_escaped_comes_through_a_workbook(tmp_path: Path) -> None:
    texts = ("_x0041_", "_x005F_x0041_", "a_xZZ_", "_x0041_x0042_", "_x000D_")
    table = Outgoing(name="t", columns=("a",), rows=[(text,) for text in texts])
    write_tables(tmp_path / "t.xlsx", [table], WGS84, Encoding.UTF8)
    back = read_table(tmp_path / "t.xlsx", "t", Encoding.AUTO, progress)
    assert tuple(row[0] for row in back.rows) == texts


def test_chinese_headings_and_chinese_clock_types_are_read() -> None:
    zh = {column.name: column.zh for column in COLUMNS}
    row = {zh[name]: value for name, value in {**RUBBISH, "clock": "工作时"}.items()}
    report = judge(row)
    assert (report.refused, report.judged.unchanged) == ((), 1)


def test_a_change_is_told_field_by_field() -> None:
    report = judge({**RUBBISH, "limit": "1 工作日", "clock": "working_days"})
    (one, other) = report.differences()
    assert (one.key, one.field, one.old, one.new) == (
        f"{STANDARD} event 0110 1", "limit", "4 工作时", "1 工作日",
    )  # fmt: skip
    assert (other.field, dict(report.fields)) == ("clock", {"limit": 1, "clock": 1})


def test_english_that_is_left_out_is_the_chinese() -> None:
    (stored,) = judge({**NEW, "text_en": "", "closing_en": ""}).judged.added
    condition = condition_of(CATEGORIES["E0110"], stored)
    assert (condition.text_en, condition.closing_en) == ("有暴露垃圾", "清理")


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"clock": "urgent_hours"}, "clock", "says urgent_hours, but the words '4 工作时' say"),
        ({"limit": "2 紧急工作时"}, "clock", "says working_hours, but the words '2 紧急工作时'"),
        ({"clock": "hours"}, "clock", "give one of urgent_hours"),
        ({"limit": "4 hours"}, "limit", "cannot be read"),
        ({"limit": "0 工作时"}, "limit", "not above zero"),
        ({"limit": "-1 工作时"}, "limit", "cannot be read"),
        ({"limit": ""}, "limit", "give a value"),
        ({"limit": 4}, "limit", "cannot be read"),
        ({"limit": "=A1"}, "limit", "formula"),
        ({"standard": "GB/T 1"}, "code", "has no codes of GB/T 1; it has GB/T 30428.2-2013"),
        ({"code": "0199"}, "code", "the catalogue has no event E0199 of GB/T 30428.2-2013"),
        ({"code": 110}, "code", "drops leading zeros: use text"),
        ({"kind": "matter"}, "code", "has no matter M0110"),
        ({"kind": "thing"}, "kind", "give one of part, event, matter"),
        ({"row": "1-2"}, "row", "without a hyphen"),
        ({"name": "道路不洁"}, "name", "0110 is 暴露垃圾; mend the code or the name"),
        ({"season_from": "11-01"}, "season_to", "half a season"),
        ({"season_to": "11-01"}, "season_from", "half a season"),
        ({"season_from": "2-30", "season_to": "03-01"}, "season_from", "no day of a year"),
        ({"band_from": "22:00"}, "band_to", "half a band"),
        ({"band_from": "22:00", "band_to": "22:00"}, "band_from", "has no length"),
        ({"band_from": "22", "band_to": "23:00"}, "band_from", "no time of day"),
        ({"inspect_in_band": "true"}, "inspect_in_band", "has no band of hours"),
        ({"closes_by_notice": "perhaps"}, "closes_by_notice", "give true or false"),
        ({"dispatch_limit": "soon"}, "dispatch_limit", "cannot be read"),
        ({"successor": "9"}, "successor", "there is no row E0110-9"),
        ({"successor": "2"}, "successor", "in a circle: E0110-2, E0110-2"),
        ({"profiles": "A"}, "profiles", "such as A=2 工作时"),
        ({"profiles": "A=2 工作时;A=1 天"}, "profiles", "stands twice"),
        ({"profiles": "A=0 天"}, "profiles", "not above zero"),
        ({"text_zh": " "}, "text_zh", "give a value"),
        ({"text_zh": "a\0b"}, "text_zh", "cannot be printed"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_with_its_number_field_and_reason(
    change: dict[str, Any], field: str, told: str
) -> None:
    found = refused(RUBBISH, {**NEW, **change})
    assert [(row, name) for row, name, _ in found] == [(3, field)]
    assert told in found[0][2]


def test_rows_are_judged_against_one_another() -> None:
    # Each alone is sound; together they lead in a circle.
    first, second = {**RUBBISH, "successor": "2"}, {**NEW, "successor": "1"}
    assert [(row, field) for row, field, _ in refused(first, second)] == [
        (2, "successor"), (3, "successor"),
    ]  # fmt: skip
    assert refused({**RUBBISH, "successor": "2"}, NEW) == []
    assert refused(NEW, NEW)[0][:2] == (3, "standard")


def test_a_missing_column_and_an_empty_table_are_refused() -> None:
    bare = {name: value for name, value in RUBBISH.items() if name != "limit"}
    assert refused(bare)[0][:2] == (0, "limit")
    assert (
        judge_conditions(
            FileTable(name="c", columns=tuple(RUBBISH), numbers=[], rows=[]), CATEGORIES, progress
        )
        .refused[0]
        .reason.startswith("the table has no rows")
    )


def test_a_column_that_the_file_lacks_stays_as_it_is() -> None:
    categories = {**CATEGORIES, "E0110": full()}
    report = judge({**NEW, "limit": "1 天", "clock": "natural_days"}, categories=categories)
    ((_, new),) = report.judged.changed
    condition = condition_of(categories["E0110"], new)
    assert (condition.limit.text, condition.successor) == ("1 天", "E0110-1")
    assert str(condition.band) == "22:00/06:00"
