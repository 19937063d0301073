"""COPY into tables: the cheapest way to write the many rows of one batch."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    """psycopg's connection beneath SQLAlchemy's, in the same transaction."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, psycopg.Connection):
        raise TypeError("Wangge speaks to PostgreSQL through psycopg")
    return raw


def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Writes `rows` into `table` with one COPY, inside the connection's transaction.

    Raises what any other statement would: SQLAlchemy's errors with psycopg's inside. Texts are the
    cheapest cells; psycopg turns an id, a moment or a list into one at some microseconds each.
    """
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    raw = driver_connection(connection)
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        if raw.closed:
            connection.invalidate(error)
        raise DBAPIError(f"copy {table}", None, error, connection_invalidated=raw.closed) from error
