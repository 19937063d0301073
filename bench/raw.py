"""The raw rate: exactly the rows that a run wrote, copied again with nothing decided."""

import time
from collections.abc import Sequence

import psycopg
from psycopg import sql


def copy_again(admin_url: str, tables: Sequence[str], since: str, batches: int) -> float:
    """Seconds to COPY the rows of `tables` into twins with the same indexes, batch by batch.

    Each batch is one durable transaction, as in the run itself.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("drop schema if exists raw cascade")
        connection.execute("create schema raw")
        lines = {table: _lines(connection, table, since) for table in tables}
        for table in tables:
            connection.execute(
                sql.SQL("create table raw.{0} (like public.{0} including all)").format(
                    sql.Identifier(table)
                )
            )
        started = time.monotonic()
        for number in range(batches):
            with connection.transaction():
                for table in tables:
                    _copy(connection, table, lines[table][number::batches])
        seconds = time.monotonic() - started
        connection.execute("drop schema raw cascade")
    return seconds


WHERE = {
    "report": "stored_at > %s",
    "case": "opened_at > %s",
    "case_event": "at > %s",
    "timer": 'case_id in (select id from "case" where opened_at > %s)',
}


def _lines(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, since: str
) -> list[bytes]:
    query = sql.SQL("copy (select * from public.{} where {}) to stdout").format(
        sql.Identifier(table), sql.SQL(WHERE[table].replace("%s", "{}")).format(sql.Literal(since))
    )
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy).splitlines(keepends=True)


def _copy(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, lines: Sequence[bytes]
) -> None:
    query = sql.SQL("copy raw.{} from stdin").format(sql.Identifier(table))
    with connection.cursor().copy(query) as copy:
        copy.write(b"".join(lines))
