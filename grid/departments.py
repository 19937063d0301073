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
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department, centre or station; `area` is the area it works for. A `fallback` answers there
    where the duty table names nobody (属地兜底). `calendar` names its own, "" where it keeps the
    city's. `quiet` are the hours, "22:00/07:00", in which only what is urgent notifies it; "" for
    none."""

    code: str
    name_zh: str
    name_en: str
    area: str
    kind: DepartmentKind
    fallback: bool = False
    calendar: str = ""
    quiet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One row of the duty table: `department` answers for the categories whose code starts with
    `category`, in the city, district or community `area`; with an `owner` only for parts that this
    one owns. `assistants` are the departments that help it."""

    id: int
    department: str
    category: str
    area: str
    owner: str = ""
    assistants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A grid member: `subject` is the account, `area` what the member patrols, `department` where
    it works for one ("" for most)."""

    subject: str
    name: str
    area: str
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyChoice:
    """The answer of the duty table. `duty` is set only under `exact`, `department` also under
    `fallback`; `candidates` are all rows of the most specific level that has any, in the order of
    their ids. `fallbacks` are the departments that are one for the place: under `none` several."""

    duty: Duty | None
    department: str | None
    rule: DutyRule
    candidates: tuple[Duty, ...] = ()
    fallbacks: tuple[str, ...] = ()

    @property
    def assistants(self) -> tuple[str, ...]:
        """The departments that assist the one that answers."""
        return () if self.duty is None else self.duty.assistants

    @property
    def is_ownerless(self) -> bool:
        """Whether nobody answers, and nobody is a fallback either."""
        return self.rule is DutyRule.NONE and not self.fallbacks


class DutyTable:
    """Finds the one duty row that decides who handles a category in a place. Immutable.

    `areas` are the codes of the areas that have rows or a fallback, `owners` the keys of the owners
    that rows name, `of_owners` those rows, `fallbacks` the departments that are a fallback by their
    area.
    """

    def __init__(
        self, duties: Iterable[Duty], fallbacks: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        by_key: dict[tuple[str, str, str], list[Duty]] = {}
        by_area: dict[str, list[Duty]] = {}
        for duty in sorted(duties, key=lambda d: d.id):
            key = (owner_key(duty.owner), duty.area, duty.category)
            by_key.setdefault(key, []).append(duty)
            by_area.setdefault(duty.area, []).append(duty)
        self._by_key = {key: tuple(rows) for key, rows in by_key.items()}
        self._by_area = by_area
        self.fallbacks = dict(fallbacks or {})
        self.areas = frozenset(by_area) | frozenset(self.fallbacks)
        self.owners = frozenset(owner for owner, _, _ in by_key if owner)
        self.of_owners = tuple(
            row for rows in self._by_key.values() for row in rows if owner_key(row.owner)
        )

    def find(
        self, category: str, city: str, district: str, community: str, owner: str = ""
    ) -> DutyChoice:
        """The duty for a category code in a place; `owner` is whose part it is, if it is one.

        Rows of the part's owner come before all others (产权先、属地后). Among either, the most
        specific area that has a row wins (community, district, city), within it the longest prefix
        of the category. One row there is the answer; two or more are ambiguous, even of one
        department, because a person must mend the table. Where there is none, the fallback of the
        most specific area that has one answers.
        """
        rows = next(self.applying(category, city, district, community, owner), ())
        return _choice(rows) if rows else self._fallback((community, district, city))

    def applying(
        self, category: str, city: str, district: str, community: str, owner: str = ""
    ) -> Iterator[tuple[Duty, ...]]:
        """All rows that apply to a category in a place, in the order in which they are looked at.

        Rows of one owner, one area and one prefix come together; the first such group decides.
        """
        whose = owner_key(owner)
        for one in (whose, "") if whose in self.owners else ("",):
            for area in (community, district, city):
                if area not in self._by_area:
                    continue
                for length in range(len(category), -1, -1):
                    rows = self._by_key.get((one, area, category[:length]))
                    if rows:
                        yield rows

    def stand_ins(
        self, category: str, city: str, district: str, community: str
    ) -> tuple[Duty, ...]:
        """Who could repair in another's stead 代修 where nobody answers.

        Those whose duty in this place is most like it, at least of the same big class; the most
        specific area that has any counts.
        """
        for area in (community, district, city):
            near = [(_shared(category, row.category), row) for row in self._by_area.get(area, ())]
            most = max((length for length, _ in near), default=0)
            if most >= BIG_CLASS:
                return tuple(row for length, row in near if length == most)
        return ()

    def _fallback(self, areas: Iterable[str]) -> DutyChoice:
        found = next((self.fallbacks[area] for area in areas if area in self.fallbacks), ())
        if len(found) == 1:
            return DutyChoice(
                duty=None, department=found[0], rule=DutyRule.FALLBACK, fallbacks=found
            )
        return DutyChoice(duty=None, department=None, rule=DutyRule.NONE, fallbacks=found)


BIG_CLASS = 3
"""Characters of a category's code that name its kind and big class: P01."""


def owner_key(owner: str) -> str:
    """An owner's name, however it is spaced and cased."""
    return " ".join(owner.split()).casefold()


def _shared(one: str, other: str) -> int:
    """How many characters two codes begin with in common."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _choice(rows: tuple[Duty, ...]) -> DutyChoice:
    if len(rows) > 1:
        return DutyChoice(duty=None, department=None, rule=DutyRule.AMBIGUOUS, candidates=rows)
    (duty,) = rows
    return DutyChoice(duty=duty, department=duty.department, rule=DutyRule.EXACT, candidates=rows)


def load_departments(connection: Connection) -> Mapping[str, Department]:
    """All departments by code, in the order of their codes."""
    rows = connection.execute(
        text(
            "select code, name_zh, name_en, area, kind, fallback, calendar, quiet"
            " from department order by code"
        )
    )
    return {
        row.code: Department(
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            area=row.area,
            kind=DepartmentKind(row.kind),
            fallback=row.fallback,
            calendar=row.calendar,
            quiet=row.quiet,
        )
        for row in rows
    }


def load_duties(connection: Connection) -> DutyTable:
    """The duty table as it stands, with the departments that are a fallback."""
    rows = connection.execute(
        text("select id, department, category, area, owner, assistants from duty order by id")
    )
    duties = [
        Duty(
            id=row.id,
            department=row.department,
            category=row.category,
            area=row.area,
            owner=row.owner,
            assistants=tuple(row.assistants.split()),
        )
        for row in rows
    ]
    fallbacks: dict[str, tuple[str, ...]] = {}
    for department in load_departments(connection).values():
        if department.fallback:
            named = fallbacks.get(department.area, ())
            fallbacks[department.area] = (*named, department.code)
    return DutyTable(duties, fallbacks)


def load_members(connection: Connection) -> Mapping[str, Member]:
    """All grid members by subject."""
    rows = connection.execute(
        text("select subject, name, area, department from member order by subject")
    )
    return {row.subject: Member(**row._mapping) for row in rows}
