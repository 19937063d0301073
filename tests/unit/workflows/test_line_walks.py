"""Random lives under every shipped definition: its clock runs, its ladder ends, nobody judges the
own work."""

import random
from collections import Counter

import pytest

from dispatch.catalogue.definitions import load_definitions
from tests.unit.workflows import recording
from tests.unit.workflows.test_walks import check_clocks
from workflows import Category

DEFINITIONS = load_definitions()
JUDGES = {
    "close", "force-close", "reopen", "call-back", "approve-appeal", "refuse-appeal",
    "inspect-fail", "inspect-pass",
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(DEFINITIONS))
@pytest.mark.parametrize("seed", range(100, 112))
def test_whatever_people_do_a_clock_watches_and_nobody_judges_the_own_work(
    categories: dict[str, Category], key: str, seed: int
) -> None:
    pick, often = random.Random(seed), Counter[str]()
    desk = recording.desk_of(DEFINITIONS[key], categories)
    recording.begin(desk, pick.choice(recording.DEPARTMENTS), "2026-03-02T00:00:00Z")
    for _ in range(40):
        desk.wait(minutes=pick.choice((1, 30, 500, 9000)))
        desk.fire()
        check_clocks(desk, desk.last)
        asked = recording.choice(desk, pick, often, ())
        if asked is None:
            continue
        held = desk.handled_by
        desk.do(recording.command(desk, asked))
        often[asked["action"]] += 1
        check_clocks(desk, desk.last)
        assert asked["action"] not in JUDGES or asked["actor"]["department"] not in held
    # Left alone, every ladder comes to its end: within a few months nothing is due any more.
    for _ in range(12):
        desk.wait(days=30)
        desk.fire()
    assert desk.last.timer is None
