"""Rows into a table by COPY, the fast way in for registers."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import Connection, Table

_CHUNK = 5000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

Cell = str | int | float | bool | None


def copy_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]
) -> int:
    """Copies rows into `columns` of `table` within the connection's transaction; returns how many.

    Geometry is given as hexadecimal EWKB. Errors of the database pass through as psycopg's.
    """
    return copy_into(connection, table.name, columns, rows)


def copy_into(
    connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]
) -> int:
    """As `copy_rows`, into a table that is known by its name alone."""
    statement = psycopg.sql.SQL("copy {} ({}) from stdin").format(
        psycopg.sql.Identifier(table),
        psycopg.sql.SQL(", ").join(psycopg.sql.Identifier(name) for name in columns),
    )
    driver: Any = connection.connection.driver_connection
    count = 0
    waiting = iter(rows)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        while chunk := list(islice(waiting, _CHUNK)):
            copy.write("".join(map(_line, chunk)))
            count += len(chunk)
    return count


def _line(row: tuple[Cell, ...]) -> str:
    return "\t".join(map(_cell, row)) + "\n"


def _cell(value: Cell) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPES)
