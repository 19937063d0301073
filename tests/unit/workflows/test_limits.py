from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import limits
from workflows.errors import LimitError
from workflows.limits import ClockType, Limit, parse_limit

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("text", "clock", "micros"),
    [
        ("2 紧急工作时", ClockType.URGENT_HOURS, 2 * HOUR),
        ("4 工作时", ClockType.WORKING_HOURS, 4 * HOUR),
        ("4工作时", ClockType.WORKING_HOURS, 4 * HOUR),
        ("0.25 工作时", ClockType.WORKING_HOURS, HOUR // 4),
        ("1 工作日", ClockType.WORKING_DAYS, 8 * HOUR),
        ("5 天", ClockType.NATURAL_DAYS, 120 * HOUR),
        ("5 自然日", ClockType.NATURAL_DAYS, 120 * HOUR),
        ("2 紧急工作日", ClockType.NATURAL_DAYS, 48 * HOUR),
    ],
)
def test_the_words_of_the_tables_are_read(text: str, clock: ClockType, micros: int) -> None:
    limit = parse_limit(text)
    assert (limit.clock, limit.micros, limit.text) == (clock, micros, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0 工作时",
        "0.0 天",
        "-1 工作时",
        "工作时",
        "4",
        "4 小时",
        "四 工作时",
        "1e3 天",
        "NaN 天",
        "inf 天",
        "1/2 天",
        "4 工作时 工作日",
        "4 工作时!",
        "４ 工作时",
        "1,5 天",
        "1. 天",
        "9999999 天",
        "1001 工作日",
        "0.0000000001 工作时",
    ],
)
def test_zero_negative_malformed_and_absurd_limits_are_refused(text: str) -> None:
    with pytest.raises(LimitError, match="limit"):
        parse_limit(text)


def test_an_amount_finer_than_a_microsecond_is_refused() -> None:
    with pytest.raises(LimitError, match="microsecond"):
        Limit(amount=Fraction(1, 7), clock=ClockType.URGENT_HOURS, text="1/7")


def test_urgency_orders_limits_of_different_clocks() -> None:
    texts = [
        "1 紧急工作时",
        "0.25 天",
        "2 工作时",
        "4 工作时",
        "1 天",
        "1 工作日",
        "5 天",
        "5 工作日",
    ]
    assert sorted(texts, key=lambda text: parse_limit(text).urgency) == texts


@given(limits(), limits())
def test_urgency_of_one_clock_is_the_order_of_amounts(a: Limit, b: Limit) -> None:
    if a.clock is b.clock:
        assert (a.urgency < b.urgency) == (a.amount < b.amount)


@given(st.text(max_size=12))
def test_no_text_does_worse_than_a_limit_error(text: str) -> None:
    with suppress(LimitError):
        assert parse_limit(text).micros > 0
