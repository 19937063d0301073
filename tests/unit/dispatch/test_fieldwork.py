"""Simulated field work: the same seed gives the same reports, and every line has its share."""

import random
import uuid
from collections import Counter
from typing import Any

from dispatch.catalogue.standards import shipped_categories
from dispatch.simulation.fieldwork import CITY, URBAN, FieldWork
from dispatch.simulation.simulation import preferred

AREA: dict[str, Any] = {
    "code": "431103001001", "level": "community", "bbox": [111.6, 26.4, 111.61, 26.41],
}  # fmt: skip


def reports(count: int, **fields: Any) -> list[dict[str, Any]]:
    work = FieldWork(areas=[AREA], seed=3, **fields)
    return [work.report() for _ in range(count)]


def test_the_same_seed_gives_the_same_reports() -> None:
    assert reports(50, mix=CITY) == reports(50, mix=CITY)


def test_without_a_word_about_it_all_is_urban_management() -> None:
    assert {one["category"] for one in reports(400)} <= URBAN.keys()


def test_of_a_city_one_report_in_thirteen_or_so_is_none_of_urban_management() -> None:
    found = Counter(one["category"][0] for one in reports(4000, mix=CITY))
    assert 0.05 < found["M"] / found.total() < 0.11


def test_every_category_of_the_mix_is_in_a_catalogue_with_conditions() -> None:
    known = {one.code: one for one in shipped_categories()}
    assert CITY.keys() <= known.keys()
    assert all(known[code].conditions for code in CITY if code.startswith("M"))


def test_members_solve_some_small_things_by_themselves_and_leave_the_others() -> None:
    pick = random.Random(1)
    ids = [str(uuid.UUID(int=n)) for n in range(16)]
    alone = {id_ for id_ in ids if "self-handle" in preferred(pick, id_)}
    assert 3 <= len(alone) <= 7
    assert alone == {id_ for id_ in ids if "self-handle" in preferred(pick, id_)}
