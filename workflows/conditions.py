"""Filing conditions 立案条件: the rows of a category, each with its own limit, clock and end."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.documents import Place
from workflows.errors import LimitError, SeasonError
from workflows.limits import ClockType, Limit, parse_limit
from workflows.seasons import Band, Season

OPTIONAL = frozenset(
    {
        "made", "season", "band", "inspect_in_band", "closes_by_notice", "dispatch_limit",
        "successor", "profiles",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A filing condition 立案条件: its limit, and the closing condition 结案条件.

    `code` is the category's public code and the row, "E0110-1". `made` marks a row that was made
    up for a demonstration and stands in no city's table. `season` and `band` say when it holds;
    without them it always does. `inspect_in_band`: the inspection must be in the same band as the
    report, for the trouble leaves by itself. `closes_by_notice`: the case may be closed by notice
    告知性结案. `dispatch_limit` takes the place of the definition's limit for dispatching.
    `successor` is the code of the row that the same case passes on to (fence, repair, restore).
    `profiles` are other limits by profile, and `profile` is the one whose limit `limit` is.
    """

    code: str
    limit: Limit
    text_zh: str
    text_en: str
    closing_zh: str
    closing_en: str
    urgent: bool
    made: bool
    season: Season | None = None
    band: Band | None = None
    inspect_in_band: bool = False
    closes_by_notice: bool = False
    dispatch_limit: Limit | None = None
    successor: str | None = None
    profiles: tuple[tuple[str, Limit], ...] = ()
    profile: str | None = None

    @property
    def category(self) -> str:
        """The public code of the category that the condition belongs to."""
        return self.code.rpartition("-")[0]

    @property
    def timed(self) -> bool:
        """Whether it holds at some times and not at others."""
        return self.season is not None or self.band is not None

    @property
    def row(self) -> str:
        """What tells it from the other rows of its category."""
        return self.code.rpartition("-")[2]


def read_conditions(rows: Place, category: str) -> tuple[Condition, ...]:
    """The conditions of a category, `category` its public code.

    Raises the document's error naming the place: a limit that cannot be read, a row whose words
    and clock type disagree, half a season, a successor that there is not.
    """
    found: dict[str, Condition] = {}
    places: dict[str, Place] = {}
    for row in rows.items():
        condition = _condition(row, category)
        if condition.code in found:
            raise row.at("row").wrong(f"the row {condition.code} stands twice; keep one")
        found[condition.code] = condition
        places[condition.code] = row
    following = {row.code: row.successor for row in found.values()}
    for code, place in places.items():
        problem = successor_problem(code, following)
        if problem is not None:
            raise place.at("successor").wrong(problem)
    return tuple(found.values())


def successor_problem(code: str, following: Mapping[str, str | None]) -> str | None:
    """Why a condition's successor cannot be; None where it can, or where it has none.

    `following` gives every condition of the category with its successor. A case that passes from
    row to row must come to an end, so no row may lead back to itself.
    """
    after = following.get(code)
    if after is None:
        return None
    if after.rpartition("-")[0] != code.rpartition("-")[0]:
        return f"{after} is a row of another category; name one of the same"
    if after not in following:
        return f"there is no row {after}; add it, or name another"
    passed = [code]
    while after is not None and after not in passed:
        passed.append(after)
        after = following.get(after)
    if after != code:
        return None
    return f"the rows lead in a circle: {', '.join([*passed, code])}; end it"


def _condition(row: Place, category: str) -> Condition:
    row.mapping({"row", "limit", "clock", "text", "closing"}, OPTIONAL)
    limit = _limit(row.at("limit"))
    clock = row.at("clock").choice(ClockType)
    if limit.clock is not clock:
        raise row.at("clock").wrong(disagreement(limit, clock))
    text, closing = row.at("text").label(), row.at("closing").label()
    season, band = _season(row.at("season")), _band(row.at("band"))
    in_band = row.at("inspect_in_band").flag(default=False)
    if in_band and band is None:
        raise row.at("inspect_in_band").wrong("asks for a band, and the row has none; add one")
    after = row.at("successor")
    dispatch = row.at("dispatch_limit")
    return Condition(
        code=f"{category}-{row.at('row').text()}",
        limit=limit,
        text_zh=text.zh,
        text_en=text.en,
        closing_zh=closing.zh,
        closing_en=closing.en,
        urgent=limit.urgent,
        made=row.at("made").flag(default=False),
        season=season,
        band=band,
        inspect_in_band=in_band,
        closes_by_notice=row.at("closes_by_notice").flag(default=False),
        dispatch_limit=None if dispatch.value is None else _limit(dispatch),
        successor=None if after.value is None else f"{category}-{after.text()}",
        profiles=_profiles(row.at("profiles")),
    )


def disagreement(limit: Limit, clock: ClockType) -> str:
    """What is said where a row's words and its clock type are not the same clock."""
    return f"says {clock}, but the words {limit.text!r} say {limit.clock}; correct one of them"


def _limit(place: Place) -> Limit:
    try:
        return parse_limit(place.text())
    except LimitError as error:
        raise place.wrong(str(error)) from error


def _ends(place: Place) -> tuple[str, str] | None:
    if place.value is None:
        return None
    place.mapping({"from", "to"})
    return place.at("from").text(), place.at("to").text()


def _season(place: Place) -> Season | None:
    ends = _ends(place)
    try:
        return None if ends is None else Season(first=ends[0], last=ends[1])
    except SeasonError as error:
        raise place.wrong(str(error)) from error


def _band(place: Place) -> Band | None:
    ends = _ends(place)
    try:
        return None if ends is None else Band(first=ends[0], last=ends[1])
    except SeasonError as error:
        raise place.wrong(str(error)) from error


def _profiles(place: Place) -> tuple[tuple[str, Limit], ...]:
    if place.value is None:
        return ()
    return tuple(sorted((name, _limit(limit)) for name, limit in place.entries()))
