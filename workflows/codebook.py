"""What a code means: by standard, kind and code. A code without its standard says nothing."""

import re
from collections.abc import Iterable, Sequence

from workflows.categories import LETTERS, Category, Kind
from workflows.errors import CodeUnknown, StandardNeeded

_KINDS = {letter: kind for kind, letter in LETTERS.items()}
_PUBLIC = re.compile(r"([A-Za-z]?)([0-9]{1,9})", flags=re.ASCII)

Key = tuple[str, Kind, str]


class Codebook:
    """Names of several standards. The same digits differ in meaning from one to the other
    (E0501 is a street vendor in 2007 and a burst water main in 2013), so `find` wants all three."""

    def __init__(self, categories: Iterable[Category]) -> None:
        self._by_key: dict[Key, Category] = {
            (one.standard, one.kind, one.standard_code): one for one in categories
        }

    @property
    def standards(self) -> tuple[str, ...]:
        """The standards that have names here, in the order in which they came."""
        return tuple(dict.fromkeys(standard for standard, _, _ in self._by_key))

    def of_standard(self, standard: str) -> tuple[Category, ...]:
        """Every category of a standard, in its order."""
        return tuple(one for one in self._by_key.values() if one.standard == standard)

    def named(self, standard: str) -> str:
        """The full name of a standard, also from what it ends in: "2013".

        Raises `CodeUnknown` naming those that there are.
        """
        found = [one for one in self.standards if one == standard or one.endswith(f"-{standard}")]
        if len(found) != 1:
            known = ", ".join(self.standards)
            raise CodeUnknown(f"There is no standard {standard!r}; known are: {known}.")
        return found[0]

    def find(self, kind: Kind, code: str, standard: str | None) -> Category:
        """The one category of a standard, a kind and the standard's code ("0501").

        Raises `StandardNeeded` without a standard, naming those that know the code, and
        `CodeUnknown` where there is none.
        """
        if standard is None:
            raise self._which_standard([self._knowing(kind, code)])
        found = self._by_key.get((self.named(standard), kind, code))
        if found is None:
            raise CodeUnknown(
                f"{self.named(standard)} has no {kind} {code}.{self._else(kind, code)}"
            )
        return found

    def read(self, text: str, standard: str | None) -> Category:
        """The category of a public code ("E0501") or of bare digits, where those are one thing.

        Raises `StandardNeeded` and `CodeUnknown`.
        """
        kinds, code = _read(text)
        if standard is None:
            raise self._which_standard([self._knowing(kind, code) for kind in kinds])
        full = self.named(standard)
        having = [kind for kind in kinds if (full, kind, code) in self._by_key]
        if len(having) > 1:
            told = ", ".join(f"{LETTERS[kind]}{code} ({kind})" for kind in having)
            raise CodeUnknown(f"{full} has {code} as {told}; write the letter.")
        return self.find((having or kinds)[0], code, standard)

    def _knowing(self, kind: Kind, code: str) -> list[Category]:
        return [one for (_, k, c), one in self._by_key.items() if (k, c) == (kind, code)]

    def _which_standard(self, found: Sequence[Sequence[Category]]) -> Exception:
        told = [f"{one.standard} ({one.code} {one.name_zh})" for group in found for one in group]
        if not told:
            return CodeUnknown(
                f"No standard knows this code; there are: {', '.join(self.standards)}."
            )
        return StandardNeeded(
            "A code says nothing without its standard; name one of those that know it: "
            f"{', '.join(told)}."
        )

    def _else(self, kind: Kind, code: str) -> str:
        others = [f"{one.standard} ({one.name_zh})" for one in self._knowing(kind, code)]
        return f" Known in: {', '.join(others)}." if others else ""


def _read(text: str) -> tuple[Sequence[Kind], str]:
    """The kinds that a written code may be of, and its digits; raises `CodeUnknown`."""
    parts = _PUBLIC.fullmatch(text.strip())
    if parts is not None and not parts[1]:
        return tuple(Kind), parts[2]
    kind = _KINDS.get(parts[1].upper()) if parts is not None else None
    if parts is None or kind is None:
        letters = ", ".join(f"{letter} {kind}" for letter, kind in _KINDS.items())
        raise CodeUnknown(f"{text!r} is no code; write a letter and digits ({letters}).")
    return (kind,), parts[2]
