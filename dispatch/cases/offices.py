"""Which department stands for a level above the one that holds a case. Pure.

A case of social governance is passed up from the station or department that holds it to the
district's department, the city's, and the city's centre (domain facts 2.4). Who that is follows
from the duty table; where it names nobody, the centre of that area stands in (属地兜底).
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from dispatch.cases.case import Case
from grid.departments import Department, DepartmentKind, DutyTable
from workflows.definition import Office

_KINDS = {
    Office.STATION: DepartmentKind.STATION,
    Office.DISTRICT_DEPARTMENT: DepartmentKind.DISTRICT_DEPARTMENT,
    Office.DISTRICT_CENTRE: DepartmentKind.CENTRE,
    Office.CITY_DEPARTMENT: DepartmentKind.CITY_DEPARTMENT,
    Office.CITY_CENTRE: DepartmentKind.CENTRE,
}
_DEPARTMENTS = (Office.DISTRICT_DEPARTMENT, Office.CITY_DEPARTMENT)


class Registers(Protocol):
    """What is looked up in."""

    @property
    def departments(self) -> Mapping[str, Department]: ...
    @property
    def duties(self) -> DutyTable: ...


def is_office(department: Department, office: Office, case: Case) -> bool:
    """Whether the department is such an office for the place of the case."""
    return department.kind is _KINDS[office] and department.area == _area(office, case)


def office_of(registers: Registers, case: Case, office: Office) -> str | None:
    """The department that is this office for the case, and does not hold it already.

    A department by the one duty of its area, a station or centre as the only one there; where that
    is nobody, the centre of the area. None where there is none either.
    """
    for found in _candidates(registers, case, office):
        if len(found) == 1 and case.department not in found:
            return min(found)
    return None


def _candidates(registers: Registers, case: Case, office: Office) -> Iterator[set[str]]:
    area = _area(office, case)
    if office in _DEPARTMENTS:
        yield _by_duty(registers, case, office)
        yield _placed(registers, DepartmentKind.CENTRE, area)
    else:
        yield _placed(registers, _KINDS[office], area)


def _by_duty(registers: Registers, case: Case, office: Office) -> set[str]:
    area = _area(office, case)
    groups = registers.duties.applying(case.category, case.city, case.district, case.community)
    rows = next((group for group in groups if group[0].area == area), ())
    named = [registers.departments.get(row.department) for row in rows]
    return {one.code for one in named if one is not None and is_office(one, office, case)}


def _placed(registers: Registers, kind: DepartmentKind, area: str) -> set[str]:
    return {
        one.code for one in registers.departments.values() if one.kind is kind and one.area == area
    }


def _area(office: Office, case: Case) -> str:
    if office is Office.STATION:
        return case.community
    of_city = office in (Office.CITY_DEPARTMENT, Office.CITY_CENTRE)
    return case.city if of_city else case.district
