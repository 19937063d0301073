"""The registers that files are read into: their columns, keys, geometry and rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from geo.codes import Edition, parse_part_id
from geo.errors import CodeError
from grid import tables
from grid.departments import DepartmentKind
from grid.importing import cells
from grid.importing.register import Column, Geometry, Register, Wrong
from grid.roster import turn_problem

_NAME, _ADDRESS = 200, 400
_HOUSING_BODY = 22
_BUILDING_PART = 17
_PARTS = "P"


def _part(row: Mapping[str, Any]) -> Iterator[Wrong]:
    try:
        found = parse_part_id(row["code"], Edition(row["standard"]))
    except CodeError:
        digits = 16 if row["standard"] == Edition.GB2013 else 17
        yield (
            "code",
            row["code"],
            f"a part of {row['standard']} has {digits} digits: division, class, serial; "
            "mend the code or name the other edition in the column standard",
        )
        return
    if found.category != row["part_class"]:
        yield (
            "part_class",
            row["part_class"],
            f"the code says class {found.category}; mend the one that is wrong",
        )


def _building(row: Mapping[str, Any]) -> Iterator[Wrong]:
    code = row["code"]
    if len(code) == _HOUSING_BODY and code.isdigit() and not code.endswith("00000"):
        yield "code", code, "22 digits that do not end in 00000 are a dwelling's code"


def _dwelling(row: Mapping[str, Any]) -> Iterator[Wrong]:
    code, building = row["code"], row["building"]
    if len(code) != _HOUSING_BODY or not code.isdigit():
        return
    if code.endswith("00000"):
        yield "code", code, "22 digits that end in 00000 are a building's code"
    elif len(building) == _HOUSING_BODY and code[:_BUILDING_PART] != building[:_BUILDING_PART]:
        yield "building", building, f"a dwelling {code} belongs to {code[:_BUILDING_PART]}00000"


def _duty(row: Mapping[str, Any]) -> Iterator[Wrong]:
    if row["owner"] and not row["category"].startswith(_PARTS):
        yield "owner", row["owner"], "an owner counts only for parts; give a category that begins P"
    if row["department"] in row["assistants"].split():
        yield "assistants", row["assistants"], "the department that answers does not assist itself"


def _turn(row: Mapping[str, Any]) -> Iterator[Wrong]:
    problem = turn_problem(row["starts"], row["ends"])
    if problem is not None:
        yield "ends", row["ends"], problem


def _code(about: str, **more: Any) -> Column:
    return Column(name="code", zh="编码", parse=cells.code, about=about, **more)


_COMMUNITY = Column(
    name="community",
    zh="社区",
    parse=cells.code,
    required=False,
    refers="community",
    about="code of the community; empty: the one that holds the position",
)

PARTS = Register(
    name="parts",
    table=tables.part,
    key=("code",),
    geometry=Geometry.POINT,
    check=_part,
    columns=(
        _code("16 digits (2013) or 17 (2026): division, class, serial"),
        Column(
            name="standard",
            zh="标准",
            parse=cells.one_of(tuple(Edition)),
            required=False,
            default=Edition.GB2013,
            about=f"{' or '.join(Edition)}; empty: the first",
        ),
        Column(
            name="part_class",
            zh="部件类别",
            parse=cells.code,
            refers="part_class",
            about="class with P before it, as the code has it: P0101",
        ),
        Column(name="name", zh="名称", parse=cells.words(_NAME), about="what it is"),
        Column(
            name="owner",
            zh="权属单位",
            parse=cells.words(_NAME),
            required=False,
            default="",
            about="who owns it",
        ),
        _COMMUNITY,
    ),
)

BUILDINGS = Register(
    name="buildings",
    table=tables.building,
    key=("code",),
    geometry=Geometry.POLYGON,
    check=_building,
    columns=(
        _code("of the building; after JGJ/T 246 22 digits that end in 00000"),
        Column(name="address", zh="地址", parse=cells.words(_ADDRESS), about="its address"),
        Column(name="floors", zh="层数", parse=cells.whole(1, 200), about="how many floors"),
        _COMMUNITY,
    ),
)

DWELLINGS = Register(
    name="dwellings",
    table=tables.dwelling,
    key=("code",),
    geometry=Geometry.POINT,
    check=_dwelling,
    columns=(
        _code("of the dwelling; 22 digits, the first 17 its building's"),
        Column(
            name="building",
            zh="房屋编码",
            parse=cells.code,
            refers="building",
            about="code of its building, in this file or in the register",
        ),
        Column(name="unit", zh="单元", parse=cells.whole(0, 999), about="number of the entrance"),
        Column(name="floor", zh="楼层", parse=cells.whole(-20, 200), about="floor"),
        Column(name="room", zh="房号", parse=cells.words(20), about="room or door"),
        _COMMUNITY,
    ),
)

DEPARTMENTS = Register(
    name="departments",
    table=tables.department,
    key=("code",),
    columns=(
        _code("of the department"),
        Column(name="name_zh", zh="中文名", parse=cells.words(_NAME), about="name in Chinese"),
        Column(name="name_en", zh="英文名", parse=cells.words(_NAME), about="name in English"),
        Column(name="area", zh="网格", parse=cells.code, refers="area", about="area it works for"),
        Column(
            name="kind",
            zh="类型",
            parse=cells.one_of(tuple(DepartmentKind)),
            about=", ".join(DepartmentKind),
        ),
        Column(
            name="fallback",
            zh="兜底",
            parse=cells.truth,
            required=False,
            default=False,
            about="true for who answers in its area where no duty does",
        ),
        Column(
            name="calendar",
            zh="工作日历",
            parse=cells.words(_NAME),
            required=False,
            default="",
            refers="calendar",
            about="name of its working calendar, where it keeps another than the city's",
        ),
        Column(
            name="quiet",
            zh="免打扰时段",
            parse=cells.hours,
            required=False,
            default="",
            about="from and until which hour only what is urgent notifies it: 22:00/07:00",
        ),
    ),
)

DUTIES = Register(
    name="duties",
    table=tables.duty,
    key=("department", "category", "area", "owner"),
    check=_duty,
    columns=(
        Column(
            name="department",
            zh="部门",
            parse=cells.code,
            refers="department",
            about="code of the department that answers",
        ),
        Column(
            name="category",
            zh="事项类别",
            parse=cells.code,
            refers="category",
            about="a category (E0110) or the beginning of some (E01, P)",
        ),
        Column(
            name="area",
            zh="网格",
            parse=cells.code,
            refers="duty_area",
            about="city, district or community in which it answers",
        ),
        Column(
            name="owner",
            zh="权属单位",
            parse=cells.words(_NAME),
            required=False,
            default="",
            about="only for parts that this one owns, as their register names it",
        ),
        Column(
            name="assistants",
            zh="协办部门",
            parse=cells.codes,
            required=False,
            default="",
            refers="departments",
            about="codes of the departments that assist",
        ),
    ),
)

MEMBERS = Register(
    name="members",
    table=tables.member,
    key=("subject",),
    columns=(
        Column(name="subject", zh="账号", parse=cells.code, about="the account"),
        Column(name="name", zh="姓名", parse=cells.words(_NAME), about="name of the person"),
        Column(
            name="area", zh="网格", parse=cells.code, refers="area", about="what the member patrols"
        ),
        Column(
            name="department",
            zh="所属部门",
            parse=cells.words(_NAME),
            required=False,
            default="",
            refers="departments",
            about="code of the department that the member works for, if any",
        ),
    ),
)

GRADES = Register(
    name="grades",
    table=tables.area_grade,
    key=("area",),
    columns=(
        Column(
            name="area",
            zh="网格",
            parse=cells.code,
            refers="duty_area",
            about="city, district or community; the most specific that has a grade counts",
        ),
        Column(
            name="profile",
            zh="等级",
            parse=cells.code,
            about="the limit profile of the area, such as A",
        ),
    ),
)

ROSTER = Register(
    name="roster",
    table=tables.roster,
    key=("department", "account", "starts", "ends"),
    check=_turn,
    columns=(
        Column(
            name="department",
            zh="部门",
            parse=cells.code,
            refers="department",
            about="code of the department or centre",
        ),
        Column(name="account", zh="账号", parse=cells.code, about="the account on duty"),
        Column(
            name="role",
            zh="职责",
            parse=cells.one_of(("officer", "leader")),
            required=False,
            default="officer",
            about="officer 值班员 or leader 带班领导; empty: the first",
        ),
        Column(
            name="starts",
            zh="开始",
            parse=cells.turn,
            about="local moment, 2026-12-01 18:00, or day of every week, fri 18:00",
        ),
        Column(
            name="ends",
            zh="结束",
            parse=cells.turn,
            about="likewise; a week's turn may pass Sunday's end, and lasts all week from "
            "mon 00:00 to mon 00:00",
        ),
    ),
)

REGISTERS: Mapping[str, Register] = {
    register.name: register
    for register in (PARTS, BUILDINGS, DWELLINGS, DEPARTMENTS, DUTIES, MEMBERS, GRADES, ROSTER)
}
"""All but the areas, which are a dated map (`grid.importing.areas`)."""
