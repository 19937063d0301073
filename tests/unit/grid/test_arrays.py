"""Arrays as texts are read by psycopg as what they were made from."""

import psycopg
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import Transformer
from psycopg.pq import Format

from grid.arrays import numbers, words

FLOATS = psycopg.adapters.types["float8"].array_oid
TEXTS = psycopg.adapters.types["text"].array_oid


def read(array: str, oid: int) -> object:
    return Transformer().get_loader(oid, Format.TEXT).load(array.encode())


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_lose_nothing(values: list[float]) -> None:
    assert read(numbers(values), FLOATS) == values


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_words_keep_quotes_backslashes_and_nulls(values: list[str | None]) -> None:
    assert read(words(values), TEXTS) == values
