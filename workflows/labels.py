"""Words that a person reads, in the two languages of the interface."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One phrase in Chinese and in English."""

    zh: str
    en: str

    def to_json(self) -> dict[str, str]:
        """Return the phrase as clients read it."""
        return {"zh": self.zh, "en": self.en}
