"""Rows of a register out of its table and into it."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import ARRAY, Connection, Text, any_, cast, delete, func, literal, select

from geo.shapes import normal
from grid.arrays import words
from grid.copying import copy_into
from grid.importing.judging import Key, Stored
from grid.importing.register import Geometry, Register

_STAGED = sql.Identifier("staged")


def lock_register(connection: Connection, register: Register) -> None:
    """One import of a register at a time; readers go on."""
    _run(
        connection,
        sql.SQL("lock table {} in share row exclusive mode").format(_table(register)),
    )


def held_rows(
    connection: Connection, register: Register, codes: Iterable[str] | None = None
) -> dict[Key, Stored]:
    """What the register holds, by key, in the order of `Register.stored`; geometry as hexadecimal
    EWKB. With `codes` only rows whose first key column is among them."""
    table = register.table
    columns: list[Any] = [
        func.encode(func.ST_AsEWKB(table.c.geom, "NDR"), "hex") if name == "geom" else table.c[name]
        for name in register.stored
    ]
    first = table.c[register.key[0]]
    query = select(*columns).order_by(*(table.c[name] for name in register.key))
    if codes is not None:
        query = query.where(first == any_(cast(literal(words(codes)), ARRAY(Text))))
    at = [register.stored.index(name) for name in register.key]
    rows = [tuple(row) for row in connection.execute(query)]
    if register.geometry is Geometry.POLYGON:
        shapes = normal([row[-1] for row in rows])
        rows = [(*row[:-1], shape) for row, shape in zip(rows, shapes, strict=True)]
    return {tuple(row[i] for i in at): row for row in rows}


def upsert_rows(connection: Connection, register: Register, rows: Sequence[Stored]) -> None:
    """Adds rows, and replaces those whose key is there."""
    names = register.stored
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    key = sql.SQL(", ").join(map(sql.Identifier, register.key))
    rest = [name for name in names if name not in register.key]
    _run(
        connection,
        sql.SQL(
            "create temporary table {} on commit drop as select {} from {} with no data"
        ).format(_STAGED, listed, _table(register)),
    )
    copy_into(connection, "staged", names, rows)
    settle = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rest
    )
    action = sql.SQL("do update set {}").format(settle) if rest else sql.SQL("do nothing")
    _run(
        connection,
        sql.SQL("insert into {} ({}) select {} from {} on conflict ({}) {}").format(
            _table(register), listed, listed, _STAGED, key, action
        ),
    )
    _run(connection, sql.SQL("drop table {}").format(_STAGED))


def remove_rows(connection: Connection, register: Register, keys: Sequence[Key]) -> None:
    """Takes rows out."""
    for key in keys:
        statement = delete(register.table)
        for name, value in zip(register.key, key, strict=True):
            statement = statement.where(register.table.c[name] == value)
        connection.execute(statement)


def _table(register: Register) -> sql.Identifier:
    return sql.Identifier(register.table.name)


def _run(connection: Connection, statement: sql.Composed) -> None:
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    connection.exec_driver_sql(statement.as_string(driver))
