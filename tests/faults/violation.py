"""One thing that is wrong with a recorded run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """The check that found it, the case, report or offset it is about, and what is wrong."""

    check: str
    subject: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.check} {self.subject}: {self.wrong}"
