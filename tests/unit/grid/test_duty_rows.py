"""Rows of the duty table and of departments as files give them."""

from typing import Any

import pytest

from grid.areas import Level
from grid.files.table import FileTable
from grid.importing.cells import CellError, codes
from grid.importing.judging import Ground, JudgedRows, judge_rows
from grid.importing.references import Known
from grid.importing.register import Register
from grid.importing.registers import DEPARTMENTS, DUTIES, GRADES

KNOWN = Known(
    areas={"431100": Level.CITY, "431103": Level.DISTRICT, "431103001": Level.STREET},
    departments=frozenset({"urban", "water", "lamps"}),
    categories=frozenset({"P", "P01", "E", "E01"}),
)
ROW = {"department": "urban", "category": "P01", "area": "431103"}


def judge(
    register: Register, *rows: dict[str, Any], held: dict[Any, Any] | None = None
) -> JudgedRows:
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = FileTable(
        name=register.name,
        columns=tuple(names),
        numbers=range(2, 2 + len(rows)),
        rows=[[row.get(name, "") for name in names] for row in rows],
    )
    ground = Ground(held=held or {}, known=KNOWN)
    return judge_rows(register, table, ground, lambda _what, _done, _total: None)


def test_owner_and_assistants_are_read_and_may_be_left_out() -> None:
    full = {**ROW, "owner": "国网永州", "assistants": "water；lamps"}
    judged = judge(DUTIES, full, ROW)
    assert judged.refused == []
    assert judged.added == [
        ("urban", "P01", "431103", "国网永州", "water lamps"), ("urban", "P01", "431103", "", ""),
    ]  # fmt: skip


def test_a_file_without_the_owners_column_means_the_rows_without_owner() -> None:
    held = {
        ("urban", "P01", "431103", ""): ("urban", "P01", "431103", "", "water"),
        ("urban", "P01", "431103", "国网"): ("urban", "P01", "431103", "国网", ""),
    }
    judged = judge(DUTIES, ROW, held=held)
    assert (judged.added, judged.changed, judged.unchanged) == ([], [], 1)
    assert judged.keys == {("urban", "P01", "431103", "")}


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"owner": "国网", "category": "E01"}, "owner", "an owner counts only for parts"),
        ({"owner": "长" * 201}, "owner", "at most 200"),
        ({"assistants": "urban"}, "assistants", "does not assist itself"),
        ({"assistants": "water parks"}, "assistants", "no department has the code parks"),
        ({"assistants": "water, water"}, "assistants", "water stands twice"),
        ({"assistants": "w!"}, "assistants", "letters and digits"),
        ({"area": "431103001"}, "area", "give a city, a district or a community"),
    ],
)
def test_a_wrong_duty_is_refused_by_its_field(
    change: dict[str, Any], field: str, told: str
) -> None:
    (fault,) = judge(DUTIES, {**ROW, **change}).refused
    assert (fault.row, fault.field) == (2, field)
    assert told in fault.reason


def test_a_department_may_be_a_fallback() -> None:
    row = {
        "code": "x", "name_zh": "街", "name_en": "street", "area": "431103",
        "kind": "district_department",
    }  # fmt: skip
    judged = judge(DEPARTMENTS, {**row, "fallback": "是"}, {**row, "code": "y"})
    assert [stored[5:] for stored in judged.added] == [(True, "", ""), (False, "", "")]
    (fault,) = judge(DEPARTMENTS, {**row, "fallback": "perhaps"}).refused
    assert fault.field == "fallback"
    (fault,) = judge(DEPARTMENTS, {**row, "calendar": "of the moon"}).refused
    assert (fault.field, "wangge calendar load" in fault.reason) == ("calendar", True)


def test_a_grade_is_of_a_city_district_or_community_and_stands_once() -> None:
    good = judge(GRADES, {"area": "431103", "profile": "A"})
    assert good.added == [("431103", "A")]
    twice = judge(GRADES, {"area": "431103", "profile": "A"}, {"area": "431103", "profile": "B"})
    assert [fault.row for fault in twice.refused] == [3]
    for area in ("431103001", "nowhere"):
        (fault,) = judge(GRADES, {"area": area, "profile": "A"}).refused
        assert fault.field == "area"


@pytest.mark.parametrize("cell", [None, 3.5, True, "=A1"])
def test_what_is_no_list_of_codes_is_refused(cell: object) -> None:
    with pytest.raises(CellError):
        codes(cell)
