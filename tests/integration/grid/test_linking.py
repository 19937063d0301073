"""Links are what an exhaustive search with the same rule finds (invariant 9)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection

from geo import ewkb
from grid import tables
from grid.columns import SRID
from grid.copying import copy_rows
from grid.linking import (
    NEAREST,
    HousingLink,
    LinkRequest,
    Links,
    PartLink,
    PartPlace,
    link_batch,
    part_place,
)

X0, Y0 = 561_000.0, 2_901_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A small register in memory: code to position or footprint."""

    parts: dict[str, tuple[str, float, float]]
    buildings: dict[str, tuple[tuple[float, float], ...]]
    dwellings: dict[str, tuple[float, float]]


def random_ground(seed: int) -> Ground:
    """On a coarse lattice, so that equal distances and shared spots abound."""
    chance = np.random.default_rng(seed)
    spots = chance.integers(0, 60, (700, 2)) * 5.0
    parts = {
        f"43110201{n % 3:02d}{n:06d}": (f"P01{n % 3:02d}", X0 + float(x), Y0 + float(y))
        for n, (x, y) in enumerate(spots)
    }
    buildings: dict[str, tuple[tuple[float, float], ...]] = {}
    dwellings = {}
    for n, (x, y) in enumerate(chance.integers(0, 20, (60, 2)) * 15.0):
        west, south = X0 + float(x), Y0 + float(y)
        code = f"b{n:03d}"
        buildings[code] = (
            (west, south),
            (west + 12.0, south),
            (west + 12.0, south + 8.0),
            (west, south + 8.0),
        )
        for room in range(4):
            dwellings[f"{code}-{room}"] = (west + 3.0 + 3.0 * (room % 2), south + 4.0)
    return Ground(parts=parts, buildings=buildings, dwellings=dwellings)


def load(connection: Connection, ground: Ground) -> None:
    copy_rows(
        connection,
        tables.part,
        ("code", "standard", "part_class", "name", "owner", "community", "geom"),
        (
            (code, "s", kind, "n", "o", "c", ewkb.point(x, y, SRID))
            for code, (kind, x, y) in ground.parts.items()
        ),
    )
    copy_rows(
        connection,
        tables.building,
        ("code", "address", "floors", "community", "geom"),
        (
            (code, "a", 3, "c", ewkb.polygon(corners, SRID))
            for code, corners in ground.buildings.items()
        ),
    )
    copy_rows(
        connection,
        tables.dwelling,
        ("code", "building", "unit", "floor", "room", "community", "geom"),
        (
            (code, code[:4], 1, 1, "101", "c", ewkb.point(x, y, SRID))
            for code, (x, y) in ground.dwellings.items()
        ),
    )


def nearest(
    codes: list[str], radius: float, far: Callable[[str], float]
) -> list[tuple[str, float]]:
    within = sorted((far(code), code) for code in codes if far(code) <= radius)
    return [(code, distance) for distance, code in within[:NEAREST]]


def exhaustive(ground: Ground, request: LinkRequest) -> Links:
    spot = shapely.Point(request.x, request.y)

    def to_point(x: float, y: float) -> float:
        return math.sqrt((request.x - x) ** 2 + (request.y - y) ** 2)

    parts = [
        code for code, (kind, _, _) in ground.parts.items() if request.part_class in (None, kind)
    ]
    near = nearest(parts, request.radius_m, lambda code: to_point(*ground.parts[code][1:]))
    footprints = {code: shapely.Polygon(corners) for code, corners in ground.buildings.items()}
    built = nearest(
        list(footprints), request.radius_m, lambda code: footprints[code].distance(spot)
    )
    homes = nearest(
        list(ground.dwellings), request.radius_m, lambda code: to_point(*ground.dwellings[code])
    )
    return Links(
        parts=tuple(
            PartLink(code=code, part_class=ground.parts[code][0], distance_m=distance)
            for code, distance in near
        ),
        buildings=tuple(HousingLink(code=code, distance_m=distance) for code, distance in built),
        dwellings=tuple(HousingLink(code=code, distance_m=distance) for code, distance in homes),
    )


def random_requests(seed: int, count: int) -> list[LinkRequest]:
    chance = np.random.default_rng(seed + 1000)
    on_lattice = chance.integers(-8, 68, (count, 2)) * 5.0
    anywhere = np.round(chance.uniform(-40, 340, (count, 2)) * 1024) / 1024
    spots = np.where(chance.random((count, 1)) < 0.5, on_lattice, anywhere).tolist()
    classes = [None, None, "P0100", "P0102", "P9999"]
    return [
        LinkRequest(
            x=X0 + x,
            y=Y0 + y,
            radius_m=float(chance.choice([30.0, 50.0, 100.0])),
            part_class=classes[int(chance.integers(0, len(classes)))],
        )
        for x, y in spots
    ]


@pytest.mark.parametrize("seed", range(4))
def test_links_are_those_of_an_exhaustive_search(connection: Connection, seed: int) -> None:
    ground = random_ground(seed)
    load(connection, ground)
    requests = random_requests(seed, 250)
    found = link_batch(connection, requests)
    for request, links in zip(requests, found, strict=True):
        assert links == exhaustive(ground, request), request


def test_a_position_inside_a_footprint_is_at_distance_zero(connection: Connection) -> None:
    ground = random_ground(1)
    load(connection, ground)
    code, corners = next(iter(ground.buildings.items()))
    request = LinkRequest(x=corners[0][0] + 1, y=corners[0][1] + 1, radius_m=30.0)
    (links,) = link_batch(connection, [request])
    assert (code, 0.0) in [(link.code, link.distance_m) for link in links.buildings]


def test_what_lies_exactly_at_the_radius_is_linked_and_a_grid_step_further_is_not(
    connection: Connection,
) -> None:
    load(connection, Ground(parts={"p": ("P0101", X0, Y0)}, buildings={}, dwellings={}))
    at = LinkRequest(x=X0 + 30.0, y=Y0, radius_m=30.0)
    beyond = LinkRequest(x=X0 + 30.0 + 1 / 1024, y=Y0, radius_m=30.0)
    found = link_batch(connection, [at, beyond])
    assert [len(links.parts) for links in found] == [1, 0]


def test_nothing_near_and_nothing_asked_are_empty_answers(connection: Connection) -> None:
    assert link_batch(connection, []) == []
    assert link_batch(connection, [LinkRequest(x=X0, y=Y0, radius_m=100.0)]) == [Links()]


def test_parts_are_placed_by_their_code_and_unknown_codes_are_left_out(
    connection: Connection,
) -> None:
    load(connection, Ground(parts={"p'1": ("P0101", X0, Y0)}, buildings={}, dwellings={}))
    assert part_place(connection, ["p'1", "none"]) == {
        "p'1": PartPlace(part_class="P0101", x=X0, y=Y0, owner="o")
    }
    assert part_place(connection, []) == {}
