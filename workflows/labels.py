"""Words that a person reads, in the two languages of the interface."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One phrase in Chinese and in English."""

    zh: str
    en: str
