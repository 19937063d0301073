"""Where the demo city has streets: the residents' communities of its two urban districts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.layout import StreetPlan, Streets, lay_streets
from grid.areas import Level
from grid.demo.borders import DemoAreas

URBAN_DISTRICTS = ("431102", "431103")
_BLOCK_M = (110.0, 150.0)
_MARGIN_M = 30.0
_CITY_REACH_M = 900.0
_TOWN_REACH_M = 350.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityStreets:
    """The streets of one community."""

    community: str
    district: str
    streets: Streets


def lay_city_streets(drawn: DemoAreas, seed: int) -> Sequence[CommunityStreets]:
    """Streets of every residents' community of the two urban districts, in the order of codes."""
    chance = np.random.default_rng([seed, 2])
    laid = []
    for area in drawn.areas:
        if area.level is not Level.COMMUNITY or area.parent not in URBAN_DISTRICTS:
            continue
        if area.code[9] >= "2":
            continue
        plan = StreetPlan(
            turn=float(chance.uniform(0.0, math.pi / 2)),
            block_m=_BLOCK_M,
            margin_m=_MARGIN_M,
            reach_m=_CITY_REACH_M if area.code[6] == "0" else _TOWN_REACH_M,
        )
        streets = lay_streets(area.shape, drawn.middles[area.code], plan)
        if len(streets):
            laid.append(
                CommunityStreets(community=area.code, district=area.parent, streets=streets)
            )
    return laid
