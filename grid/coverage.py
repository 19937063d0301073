"""Where the duty table leaves a category of a place to nobody, or to several. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from grid.areas import Area, Level, above
from grid.departments import Duty, DutyChoice, DutyRule, DutyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A category that in every community of an area ends in the same way: `duties` are the rows
    among which none is chosen, and none where nobody answers."""

    category: str
    area: str
    communities: int
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was looked at, and what is not covered by exactly one duty."""

    categories: int
    communities: int
    gaps: tuple[Hole, ...]
    overlaps: tuple[Hole, ...]


def examine_duties(
    duties: DutyTable, categories: Iterable[str], areas: Mapping[str, Area]
) -> Coverage:
    """Looks at every category in every community, by the search that the engine uses.

    What is the same in a whole district, or in the whole city, is told once for it.
    """
    codes = sorted(categories)
    places = _places(areas)
    holes = [hole for code in codes for hole in _holes(duties, code, places)]
    return Coverage(
        categories=len(codes),
        communities=sum(map(len, places.values())),
        gaps=tuple(hole for hole in holes if not hole.duties),
        overlaps=tuple(hole for hole in holes if hole.duties),
    )


Places = Mapping[tuple[str, str], Sequence[str]]
Ending = tuple[Duty, ...] | None
"""How a search ended: None where exactly one answers, else the rows that it found."""


def _places(areas: Mapping[str, Area]) -> Places:
    """The communities by their city and district, all in the order of their codes."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code in sorted(areas):
        if areas[code].level is Level.COMMUNITY:
            found[above(areas, code)].append(code)
    return dict(sorted(found.items()))


def _holes(duties: DutyTable, category: str, places: Places) -> Iterator[Hole]:
    endings = {
        district: _endings(duties, category, district, communities)
        for district, communities in places.items()
    }
    for city, districts in groupby(endings, key=lambda district: district[0]):
        named = list(districts)
        every = {ending for district in named for ending in endings[district].values()}
        if len(every) == 1:
            count = sum(len(endings[district]) for district in named)
            yield from _hole(category, city, count, *every)
            continue
        for district in named:
            yield from _in_district(category, district[1], endings[district])


def _in_district(category: str, district: str, endings: Mapping[str, Ending]) -> Iterator[Hole]:
    every = set(endings.values())
    if len(every) == 1:
        yield from _hole(category, district, len(endings), *every)
        return
    for community, ending in endings.items():
        yield from _hole(category, community, 1, ending)


def _hole(category: str, area: str, communities: int, ending: Ending) -> Iterator[Hole]:
    if ending is not None:
        yield Hole(category=category, area=area, communities=communities, duties=ending)


def _endings(
    duties: DutyTable, category: str, place: tuple[str, str], communities: Sequence[str]
) -> dict[str, Ending]:
    """How the search ends in each community of a district.

    Communities that the table does not name share one search.
    """
    city, district = place
    shared = _ending(duties.find(category, city, district, ""))
    return {
        code: _ending(duties.find(category, city, district, code))
        if code in duties.areas
        else shared
        for code in communities
    }


def _ending(choice: DutyChoice) -> Ending:
    return None if choice.rule is DutyRule.EXACT else choice.candidates
