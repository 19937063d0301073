"""Which member is chosen, and why nobody."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dispatch.desk.inspection import NEVER, Candidate, choose, patrolled
from dispatch.settings import Settings
from dispatch.supervisor.installation import Wishes, _inspection

NOW = datetime(2026, 9, 16, tzinfo=UTC)


def one(account: str, rank: int = 1, turn: datetime = NEVER, fit: bool = True) -> Candidate:
    return Candidate(account=account, area=f"area-{rank}", rank=rank, turn=turn, fit=fit)


def test_the_nearest_is_who_patrols_the_smallest_area_and_among_equals_they_take_turns() -> None:
    chosen = choose([one("c", 3), one("b", 2, NOW), one("a", 2, NOW - timedelta(1))], "nearest")
    assert (chosen.account, chosen.area) == ("a", "area-2")
    assert chosen.told() == {
        "account": "a", "way": "nearest", "why": "patrols-the-smallest-area", "area": "area-2",
    }  # fmt: skip
    assert choose([one("b"), one("a")], "nearest").account == "a"


def test_in_turn_it_is_whose_last_turn_is_longest_ago_however_large_the_area() -> None:
    some = [one("a", 1, NOW), one("b", 3, NOW - timedelta(1)), one("c", 2, NOW)]
    assert choose(some, "rotate").account == "b"
    assert choose([*some, one("d", 3)], "rotate").why == "in-turn"


@pytest.mark.parametrize("way", ["nearest", "rotate"])
def test_no_reporter_and_nobody_who_handled_the_case_is_chosen(way: str) -> None:
    some = [one("a", fit=False), one("b"), one("c", 2)]
    assert choose(some, way).account == "b"
    assert choose(some, way, {"b"}).account == "c"
    nobody = choose(some, way, {"b", "c"})
    assert (nobody.account, nobody.why) == (None, "all-reported-or-handled")


def test_why_nobody_was_chosen_is_told() -> None:
    told = choose([], "nearest").told()
    assert told == {"account": None, "way": "nearest", "why": "nobody-patrols-here"}
    assert choose([one("a")], "anyone").told()["why"] == "not-chosen-here"


def test_the_areas_that_hold_a_case_begin_with_the_smallest() -> None:
    areas: dict[str, Any] = {
        "c": SimpleNamespace(parent="street"),
        "street": SimpleNamespace(parent="d"),
        "d": SimpleNamespace(parent="city"),
        "city": SimpleNamespace(parent=None),
    }
    case: Any = SimpleNamespace(community="c", district="d", city="city")
    assert patrolled(areas, case) == ["c", "street", "d", "city"]
    assert patrolled({}, case) == ["c", "d", "city"]


def test_in_the_demo_city_nobody_is_chosen_unless_the_operator_asks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    demo, real = Wishes(data_dir=tmp_path, demo=True), Wishes(data_dir=tmp_path)
    monkeypatch.delenv("WANGGE_INSPECTION", raising=False)
    assert _inspection(demo, Settings()) == "anyone"
    assert _inspection(real, Settings()) == "nearest"
    monkeypatch.setenv("WANGGE_INSPECTION", "rotate")
    assert _inspection(demo, Settings()) == "rotate"
    with pytest.raises(ValueError, match="inspection"):
        Settings(inspection="dice")  # type: ignore[arg-type]
