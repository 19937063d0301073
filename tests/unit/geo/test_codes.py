"""Codes of areas and parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.codes import (
    Edition,
    city_of,
    district_of,
    is_community,
    is_division,
    parse_part_id,
    part_id,
    street_of,
)
from geo.errors import CodeError


def test_a_real_part_id_is_taken_apart() -> None:
    part = parse_part_id("3205080101000001", Edition.GB2013)
    assert (part.division, part.big_class, part.small_class, part.serial) == (
        "320508",
        "01",
        "01",
        "000001",
    )
    assert part.category == "P0101"


def test_seventeen_digits_are_read_under_the_2026_edition_only() -> None:
    text = "32050801001000001"
    assert parse_part_id(text, Edition.GB2026).small_class == "001"
    with pytest.raises(CodeError, match="16 digits"):
        parse_part_id(text, Edition.GB2013)
    with pytest.raises(CodeError, match="17 digits"):
        parse_part_id(text[:16], Edition.GB2026)


@given(st.integers(100_000, 999_999), st.integers(0, 9999), st.integers(1, 999_999))
def test_a_part_id_that_is_made_reads_back(division: int, small: int, serial: int) -> None:
    made = part_id(str(division), f"P{small:04d}", serial)
    part = parse_part_id(made, Edition.GB2013)
    assert (part.division, part.category, int(part.serial)) == (
        str(division),
        f"P{small:04d}",
        serial,
    )


@pytest.mark.parametrize(
    ("division", "category", "serial"),
    [
        ("43110", "P0101", 1),
        ("431102", "E0101", 1),
        ("431102", "P01010", 1),
        ("431102", "P0101", 0),
        ("431102", "P0101", 1_000_000),
    ],
)
def test_a_part_id_is_not_made_of_what_does_not_fit(
    division: str, category: str, serial: int
) -> None:
    with pytest.raises(CodeError):
        part_id(division, category, serial)


@pytest.mark.parametrize(
    "text", ["", "3205080101000001\n", "３205080101000001", "0205080101000001"]
)
def test_a_part_id_is_ascii_digits_and_nothing_else(text: str) -> None:
    with pytest.raises(CodeError):
        parse_part_id(text, Edition.GB2013)


def test_a_community_code_names_its_street_district_and_city() -> None:
    code = "431102001001"
    assert (city_of(code), district_of(code), street_of(code)) == ("431100", "431102", "431102001")
    assert is_community(code)
    assert is_division("431102")
    assert not is_community("431102")
    assert not is_division("43110２")


@pytest.mark.parametrize("code", ["", "4311", "431102001", "43110200100a"])
def test_a_code_of_another_length_has_no_district(code: str) -> None:
    with pytest.raises(CodeError, match="neither six nor twelve"):
        district_of(code)
