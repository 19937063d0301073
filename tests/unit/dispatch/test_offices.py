"""Who stands for a level: by the duty table, and the centre of the area where it names nobody."""

from dataclasses import dataclass, field, replace

import pytest

from dispatch.cases.case import Case
from dispatch.cases.offices import is_office, office_of
from dispatch.cases.rebuilding import rebuild
from grid.departments import Department, DepartmentKind, Duty, DutyTable
from tests.unit.dispatch.test_rebuilding import OPENED, history
from workflows.definition import Office

KINDS = {
    "station": DepartmentKind.STATION, "centre": DepartmentKind.CENTRE,
    "justice": DepartmentKind.DISTRICT_DEPARTMENT, "police": DepartmentKind.DISTRICT_DEPARTMENT,
    "bureau": DepartmentKind.CITY_DEPARTMENT,
}  # fmt: skip
CITY, DISTRICT, COMMUNITY = "431100", "431103", "431103001001"


def department(code: str) -> Department:
    area, _, name = code.partition("-")
    return Department(code=code, name_zh=code, name_en=code, area=area, kind=KINDS[name])


@dataclass
class Registers:
    rows: list[tuple[str, str, str]]
    codes: str = (
        f"{COMMUNITY}-station 431103001002-station {DISTRICT}-justice {DISTRICT}-police "
        f"{DISTRICT}-centre 431102-centre {CITY}-bureau {CITY}-centre"
    )
    departments: dict[str, Department] = field(init=False)
    duties: DutyTable = field(init=False)

    def __post_init__(self) -> None:
        self.departments = {code: department(code) for code in self.codes.split()}
        self.duties = DutyTable(
            Duty(id=n, department=d, category=c, area=a) for n, (d, c, a) in enumerate(self.rows, 1)
        )


ROWS = [
    (f"{COMMUNITY}-station", "M0", COMMUNITY), (f"{DISTRICT}-justice", "M07", DISTRICT),
    (f"{DISTRICT}-police", "M0", DISTRICT), (f"{CITY}-bureau", "M07", CITY),
]  # fmt: skip


@pytest.fixture
def case() -> Case:
    told = {**OPENED, "category": "M0701", "department": f"{COMMUNITY}-station"}
    return rebuild(history(told)).case


def test_each_level_is_who_answers_for_the_matter_there(case: Case) -> None:
    registers = Registers(ROWS)
    assert office_of(registers, case, Office.DISTRICT_DEPARTMENT) == f"{DISTRICT}-justice"
    assert office_of(registers, case, Office.CITY_DEPARTMENT) == f"{CITY}-bureau"
    assert office_of(registers, case, Office.DISTRICT_CENTRE) == f"{DISTRICT}-centre"
    assert office_of(registers, case, Office.CITY_CENTRE) == f"{CITY}-centre"
    other = replace(case, department=f"{DISTRICT}-justice")
    assert office_of(registers, other, Office.STATION) == f"{COMMUNITY}-station"


def test_where_the_table_names_nobody_or_several_the_centre_of_the_area_stands_in(
    case: Case,
) -> None:
    for rows in ([], [*ROWS, (f"{DISTRICT}-police", "M07", DISTRICT)]):
        assert office_of(Registers(rows), case, Office.DISTRICT_DEPARTMENT) == f"{DISTRICT}-centre"


def test_nobody_is_handed_what_it_holds_already(case: Case) -> None:
    registers = Registers(ROWS)
    held = replace(case, department=f"{DISTRICT}-justice")
    assert office_of(registers, held, Office.DISTRICT_DEPARTMENT) == f"{DISTRICT}-centre"
    held = replace(case, department=f"{CITY}-centre")
    assert office_of(registers, held, Office.CITY_CENTRE) is None


def test_a_duty_of_an_office_of_another_sort_does_not_count(case: Case) -> None:
    registers = Registers([(f"{CITY}-bureau", "M07", DISTRICT)])
    assert office_of(registers, case, Office.DISTRICT_DEPARTMENT) == f"{DISTRICT}-centre"


def test_without_anybody_there_is_no_office(case: Case) -> None:
    registers = Registers([], codes=f"{COMMUNITY}-station")
    for office in Office:
        assert office_of(registers, case, office) is None


def test_an_office_is_one_of_the_case_s_own_place(case: Case) -> None:
    departments = Registers([]).departments
    of_district = {
        code for code, one in departments.items() if is_office(one, Office.DISTRICT_CENTRE, case)
    }
    assert of_district == {f"{DISTRICT}-centre"}
