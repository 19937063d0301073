"""Every change of a filing condition, and of the grade of an area: who, when, the row before and
after. Append-only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

Rows = Mapping[str, Mapping[str, Any]]
"""Rows as JSON holds them: conditions by their code (E0110-1), grades by that of their area."""

RECORD = text("""
    insert into catalogue_change (actor, code, before, after)
    values (:actor, :code, cast(:before as jsonb), cast(:after as jsonb))
""")
HISTORY = text("""
    select at, actor, code, before, after from catalogue_change
    where cast(:code as text) is null or code = :code
        or left(code, length(:code) + 1) = :code || '-'
    order by id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of one change; `before` None: it was added, `after` None: it was taken out."""

    at: datetime
    actor: str
    code: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def fields(self) -> Iterator[tuple[str, Any, Any]]:
        """What is different: field, old, new."""
        before, after = self.before or {}, self.after or {}
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                yield name, before.get(name), after.get(name)


def record_changes(connection: Connection, before: Rows, after: Rows, actor: str) -> int:
    """Keeps the differences between rows then and now; answers how many."""
    rows = [
        {
            "actor": actor,
            "code": code,
            "before": _json(before.get(code)),
            "after": _json(after.get(code)),
        }
        for code in dict.fromkeys((*before, *after))
        if before.get(code) != after.get(code)
    ]
    if rows:
        connection.execute(RECORD, rows)
    return len(rows)


def read_changes(connection: Connection, code: str | None) -> list[Change]:
    """The changes of a condition, of all conditions of a category, of the grade of an area, or
    (None) of everything.
    """
    return [Change(**row._mapping) for row in connection.execute(HISTORY, {"code": code})]


def _json(row: Mapping[str, Any] | None) -> str | None:
    return None if row is None else orjson.dumps(row).decode()
