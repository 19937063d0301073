"""What is hidden of names and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.desk.masking import masked_name, masked_phone


@pytest.mark.parametrize(
    ("name", "shown"),
    [(None, None), ("张", "张*"), ("张三", "张*"), ("李小明", "李*明"), ("欧阳静姝", "欧**姝")],
)
def test_a_name_keeps_its_ends(name: str | None, shown: str | None) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        (None, None),
        ("13812341234", "138****1234"),
        ("+86 138-1234-1234", "+86 1**-****-1234"),
        ("0746-8221234", "074*-***1234"),
        ("12345", "****5"),
        ("110", "***"),
    ],
)
def test_a_number_keeps_its_ends(phone: str | None, shown: str | None) -> None:
    assert masked_phone(phone) == shown


@given(st.text("0123456789-+ ()", min_size=3, max_size=30))
def test_some_digits_of_every_number_are_hidden(phone: str) -> None:
    shown = masked_phone(phone)
    assert shown is not None
    assert len(shown) == len(phone)
    digits = sum(sign.isdigit() for sign in phone)
    assert shown.count("*") >= min(digits, 2)
