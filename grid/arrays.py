"""Arrays for PostgreSQL as texts: psycopg would spend more time on a list than the statement takes.

PostgreSQL reads them faster than rows of JSON, and its planner sees how long they are.
"""

from collections.abc import Iterable


def numbers(values: Iterable[float]) -> str:
    """The text of an array of numbers."""
    return "{" + ",".join(map(repr, values)) + "}"


def words(values: Iterable[str | None]) -> str:
    """The text of an array of texts, nulls among them."""
    return "{" + ",".join(map(_word, values)) + "}"


def _word(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
