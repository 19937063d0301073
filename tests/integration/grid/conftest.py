"""Connections of the register tests."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from dispatch.storage.database import driver_url
from tests.conftest import TestDatabase


@pytest.fixture
def connection(database: TestDatabase) -> Iterator[Connection]:
    """A connection of the service role to an empty, migrated database."""
    engine = create_engine(driver_url(database.url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()
