"""Brings a database to this version's shape: roles, extension, migrations."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine

from dispatch.storage.database import driver_url

ROLES = ("wangge_service", "wangge_auditor")

# Two runs at the same moment wait for each other instead of both creating tables.
MIGRATION_LOCK = 0x57_41_4E_47


def upgrade(admin_url: str) -> None:
    """Migrates the database at `admin_url` (its owner) to the newest revision.

    Creates the roles that run time uses when they are missing; their passwords are the
    operator's to set. Safe to run again and at the same time from two places.
    """
    engine = create_engine(driver_url(admin_url), connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"select pg_advisory_lock({MIGRATION_LOCK})")
            _prepare(connection)
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            connection.exec_driver_sql(f"select pg_advisory_unlock({MIGRATION_LOCK})")
            connection.commit()
    finally:
        engine.dispose()


def _prepare(connection: Connection) -> None:
    connection.exec_driver_sql("create extension if not exists postgis")
    for role in ROLES:
        connection.exec_driver_sql(
            f"do $$ begin if not exists (select from pg_roles where rolname = '{role}') "
            f"then create role {role} login; end if; end $$"
        )
    connection.commit()
