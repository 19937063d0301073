"""The demo city in a real database."""

import pytest
from sqlalchemy import Connection, text

from geo.crs import Crs
from grid.areas import Place, load_map
from grid.demo.load import DemoSize, is_empty, load_demo
from grid.departments import load_departments, load_duties, load_members
from grid.errors import DemoError


def count(connection: Connection, name: str) -> int:
    return int(connection.execute(text(f"select count(*) from {name}")).scalar_one())  # noqa: S608


def test_the_demo_city_loads_once_with_the_asked_counts(connection: Connection) -> None:
    seen: list[tuple[str, int, int]] = []
    assert is_empty(connection)
    size = DemoSize(parts=2000, dwellings=1503)
    counts = load_demo(connection, 3, lambda *step: seen.append(step), size)
    assert (counts.areas, counts.parts, counts.dwellings) == (3343, 2000, 1503)
    for name, loaded in (
        ("area", counts.areas),
        ("department", counts.departments),
        ("duty", counts.duties),
        ("member", counts.members),
        ("part", counts.parts),
        ("building", counts.buildings),
        ("dwelling", counts.dwellings),
    ):
        assert count(connection, name) == loaded
    assert {what for what, done, total in seen if done == total} == {
        "drawing",
        "areas",
        "parts",
        "buildings",
        "dwellings",
    }
    with pytest.raises(DemoError, match="not empty"):
        load_demo(connection, 3, lambda *_: None, size)
    _holds_together(connection)


def _holds_together(connection: Connection) -> None:
    city = load_map(connection)
    place = city.place(111.62, 26.22, Crs.WGS84, 10.0)
    assert isinstance(place, Place)
    assert place.district == "431102"
    misplaced = connection.execute(
        text(
            "select count(*) from part join area on area.code = part.community"
            " where not ST_Contains(area.geom, part.geom)"
        )
    )
    assert misplaced.scalar_one() == 0
    departments, duties = load_departments(connection), load_duties(connection)
    choice = duties.find("E0110", place.city, place.district, place.community)
    assert choice.department in departments
    assert {m.area for m in load_members(connection).values()} <= city.areas.keys()
    fresh = connection.execute(
        text("insert into duty (department, category, area) values (:d, 'X', 'x') returning id"),
        {"d": choice.department},
    )
    assert fresh.scalar_one() == count(connection, "duty")
