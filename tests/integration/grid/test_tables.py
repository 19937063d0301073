"""The tables that the code names are those that the migration makes, with the stated rights."""

import pytest
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import ProgrammingError

from dispatch.storage.database import driver_url
from grid.columns import SRID
from grid.tables import metadata
from tests.conftest import TestDatabase


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_a_table_has_the_columns_that_the_migration_makes(
    connection: Connection, name: str
) -> None:
    made = {
        row.column_name: row.is_nullable == "YES"
        for row in connection.execute(
            text(
                "select column_name, is_nullable from information_schema.columns"
                " where table_schema = 'public' and table_name = :name"
            ),
            {"name": name},
        )
    }
    assert made == {column.name: column.nullable for column in metadata.tables[name].columns}
    keys = inspect(connection).get_pk_constraint(name)["constrained_columns"]
    assert keys == [column.name for column in metadata.tables[name].primary_key]


@pytest.mark.parametrize("name", ["area", "part", "building", "dwelling"])
def test_geometry_is_projected_and_indexed(connection: Connection, name: str) -> None:
    srid = connection.execute(text("select Find_SRID('public', :name, 'geom')"), {"name": name})
    assert srid.scalar_one() == SRID
    methods = connection.execute(
        text("select indexdef from pg_indexes where tablename = :name"), {"name": name}
    ).scalars()
    assert any("USING gist (geom)" in line for line in methods)


def test_the_auditor_reads_registers_and_changes_none(database: TestDatabase) -> None:
    engine = create_engine(driver_url(database.auditor_url))
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from department")).scalar_one() == 0
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("delete from department"))
    engine.dispose()
