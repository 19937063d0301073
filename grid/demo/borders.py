"""The areas of the demo city: one city, eleven counties, all communities, as one exact coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.crs import Projection
from geo.partition import is_coverage, partition, union
from grid.areas import Level
from grid.demo.divisions import (
    CITY,
    CITY_NAMES,
    COUNTY_NAMES,
    Community,
    Divisions,
    read_county_borders,
)
from grid.demo.seeds import Seeds, place_communities
from grid.errors import DemoError


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoArea:
    """An area with its border as a projected multipolygon (WKB)."""

    code: str
    level: Level
    parent: str | None
    name_zh: str
    name_en: str
    made: bool
    shape: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAreas:
    """All areas of the demo city, from above, and the middle of each community (x, y)."""

    areas: tuple[DemoArea, ...]
    middles: Mapping[str, tuple[float, float]]


def draw_areas(
    divisions: Divisions, seed: int, counties: Sequence[str] = tuple(COUNTY_NAMES)
) -> DemoAreas:
    """Draws the communities of the given counties and unites them to counties and the city.

    Deterministic from the seed. Raises DemoError when the outcome is no exact coverage.
    """
    borders = {c: s for c, s in read_county_borders(Projection()).items() if c in counties}
    members = {
        county: [c for c in divisions.communities if c.county == county] for county in borders
    }
    seeds = {
        county: place_communities(county, borders[county], members[county], seed)
        for county in borders
    }
    cells = partition(borders, {county: (s.xs, s.ys) for county, s in seeds.items()})
    if not is_coverage([cell for county in cells.values() for cell in county]):
        raise DemoError(f"the cells of seed {seed} are no exact coverage; choose another seed")
    communities = [
        _community(community, cell)
        for county in borders
        for community, cell in zip(members[county], cells[county], strict=True)
    ]
    whole = [_county(county, union(cells[county])) for county in borders]
    return DemoAreas(
        areas=(_city([county.shape for county in whole]), *whole, *communities),
        middles=_middles(members, seeds),
    )


def _city(shapes: Sequence[bytes]) -> DemoArea:
    return DemoArea(
        code=CITY,
        level=Level.CITY,
        parent=None,
        name_zh=CITY_NAMES[0],
        name_en=CITY_NAMES[1],
        made=False,
        shape=union(shapes),
    )


def _county(code: str, shape: bytes) -> DemoArea:
    name_zh, name_en = COUNTY_NAMES[code]
    return DemoArea(
        code=code,
        level=Level.DISTRICT,
        parent=CITY,
        name_zh=name_zh,
        name_en=name_en,
        made=False,
        shape=shape,
    )


def _community(community: Community, shape: bytes) -> DemoArea:
    return DemoArea(
        code=community.code,
        level=Level.COMMUNITY,
        parent=community.county,
        name_zh=community.name_zh,
        name_en=community.name_en,
        made=True,
        shape=shape,
    )


def _middles(
    members: Mapping[str, Sequence[Community]], seeds: Mapping[str, Seeds]
) -> dict[str, tuple[float, float]]:
    return {
        community.code: (float(x), float(y))
        for county, group in members.items()
        for community, x, y in zip(group, seeds[county].xs, seeds[county].ys, strict=True)
    }
