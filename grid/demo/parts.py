"""City parts of the demo city: coded after GB/T 30428.2-2013, placed along its made streets."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geo.codes import Edition, part_id
from geo.crs import snap
from grid.demo.streets import CommunityStreets

STANDARD = Edition.GB2013
_CLASSES = Path(__file__).parents[2] / "data" / "demo" / "part-classes.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartClass:
    """A class of parts: category code, name, its share, its owner, its distances from the middle
    of the street in metres."""

    category: str
    name_zh: str
    share: float
    owner: str
    near_m: float
    far_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPart:
    """One part; x, y in projected metres."""

    code: str
    part_class: PartClass
    community: str
    x: float
    y: float


def read_part_classes(path: Path = _CLASSES) -> tuple[PartClass, ...]:
    """Reads the classes and shares of the demo city."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    total = sum(float(row["share"]) for row in rows)
    return tuple(
        PartClass(
            category=row["category"],
            name_zh=row["name_zh"],
            share=float(row["share"]) / total,
            owner=row["owner"],
            near_m=float(row["near_m"]),
            far_m=float(row["far_m"]),
        )
        for row in rows
    )


def place_parts(
    laid: Sequence[CommunityStreets], classes: Sequence[PartClass], count: int, seed: int
) -> Iterator[DemoPart]:
    """Yields exactly `count` parts, spread over the communities by the length of their streets."""
    chance = np.random.default_rng([seed, 3])
    lengths = np.array([float(item.streets.length.sum()) for item in laid])
    shares = chance.multinomial(count, lengths / lengths.sum())
    serials: Counter[tuple[str, str]] = Counter()
    for item, share in zip(laid, shares.tolist(), strict=True):
        yield from _along(item, classes, share, chance, serials)


def _along(
    item: CommunityStreets,
    classes: Sequence[PartClass],
    count: int,
    chance: np.random.Generator,
    serials: Counter[tuple[str, str]],
) -> Iterator[DemoPart]:
    streets = item.streets
    # Street by street, so that neighbours lie in the same pages of the table.
    segment = np.sort(chance.choice(len(streets), count, p=streets.length / streets.length.sum()))
    kind = chance.choice(len(classes), count, p=[c.share for c in classes])
    near = np.array([c.near_m for c in classes])[kind]
    far = np.array([c.far_m for c in classes])[kind]
    side = np.where(chance.random(count) < 0.5, -1.0, 1.0)
    aside = side * chance.uniform(near, far)
    xs, ys = streets.at(segment, chance.uniform(0.0, streets.length[segment]), aside)
    for index, x, y in zip(kind.tolist(), snap(xs).tolist(), snap(ys).tolist(), strict=True):
        part_class = classes[index]
        serials[item.district, part_class.category] += 1
        serial = serials[item.district, part_class.category]
        yield DemoPart(
            code=part_id(item.district, part_class.category, serial),
            part_class=part_class,
            community=item.community,
            x=x,
            y=y,
        )
