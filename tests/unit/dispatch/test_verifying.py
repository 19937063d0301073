"""Reading all histories again takes its share and no more, and `doctor` tells what it found."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dispatch.cases.audit import GONE
from dispatch.process.stopping import Stop
from dispatch.settings import Settings
from dispatch.storage.database import connect_engine
from dispatch.supervisor.findings import Verdict, judge_rounds
from dispatch.verifying.verifier import Verifier, rest_s

NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"
AT = datetime(2026, 11, 30, 8, tzinfo=UTC)


@given(st.floats(0.001, 60), st.floats(0.0001, 1))
def test_work_takes_its_share_of_the_time(took_s: float, share: float) -> None:
    whole = took_s + rest_s(took_s, share)
    assert took_s / whole == pytest.approx(share)


def test_a_share_is_a_part_of_one_processor() -> None:
    assert 0 < Settings().verify_share <= 0.01
    for wrong in (-0.1, 1.1):
        with pytest.raises(ValidationError):
            Settings(verify_share=wrong)


def workers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "verify"]


def test_without_a_share_nothing_is_started() -> None:
    stop = Stop()
    with Verifier(connect_engine(NOWHERE, role="test"), share=0).beside(stop):
        assert workers() == []
    assert not stop.is_set()


def test_whatever_goes_wrong_beside_it_the_role_goes_on_and_ends_at_once() -> None:
    def broken() -> Any:
        raise RuntimeError("no such thing")

    unforeseen: Any = SimpleNamespace(connect=broken, dispose=lambda: None)
    for database in (connect_engine(NOWHERE, role="test"), unforeseen):
        stop = Stop()
        with Verifier(database, share=0.5).beside(stop):
            (thread,) = workers()
            thread.join(0.05)
            assert thread.is_alive()
        assert stop.is_set()
        assert not thread.is_alive()


def a_round(**fields: Any) -> Any:
    sound: dict[str, Any] = {
        "is_over": False, "began_at": AT, "ended_at": None, "cases": 1234, "events": 5000,
        "broken": 0, "first_number": None, "first_case": None, "first_seq": None,
        "first_wrong": None,
    }  # fmt: skip
    return SimpleNamespace(**{**sound, **fields})


BROKEN = {"broken": 3, "first_number": "YZ202611300001", "first_case": UUID(int=7),
          "first_seq": 2, "first_wrong": "its time runs backwards"}  # fmt: skip
OVER = {"is_over": True, "ended_at": AT}


@pytest.fixture
def in_yongzhou(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's clock shows the city's time."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_yongzhou")
@pytest.mark.parametrize(
    ("rounds", "verdict", "told"),
    [
        ([], Verdict.WELL, ["not read again yet", "WANGGE_VERIFY_SHARE"]),
        ([a_round()], Verdict.WELL, ["under way: 1,234 cases"]),
        ([a_round(), a_round(**OVER)], Verdict.WELL, ["under way", "until 2026-11-30 16:00"]),
        (
            [a_round(**BROKEN), a_round(**OVER)],
            Verdict.WRONG,
            ["case YZ202611300001 seq 2: its time runs backwards (and 2 more)",
             "`wangge audit verify --case YZ202611300001`"],
        ),
        ([a_round(), a_round(**OVER, **BROKEN)], Verdict.WRONG, ["YZ202611300001 seq 2"]),
        (
            [a_round(**{**BROKEN, "first_number": GONE, "broken": 1})],
            Verdict.WRONG,
            [f"id {UUID(int=7)}, seq 2: its time runs backwards; ", "`wangge audit verify`"],
        ),
    ],
)  # fmt: skip
def test_doctor_tells_what_a_round_found_and_what_to_do(
    rounds: Sequence[Any], verdict: Verdict, told: Sequence[str]
) -> None:
    found = judge_rounds(rounds)
    assert found.verdict is verdict
    for part in told:
        assert part in found.detail
