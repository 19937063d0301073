"""Departments, duties and members: who answers for what, and where."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, text


class DepartmentKind(StrEnum):
    """What a department is."""

    CITY_DEPARTMENT = "city_department"
    DISTRICT_DEPARTMENT = "district_department"
    CENTRE = "centre"
    STATION = "station"


class DutyRule(StrEnum):
    """How a search in the duty table ended."""

    EXACT = "exact"
    NONE = "none"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department, centre or station; `area` is the area it works for."""

    code: str
    name_zh: str
    name_en: str
    area: str
    kind: DepartmentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One row of the duty table: `department` answers for the categories whose code starts with
    `category`, in the city, district or community `area`."""

    id: int
    department: str
    category: str
    area: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A grid member: `subject` is the account, `area` what the member patrols."""

    subject: str
    name: str
    area: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyChoice:
    """The answer of the duty table. `duty` and `department` are set only under `exact`;
    `candidates` are all rows of the most specific level that has any, in the order of their ids."""

    duty: Duty | None
    department: str | None
    rule: DutyRule
    candidates: tuple[Duty, ...]


class DutyTable:
    """Finds the one duty row that decides who handles a category in a place. Immutable.

    `areas` are the codes of the areas that have rows.
    """

    def __init__(self, duties: Iterable[Duty]) -> None:
        by_key: dict[tuple[str, str], list[Duty]] = {}
        for duty in sorted(duties, key=lambda d: d.id):
            by_key.setdefault((duty.area, duty.category), []).append(duty)
        self._by_key = {key: tuple(rows) for key, rows in by_key.items()}
        self.areas = frozenset(area for area, _ in by_key)

    def find(self, category: str, city: str, district: str, community: str) -> DutyChoice:
        """The duty for a category code in a place.

        The most specific area that has a row wins (community, district, city), within it the
        longest prefix of the category. One row there is the answer; two or more are ambiguous, even
        of one department, because a person must mend the table.
        """
        rows = next(self.applying(category, city, district, community), ())
        if not rows:
            return DutyChoice(duty=None, department=None, rule=DutyRule.NONE, candidates=())
        return _choice(rows)

    def applying(
        self, category: str, city: str, district: str, community: str
    ) -> Iterator[tuple[Duty, ...]]:
        """All rows that apply to a category in a place, in the order in which they are looked at.

        Rows of one area and one prefix come together; the first such group decides.
        """
        for area in (community, district, city):
            for length in range(len(category), -1, -1):
                rows = self._by_key.get((area, category[:length]))
                if rows:
                    yield rows


def _choice(rows: tuple[Duty, ...]) -> DutyChoice:
    if len(rows) > 1:
        return DutyChoice(duty=None, department=None, rule=DutyRule.AMBIGUOUS, candidates=rows)
    (duty,) = rows
    return DutyChoice(duty=duty, department=duty.department, rule=DutyRule.EXACT, candidates=rows)


def load_departments(connection: Connection) -> Mapping[str, Department]:
    """All departments by code, in the order of their codes."""
    rows = connection.execute(
        text("select code, name_zh, name_en, area, kind from department order by code")
    )
    return {
        row.code: Department(
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            area=row.area,
            kind=DepartmentKind(row.kind),
        )
        for row in rows
    }


def load_duties(connection: Connection) -> DutyTable:
    """The duty table as it stands."""
    rows = connection.execute(text("select id, department, category, area from duty order by id"))
    return DutyTable(
        Duty(id=row.id, department=row.department, category=row.category, area=row.area)
        for row in rows
    )


def load_members(connection: Connection) -> Mapping[str, Member]:
    """All grid members by subject."""
    rows = connection.execute(text("select subject, name, area from member order by subject"))
    return {row.subject: Member(subject=row.subject, name=row.name, area=row.area) for row in rows}
