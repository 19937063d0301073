"""The demo city: whole, exact, the same for the same seed."""

import hashlib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import shapely
import yaml

from geo.codes import Edition, parse_part_id
from geo.partition import is_coverage
from grid.areas import Level
from grid.demo.borders import DemoAreas, draw_areas
from grid.demo.departments import appoint
from grid.demo.divisions import COUNTY_NAMES, FOLDED, read_divisions
from grid.demo.housing import DemoBuilding, place_buildings
from grid.demo.parts import DemoPart, place_parts, read_part_classes
from grid.demo.streets import URBAN_DISTRICTS, lay_city_streets
from grid.departments import DutyRule, DutyTable

SEED = 7
DISTRICT = "431103"
STANDARDS = Path(__file__).parents[3] / "data" / "standards"
CATALOGUES = ("gbt-30428.2-2013", "social-governance", "public-service")


@cache
def drawn() -> DemoAreas:
    return draw_areas(read_divisions(), SEED, [DISTRICT])


@cache
def parts() -> list[DemoPart]:
    return list(place_parts(lay_city_streets(drawn(), SEED), read_part_classes(), 3000, SEED))


@cache
def buildings() -> list[DemoBuilding]:
    names = {area.code: area.name_zh for area in drawn().areas}
    return list(place_buildings(lay_city_streets(drawn(), SEED), names, 1501, SEED))


def digest(areas: DemoAreas) -> str:
    return hashlib.sha256(b"".join(area.shape for area in areas.areas)).hexdigest()


def test_the_divisions_are_those_of_the_statistical_codes() -> None:
    divisions = read_divisions()
    counted = Counter(community.county for community in divisions.communities)
    assert len(divisions.communities) == 3331
    assert len(divisions.townships) == 195
    assert counted.keys() == COUNTY_NAMES.keys()
    # The development zones' communities are counted where they lie.
    assert (counted["431102"], counted["431103"], counted["431181"]) == (334, 204 + 17, 610)
    assert {c.code[:6] for c in divisions.communities} == COUNTY_NAMES.keys() | FOLDED.keys()


def test_the_communities_of_a_county_are_an_exact_coverage_of_it() -> None:
    cells = [area.shape for area in drawn().areas if area.level is Level.COMMUNITY]
    (county,) = (area.shape for area in drawn().areas if area.level is Level.DISTRICT)
    assert len(cells) == 221
    assert is_coverage(cells)
    total = sum(shapely.from_wkb(cell).area for cell in cells)
    assert abs(shapely.from_wkb(county).area - total) < 0.01


def test_the_same_seed_draws_the_same_city_and_another_seed_another() -> None:
    divisions = read_divisions()
    assert digest(draw_areas(divisions, SEED, ["431125"])) == digest(
        draw_areas(divisions, SEED, ["431125"])
    )
    assert digest(draw_areas(divisions, SEED, ["431125"])) != digest(
        draw_areas(divisions, SEED + 1, ["431125"])
    )


def test_every_part_has_a_code_of_its_own_and_lies_in_its_community() -> None:
    shapes = {area.code: shapely.from_wkb(area.shape) for area in drawn().areas}
    assert len(parts()) == 3000
    assert len({part.code for part in parts()}) == 3000
    for part in parts():
        parsed = parse_part_id(part.code, Edition.GB2013)
        assert (parsed.division, parsed.category) == (DISTRICT, part.part_class.category)
        assert shapes[part.community].contains(shapely.Point(part.x, part.y))


def test_parts_come_in_the_shares_of_their_classes() -> None:
    counted = Counter(part.part_class.category for part in parts())
    trees = next(c for c in read_part_classes() if c.category == "P0402")
    assert abs(counted["P0402"] / 3000 - trees.share) < 0.03


def test_dwellings_are_as_many_as_asked_and_lie_in_their_building() -> None:
    shapes = {area.code: shapely.from_wkb(area.shape) for area in drawn().areas}
    codes = [home.code for building in buildings() for home in building.dwellings]
    assert len(codes) == 1501
    assert len(set(codes)) == 1501
    for building in buildings():
        footprint = shapely.Polygon(building.corners)
        assert shapes[building.community].contains(footprint)
        assert len(building.code) == 22
        for home in building.dwellings:
            assert footprint.contains(shapely.Point(home.x, home.y))
            assert home.code[:17] == building.code[:17]


def test_no_two_buildings_overlap() -> None:
    footprints = [shapely.Polygon(building.corners) for building in buildings()]
    first, second = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    assert (first == second).all()


@cache
def category_names() -> dict[str, str]:
    """Chinese names of the categories of every line by code."""
    return {
        f"{kind['kind'][0].upper()}{category['code']}": category["name"]["zh"]
        for name in CATALOGUES
        for kind in yaml.safe_load((STANDARDS / f"{name}.yaml").read_text("utf-8"))["classes"]
        for category in kind["categories"]
    }


@pytest.mark.parametrize("district", URBAN_DISTRICTS)
def test_duties_decide_every_category_but_the_stated_ones(district: str) -> None:
    offices = appoint(read_divisions().communities)
    table = DutyTable(offices.duties)
    station = f"{district}001009" if district == "431102" else "431103001001"
    rules = {
        category: table.find(category, "431100", district, station).rule
        for category in category_names()
    }
    undecided = {c: rule for c, rule in rules.items() if rule is not DutyRule.EXACT}
    assert undecided == {
        "E0128": DutyRule.AMBIGUOUS,
        "E0505": DutyRule.AMBIGUOUS,
        "P0123": DutyRule.AMBIGUOUS,
        "E0133": DutyRule.NONE,
        "E0602": DutyRule.NONE,
    }
    assert {duty.department for duty in offices.duties} <= {d.code for d in offices.departments}


def test_parts_carry_the_names_of_the_standard() -> None:
    assert {c.category: c.name_zh for c in read_part_classes()}.items() <= category_names().items()


def test_every_community_of_the_urban_districts_has_a_member() -> None:
    divisions = read_divisions()
    offices = appoint(divisions.communities)
    served = {c.code for c in divisions.communities if c.county in ("431102", "431103")}
    assert {member.area for member in offices.members} == served
    assert len({member.subject for member in offices.members}) == len(offices.members)
