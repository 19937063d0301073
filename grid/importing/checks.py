"""Whether the areas of a whole map fit together. No database."""

from collections.abc import Iterator, Mapping

from geo.coverage import outside_m2, overlaps, uncovered_m2
from grid.areas import Level
from grid.importing.rows import AreaRow, Refusal

_RANK = {level: i for i, level in enumerate(Level)}


def map_refusals(areas: Mapping[str, AreaRow]) -> Iterator[Refusal]:
    """Every reason why these areas are no map, in the order: parents, overlaps, borders above.

    Only areas that come from the file (row > 0) are blamed; of two that overlap, the later one.
    """
    faults = list(_tree_refusals(areas))
    yield from faults
    if faults:
        return
    yield from _overlap_refusals(areas)
    for area in areas.values():
        above = areas.get(area.parent or "")
        if above is None or (area.row == 0 and above.row == 0):
            continue
        outside = outside_m2(area.shape, above.shape)
        if outside > 0:
            blamed = area if area.row else above
            yield Refusal(
                row=blamed.row,
                field="geometry",
                value=blamed.code,
                reason=f"{outside:.2f} m² of {area.code} lie outside {above.code} above it",
            )


def gaps_m2(areas: Mapping[str, AreaRow]) -> dict[str, float]:
    """Square metres of each area that those right below it leave uncovered; none below: no gap.

    A gap is no fault: not every place needs a grid member. A report from there is answered with
    the nearest community.
    """
    children: dict[str, list[bytes]] = {}
    for area in areas.values():
        if area.parent is not None:
            children.setdefault(area.parent, []).append(area.shape)
    return uncovered_m2({code: area.shape for code, area in areas.items()}, children)


def _tree_refusals(areas: Mapping[str, AreaRow]) -> Iterator[Refusal]:
    cities = [area for area in areas.values() if area.level is Level.CITY]
    if len(cities) != 1:
        named = ", ".join(sorted(area.code for area in cities))
        yield Refusal(
            row=0,
            field="level",
            value=named,
            reason=f"the map would have {len(cities)} areas of level city; it needs exactly one",
        )
    for area in areas.values():
        if area.parent is None:
            continue
        above = areas.get(area.parent)
        if above is None:
            reason = "no area has this code, neither in the file nor in the register"
        elif _RANK[above.level] >= _RANK[area.level]:
            reason = f"it is a {above.level}, which is not above a {area.level}"
        elif area.level is Level.COMMUNITY and _district_of(areas, area) is None:
            reason = "no district is above this community"
        else:
            continue
        yield Refusal(row=area.row, field="parent", value=area.parent, reason=reason)


def _district_of(areas: Mapping[str, AreaRow], area: AreaRow) -> str | None:
    step: AreaRow | None = area
    for _ in Level:
        if step is None or step.level is Level.DISTRICT:
            break
        step = areas.get(step.parent or "")
    return step.code if step is not None and step.level is Level.DISTRICT else None


def _overlap_refusals(areas: Mapping[str, AreaRow]) -> Iterator[Refusal]:
    for level in Level:
        peers = [area for area in areas.values() if area.level is level]
        for found in overlaps([area.shape for area in peers]):
            first, second = peers[found.first], peers[found.second]
            blamed, other = (first, second) if first.row > second.row else (second, first)
            if blamed.row == 0:
                continue
            where = f" (feature {other.row})" if other.row else " of the register"
            yield Refusal(
                row=blamed.row,
                field="geometry",
                value=blamed.code,
                reason=f"overlaps {other.code}{where} by {found.square_metres:.2f} m²; "
                f"areas of one level ({level}) may only touch",
            )
