"""Areas of a file, judged without a database: each bad one is named with its field and reason."""

from typing import Any

import pytest
import shapely

from geo.crs import Projection
from geo.geojson import Feature
from grid.areas import Level
from grid.importing.checks import gaps_m2, map_refusals
from grid.importing.rows import AreaRow, judge

GOOD: dict[str, Any] = {
    "code": "431102001001",
    "level": "community",
    "parent": "431102",
    "name_zh": "东岳宫社区",
    "name_en": "Dongyuegong Community",
}
SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[111.6, 26.2], [111.61, 26.2], [111.61, 26.21], [111.6, 26.21], [111.6, 26.2]]
    ],
}


def feature(row: int = 1, geometry: object = SQUARE, **changes: object) -> Feature:
    properties = {k: v for k, v in {**GOOD, **changes}.items() if v is not ...}
    return Feature(row=row, properties=properties, geometry=geometry)  # type: ignore[arg-type]


def test_a_good_feature_becomes_an_area() -> None:
    judged = judge([feature(name_en=...)], [], Projection())
    assert judged.refused == ()
    (row,) = judged.rows
    assert (row.code, row.level, row.parent, row.made) == (
        "431102001001",
        Level.COMMUNITY,
        "431102",
        False,
    )
    assert row.name_en == "东岳宫社区"
    assert shapely.from_wkb(row.shape).geom_type == "MultiPolygon"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": ...}, "code"),
        ({"code": 431102001001}, "code"),
        ({"code": ""}, "code"),
        ({"code": "４３１１０２"}, "code"),
        ({"code": "a" * 41}, "code"),
        ({"code": "43 11"}, "code"),
        ({"level": "county"}, "level"),
        ({"level": ["city"]}, "level"),
        ({"level": ...}, "level"),
        ({"parent": ...}, "parent"),
        ({"parent": 431102}, "parent"),
        ({"level": "city"}, "parent"),
        ({"name_zh": ""}, "name_zh"),
        ({"name_zh": "  "}, "name_zh"),
        ({"name_zh": "a\0b"}, "name_zh"),
        ({"name_zh": "\ud800"}, "name_zh"),
        ({"name_zh": "长" * 201}, "name_zh"),
        ({"name_en": 5}, "name_en"),
        ({"made": "yes"}, "made"),
    ],
)
def test_a_bad_property_is_refused_by_its_name(changes: dict[str, object], field: str) -> None:
    judged = judge([feature(7, **changes)], [], Projection())
    assert judged.rows == ()
    assert (7, field) in {(refusal.row, refusal.field) for refusal in judged.refused}
    for refusal in judged.refused:
        refusal.value.encode()


def test_a_missing_geometry_and_a_border_that_crosses_itself_are_refused() -> None:
    bow = [[111.6, 26.2], [111.61, 26.21], [111.61, 26.2], [111.6, 26.21], [111.6, 26.2]]
    crossing = {"type": "Polygon", "coordinates": [bow]}
    judged = judge([feature(1, None), feature(2, crossing, code="2")], [], Projection())
    assert [(r.row, r.field) for r in judged.refused] == [(1, "geometry"), (2, "geometry")]
    assert "Self-intersection" in judged.refused[1].reason


def test_a_polygon_at_the_other_end_of_the_world_is_refused() -> None:
    far = [[-68.0, 0.0], [-67.0, 0.0], [-67.0, 1.0], [-68.0, 0.0]]
    judged = judge([feature(1, {"type": "Polygon", "coordinates": [far]})], [], Projection())
    assert [(r.row, r.field) for r in judged.refused] == [(1, "geometry")]


def test_a_code_given_twice_is_refused_at_its_second_feature() -> None:
    judged = judge([feature(1), feature(2)], [], Projection())
    assert len(judged.rows) == 1
    (refusal,) = judged.refused
    assert (refusal.row, refusal.field) == (2, "code")
    assert "feature 1" in refusal.reason


def area(
    row: int, code: str, level: Level, parent: str | None, box: tuple[int, int, int, int]
) -> AreaRow:
    return AreaRow(
        row=row,
        code=code,
        level=level,
        parent=parent,
        name_zh=code,
        name_en=code,
        made=False,
        shape=bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(*box)]))),
    )


CITY = area(1, "c", Level.CITY, None, (0, 0, 100, 100))
WEST = area(2, "w", Level.DISTRICT, "c", (0, 0, 50, 100))
EAST = area(3, "e", Level.DISTRICT, "c", (50, 0, 100, 100))


def refusals(*areas: AreaRow) -> list[tuple[int, str]]:
    return [(r.row, r.field) for r in map_refusals({a.code: a for a in areas})]


def test_areas_that_fit_together_are_a_map() -> None:
    inside = area(4, "x", Level.COMMUNITY, "w", (0, 0, 50, 40))
    assert refusals(CITY, WEST, EAST, inside) == []


def test_overlapping_areas_of_one_level_are_refused_with_both_named() -> None:
    wide = area(3, "e", Level.DISTRICT, "c", (40, 0, 100, 100))
    (refusal,) = map_refusals({a.code: a for a in (CITY, WEST, wide)})
    assert (refusal.row, refusal.value) == (3, "e")
    assert "overlaps w (feature 2) by 1000.00 m²" in refusal.reason


def test_an_area_outside_the_one_above_it_is_refused() -> None:
    assert refusals(CITY, WEST, area(4, "x", Level.COMMUNITY, "w", (40, 0, 60, 10))) == [
        (4, "geometry")
    ]


def test_shrinking_an_area_below_what_the_register_has_under_it_is_refused() -> None:
    held = area(0, "x", Level.COMMUNITY, "w", (0, 0, 50, 40))
    smaller = area(2, "w", Level.DISTRICT, "c", (0, 0, 40, 100))
    assert refusals(CITY, smaller, held) == [(2, "geometry")]


@pytest.mark.parametrize(
    "stray",
    [
        area(4, "x", Level.COMMUNITY, "nowhere", (0, 0, 10, 10)),
        area(4, "x", Level.COMMUNITY, "x", (0, 0, 10, 10)),
        area(4, "x", Level.COMMUNITY, "c", (0, 0, 10, 10)),
        area(4, "x", Level.DISTRICT, "w", (0, 0, 10, 10)),
    ],
)
def test_a_parent_that_is_missing_or_not_above_is_refused(stray: AreaRow) -> None:
    assert refusals(CITY, WEST, EAST, stray) == [(4, "parent")]


def test_a_map_needs_exactly_one_city() -> None:
    assert (0, "level") in refusals(WEST)
    assert (0, "level") in refusals(CITY, area(5, "d", Level.CITY, None, (200, 0, 300, 100)))


def test_gaps_are_measured_and_no_fault() -> None:
    inside = area(4, "x", Level.COMMUNITY, "w", (0, 0, 50, 40))
    assert gaps_m2({a.code: a for a in (CITY, WEST, EAST, inside)}) == {"w": pytest.approx(3000)}
