"""Buildings and dwellings of the demo city, along its made streets.

Codes have the 22-digit body of JGJ/T 246-2012 (domain §4.5): nine digits street, four the year of
completion, four the building, five the room (unit, floor, room), 00000 for the building itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geo.crs import snap_one
from geo.layout import Streets
from grid.demo.streets import CommunityStreets
from grid.errors import DemoError

_FRONT_M, _DEPTH_M, _GAP_M = 22.0, 12.0, 7.0
_SETBACK_M = 16.0
_CORNER_M = 26.0
_UNIT_M = 7.0
_OTHER_USE = 0.2
_FLOORS = (2, 3, 4, 5, 6, 7, 11, 18)
_FLOOR_SHARES = (0.06, 0.08, 0.10, 0.16, 0.30, 0.22, 0.06, 0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDwelling:
    """A dwelling; x, y in projected metres."""

    code: str
    unit: int
    floor: int
    room: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBuilding:
    """A building: four corners in projected metres and its dwellings (none: it is no housing)."""

    code: str
    address: str
    floors: int
    community: str
    corners: tuple[tuple[float, float], ...]
    dwellings: tuple[DemoDwelling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    item: CommunityStreets
    segment: int
    along: float
    aside: float


def place_buildings(
    laid: Sequence[CommunityStreets], names: Mapping[str, str], dwellings: int, seed: int
) -> Iterator[DemoBuilding]:
    """Yields buildings until they hold exactly `dwellings` dwellings; one in five holds none.

    `names` gives the address of a community by code. Raises DemoError when the streets have not
    enough room.
    """
    chance = np.random.default_rng([seed, 4])
    sites = _sites(laid)
    serials: Counter[tuple[str, int]] = Counter()
    numbers: Counter[str] = Counter()
    missing = dwellings
    for index in chance.permutation(len(sites)).tolist():
        if missing == 0:
            return
        site = sites[index]
        numbers[site.item.community] += 1
        address = f"{names[site.item.community]}{numbers[site.item.community]}栋"
        building = _build(site, address, chance, serials, missing)
        missing -= len(building.dwellings)
        yield building
    if missing:
        raise DemoError(
            f"the made streets have no room for {missing} more dwellings; ask for fewer"
        )


def _sites(laid: Sequence[CommunityStreets]) -> list[_Site]:
    found: list[_Site] = []
    for item in laid:
        for segment, length in enumerate(item.streets.length.tolist()):
            room = length - 2 * _CORNER_M + _GAP_M
            for slot in range(int(room // (_FRONT_M + _GAP_M))):
                along = _CORNER_M + _FRONT_M / 2 + slot * (_FRONT_M + _GAP_M)
                found.extend(
                    _Site(item=item, segment=segment, along=along, aside=side * _SETBACK_M)
                    for side in (-1.0, 1.0)
                )
    return found


def _build(
    site: _Site,
    address: str,
    chance: np.random.Generator,
    serials: Counter[tuple[str, int]],
    most: int,
) -> DemoBuilding:
    street, year = site.item.community[:9], int(chance.integers(1978, 2025))
    serials[street, year] += 1
    body = f"{street}{year}{serials[street, year]:04d}"
    floors = int(chance.choice(_FLOORS, p=_FLOOR_SHARES))
    units = int(chance.integers(1, 4))
    is_housing = chance.random() >= _OTHER_USE
    rooms = list(_rooms(site, body, floors, units))[:most] if is_housing else []
    return DemoBuilding(
        code=f"{body}00000",
        address=address,
        floors=floors,
        community=site.item.community,
        corners=_corners(site),
        dwellings=tuple(rooms),
    )


def _rooms(site: _Site, body: str, floors: int, units: int) -> Iterator[DemoDwelling]:
    for unit in range(1, units + 1):
        middle = (unit - (units + 1) / 2) * _UNIT_M
        for room, shift in ((1, -2.0), (2, 2.0)):
            x, y = _spot(site.item.streets, site, middle + shift, 0.0)
            for floor in range(1, floors + 1):
                yield DemoDwelling(
                    code=f"{body}{unit}{floor:02d}{room:02d}",
                    unit=unit,
                    floor=floor,
                    room=f"{floor}{room:02d}",
                    x=x,
                    y=y,
                )


def _corners(site: _Site) -> tuple[tuple[float, float], ...]:
    front, depth = _FRONT_M / 2, _DEPTH_M / 2
    return tuple(
        _spot(site.item.streets, site, a, b)
        for a, b in ((-front, -depth), (front, -depth), (front, depth), (-front, depth))
    )


def _spot(streets: Streets, site: _Site, along: float, aside: float) -> tuple[float, float]:
    i, a, b = site.segment, site.along + along, site.aside + aside
    dx, dy = float(streets.dx[i]), float(streets.dy[i])
    x = float(streets.x[i]) + a * dx - b * dy
    y = float(streets.y[i]) + a * dy + b * dx
    return snap_one(x), snap_one(y)
