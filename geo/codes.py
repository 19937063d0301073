"""Codes of divisions, areas and parts: what they must look like and what they say."""

import re
from dataclasses import dataclass
from enum import StrEnum

from geo.errors import CodeError

_DIVISION = re.compile(r"[1-9][0-9]{5}")
_COMMUNITY = re.compile(r"[1-9][0-9]{11}")
_PART_CATEGORY = re.compile(r"P[0-9]{4}")


class Edition(StrEnum):
    """Edition of the national code table; a code without its edition says nothing."""

    GB2013 = "GB/T 30428.2-2013"
    GB2026 = "GB/T 47678.5-2026"


# Digits of the small class; a part id is 6 (division) + 2 (big class) + these + 6 (serial).
_SMALL_CLASS_DIGITS = {Edition.GB2013: 2, Edition.GB2026: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartId:
    """A part id taken apart: county-level division, big class, small class, serial."""

    division: str
    big_class: str
    small_class: str
    serial: str
    edition: Edition

    @property
    def category(self) -> str:
        """The category code of its class, e.g. P0101 under the 2013 edition."""
        return f"P{self.big_class}{self.small_class}"


def parse_part_id(text: str, edition: Edition) -> PartId:
    """Takes a part id apart: 16 digits under GB/T 30428.2-2013, 17 under GB/T 47678.5-2026.

    Raises CodeError when the id does not have exactly the edition's digits.
    """
    small = _SMALL_CLASS_DIGITS[edition]
    size = 14 + small
    if not re.fullmatch(rf"[1-9][0-9]{{{size - 1}}}", text, flags=re.ASCII):
        raise CodeError(f"part id {text!r} is not {size} digits as {edition} asks")
    return PartId(
        division=text[:6],
        big_class=text[6:8],
        small_class=text[8 : 8 + small],
        serial=text[8 + small :],
        edition=edition,
    )


def part_id(division: str, category: str, serial: int) -> str:
    """The 16-digit id of a part under GB/T 30428.2-2013: division, class (P0101), serial 1..999999.

    Raises CodeError when one of the three does not fit.
    """
    if not _DIVISION.fullmatch(division):
        raise CodeError(f"division {division!r} is not six digits (GB/T 2260)")
    if not _PART_CATEGORY.fullmatch(category):
        raise CodeError(f"part category {category!r} is not P and four digits")
    if not 1 <= serial <= 999_999:
        raise CodeError(f"serial {serial} of {division} {category} is not within 1 and 999999")
    return f"{division}{category[1:]}{serial:06d}"


def is_division(code: str) -> bool:
    """Whether a code has the form of GB/T 2260: six digits."""
    return _DIVISION.fullmatch(code) is not None


def is_community(code: str) -> bool:
    """Whether a code has the form of a village or community: twelve digits."""
    return _COMMUNITY.fullmatch(code) is not None


def city_of(code: str) -> str:
    """The city (prefecture) of a division or community code: its first four digits and 00."""
    return f"{_leading_division(code)[:4]}00"


def district_of(code: str) -> str:
    """The county-level division of a 12-digit code, or the code itself when it has six digits."""
    return _leading_division(code)


def street_of(code: str) -> str:
    """The nine-digit street or township of a 12-digit community code."""
    if not is_community(code):
        raise CodeError(f"community code {code!r} is not twelve digits")
    return code[:9]


def _leading_division(code: str) -> str:
    if not (is_division(code) or is_community(code)):
        raise CodeError(f"area code {code!r} has neither six nor twelve digits")
    return code[:6]
