"""Where the duty table leaves a category of a place to nobody, or to several. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from grid.areas import Area, Level, above
from grid.departments import Duty, DutyChoice, DutyRule, DutyTable, owner_key

_PARTS = "P"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A category that in every community of an area ends in the same way: `duties` are the rows
    among which none is chosen, and none where nobody answers.

    An overlap of an `owner` is one among the rows for parts of that owner. A gap names the `owners`
    for whose parts somebody answers there nonetheless.
    """

    category: str
    area: str
    communities: int
    duties: tuple[Duty, ...]
    owner: str = ""
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was looked at, and what is not covered by exactly one duty.

    `fallbacks` counts the pairs of category and community that go to a fallback, `unowned` are
    owners that rows name and no part has, `rivals` areas with more than one fallback.
    """

    categories: int
    communities: int
    gaps: tuple[Hole, ...]
    overlaps: tuple[Hole, ...]
    fallbacks: int = 0
    unowned: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()


def examine_duties(
    duties: DutyTable,
    categories: Iterable[str],
    areas: Mapping[str, Area],
    owners: Iterable[str] = (),
) -> Coverage:
    """Looks at every category in every community, by the search that the engine uses.

    What is the same in a whole district, or in the whole city, is told once for it. For parts the
    rows of each owner are looked at, too; `owners` are those that the parts have.
    """
    codes = sorted(categories)
    look = _Look(duties, _places(areas))
    holes = [hole for code in codes for hole in look.holes(code)]
    parts = [code for code in codes if code.startswith(_PARTS)]
    of_owners = [
        replace(hole, owner=hole.duties[0].owner)
        for owner in sorted(duties.owners)
        for code in parts
        for hole in look.holes(code, owner)
        if any(row.owner for row in hole.duties)
    ]
    known = frozenset(map(owner_key, owners))
    return Coverage(
        categories=len(codes),
        communities=look.communities,
        gaps=tuple(_with_owners(duties, hole, areas) for hole in holes if not hole.duties),
        overlaps=(*(hole for hole in holes if hole.duties), *of_owners),
        fallbacks=look.fallbacks(codes),
        unowned=tuple(
            sorted({row.owner for row in duties.of_owners if owner_key(row.owner) not in known})
        ),
        rivals=tuple(sorted(area for area, named in duties.fallbacks.items() if len(named) > 1)),
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


class _Look:
    """Searches the table in every community. Communities that it does not name share one search."""

    def __init__(self, duties: DutyTable, places: Places) -> None:
        self._duties = duties
        self._places = places
        self.communities = sum(map(len, places.values()))

    def holes(self, category: str, owner: str = "") -> Iterator[Hole]:
        """Where the search for the category ends with nobody, or with several."""
        endings = {
            district: {
                code: _ending(choice) for code, choice in self._choices(category, district, owner)
            }
            for district in self._places
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

    def fallbacks(self, categories: Iterable[str]) -> int:
        """How many pairs of category and community go to a fallback."""
        if not self._duties.fallbacks:
            return 0
        return sum(
            choice.rule is DutyRule.FALLBACK
            for category in categories
            for district in self._places
            for _, choice in self._choices(category, district, "")
        )

    def _choices(
        self, category: str, place: tuple[str, str], owner: str
    ) -> Iterator[tuple[str, DutyChoice]]:
        city, district = place
        shared = self._duties.find(category, city, district, "", owner)
        for code in self._places[place]:
            if code in self._duties.areas:
                yield code, self._duties.find(category, city, district, code, owner)
            else:
                yield code, shared


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


def _ending(choice: DutyChoice) -> Ending:
    return choice.candidates if choice.department is None else None


def _with_owners(duties: DutyTable, hole: Hole, areas: Mapping[str, Area]) -> Hole:
    """The gap with the owners that have a row for it in its area, above it or below it."""
    if not hole.category.startswith(_PARTS):
        return hole
    here = _line(areas, hole.area)
    named = {
        row.owner
        for row in duties.of_owners
        if hole.category.startswith(row.category)
        and (row.area in here or hole.area in _line(areas, row.area))
    }
    return replace(hole, owners=tuple(sorted(named)))


def _line(areas: Mapping[str, Area], code: str) -> set[str]:
    """An area and all above it."""
    found: set[str] = set()
    area = areas.get(code)
    while area is not None and area.code not in found:
        found.add(area.code)
        area = areas.get(area.parent or "")
    return found
