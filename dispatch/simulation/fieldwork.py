"""Simulated field work: plausible reports over the loaded city.

The mix of urban management is one real district month (domain facts 4.6): events far outnumber
parts; most trouble is bicycles, banners, piles and rubbish. That of the other two lines is made.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Weights: one district month; parts are three in a hundred of all.
URBAN: Mapping[str, int] = {
    "E0410": 613,
    "E0203": 367,
    "E0136": 307,
    "E0110": 275,
    "E0107": 191,
    "E0401": 184,
    "E0201": 107,
    "P0305": 45,
    "E0112": 90,
    "E0405": 71,
    "E0113": 24,
    "E0506": 6,
    "E0501": 4,
    "P0137": 16,
    "P0102": 9,
    "P0103": 6,
}
MATTERS: Mapping[str, int] = {
    "M0701": 40,
    "M0601": 30,
    "M0703": 25,
    "M0702": 15,
    "M0301": 12,
    "M0704": 10,
}
REQUESTS: Mapping[str, int] = {"M5302": 30, "M5202": 20, "M5201": 15, "M5301": 8}
CITY: Mapping[str, int] = {**URBAN, **MATTERS, **REQUESTS}
"""Every line: one report in thirteen is none of urban management."""
TROUBLES = (
    "非机动车乱停放,占用盲道", "人行道堆放杂物", "垃圾满地,有异味", "横幅违规悬挂", "店外经营占道",
    "路面破损,积水", "小广告张贴", "路灯不亮", "井盖松动异响", "沿街晾挂",
)  # fmt: skip
DISPUTES = (
    "楼上漏水,双方争执", "楼道堆物堵塞消防通道", "物业收费引发纠纷",
    "独居老人无人照料", "工资拖欠,情绪激动",
)  # fmt: skip
ASKED = ("咨询办理条件", "申请办理,材料已带", "行动不便,请上门", "需出具证明")
REPEAT_SHARE = 0.2
BAD_SHARE = 0.01
DISTRICTS = ("431102", "431103")
BAD_PLACES = ((113.2, 20.1), (0.0, 0.0), (121.5, 31.2))


@dataclass(slots=True)
class Spot:
    """A place where things happen again and again."""

    lon: float
    lat: float


@dataclass(slots=True)
class FieldWork:
    """Makes reports from a seed; the same seed and city give the same reports."""

    areas: Sequence[Mapping[str, Any]]
    seed: int
    mix: Mapping[str, int] = field(default_factory=lambda: URBAN)
    _random: random.Random = field(init=False)
    _spots: list[Spot] = field(init=False)
    _recent: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  simulation, not secrets
        communities = [
            area
            for area in self.areas
            if area["level"] == "community" and area["code"][:6] in DISTRICTS
        ] or [area for area in self.areas if area["level"] == "community"]
        # Small communities are the dense ones of the town; most trouble is there.
        dense = sorted(communities, key=lambda area: _extent(area["bbox"]))
        self._spots = [
            Spot(*_within(self._random, area["bbox"])) for area in dense[: max(40, len(dense) // 3)]
        ]

    def report(self) -> dict[str, Any]:
        """One report as a client would send it."""
        chance = self._random.random()
        if chance < REPEAT_SHARE and self._recent:
            made = self._again(self._random.choice(self._recent))
        else:
            made = self._fresh()
            self._recent = [*self._recent[-200:], made]
        if self._random.random() < BAD_SHARE:
            lon, lat = self._random.choice(BAD_PLACES)
            made = {**made, "location": {"lon": lon, "lat": lat, "crs": "wgs84"}}
        return made

    def _fresh(self) -> dict[str, Any]:
        pick = self._random
        spot = pick.choice(self._spots)
        (category,) = pick.choices(list(self.mix), weights=list(self.mix.values()))
        return {
            "id": str(uuid.UUID(int=pick.getrandbits(128), version=4)),
            "category": category,
            "location": {
                "lon": round(spot.lon + pick.gauss(0, 0.003), 7),
                "lat": round(spot.lat + pick.gauss(0, 0.003), 7),
                "crs": pick.choice(("wgs84", "wgs84", "gcj02")),
                "accuracy_m": round(pick.choice((3, 5, 8, 12, 25, 60)) * pick.uniform(0.8, 1.3), 1),
            },
            "text": pick.choice(_words(category)),
        }

    def _again(self, first: Mapping[str, Any]) -> dict[str, Any]:
        at = first["location"]
        shifted = {
            **at,
            "lon": round(at["lon"] + self._random.gauss(0, 0.0001), 7),
            "lat": round(at["lat"] + self._random.gauss(0, 0.0001), 7),
        }
        return {
            **first,
            "id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "location": shifted,
        }


def _words(category: str) -> Sequence[str]:
    if category in REQUESTS:
        return ASKED
    return DISPUTES if category in MATTERS else TROUBLES


def _extent(bbox: Sequence[float]) -> float:
    west, south, east, north = bbox
    return (east - west) * (north - south)


def _within(pick: random.Random, bbox: Sequence[float]) -> tuple[float, float]:
    west, south, east, north = bbox
    return (
        pick.uniform(west + (east - west) * 0.3, east - (east - west) * 0.3),
        pick.uniform(south + (north - south) * 0.3, north - (north - south) * 0.3),
    )
