"""The servers that tests run against: real ones, private, started only when a test asks."""

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadScopeScheduling

from dispatch.embedded.kafka import PrivateKafka
from dispatch.embedded.postgres import AUDITOR, OWNER, SERVICE, PrivatePostgres
from dispatch.storage.migrate import upgrade
from tests.places import passing_folder

TEMPLATE = "template_wangge"
# How long an example takes says nothing here: the first one loads grids and libraries.
hypothesis.settings.register_profile("wangge", deadline=None)
hypothesis.settings.load_profile("wangge")


class OneInstallation(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker whole files, so that servers are shared; all of e2e is one share, for it
    works on one installation. Shares are begun in the order of the command line, longest first."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/e2e" if path.startswith("tests/e2e/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneInstallation | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return OneInstallation(config, log)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDatabase:
    """One test's own database."""

    __test__ = False

    name: str
    url: str
    """Of the service role."""
    admin_url: str
    auditor_url: str


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A directory that the servers' account can enter."""
    folder = passing_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(server_dir: Path) -> Iterator[PrivatePostgres]:
    """One PostgreSQL for the whole session, without fsync: fault tests start their own."""
    server = PrivatePostgres(server_dir, durable=False)
    server.prepare()
    server.start()
    try:
        server.wait_ready()
        server.bootstrap()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def template_database(postgres_server: PrivatePostgres) -> str:
    """The name of a migrated database that each test's own is copied from."""
    postgres_server.bootstrap(TEMPLATE)
    upgrade(postgres_server.url(OWNER, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database(postgres_server: PrivatePostgres, template_database: str) -> Iterator[TestDatabase]:
    """A migrated, empty database of the test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield copy_database(postgres_server, template_database, name)
    _run(
        postgres_server,
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)),
    )


@pytest.fixture
def empty_database(postgres_server: PrivatePostgres) -> Iterator[TestDatabase]:
    """A database with PostGIS and nothing else, for tests of migrations."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres_server.bootstrap(name)
    yield describe_database(postgres_server, name)
    _run(
        postgres_server,
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)),
    )


@pytest.fixture(scope="session")
def kafka_server(server_dir: Path) -> Iterator[PrivateKafka]:
    """One Kafka for the whole session; take `topic_prefix` so that tests do not meet in it."""
    server = PrivateKafka(server_dir, durable=False)
    server.prepare()
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for the topics (and groups) of one test."""
    return f"test-{uuid.uuid4().hex[:12]}"


def copy_database(server: PrivatePostgres, template: str, name: str) -> TestDatabase:
    """Copies database `template` to a new one called `name`."""
    _run(
        server,
        sql.SQL("create database {} template {}").format(
            sql.Identifier(name), sql.Identifier(template)
        ),
    )
    return describe_database(server, name)


def describe_database(server: PrivatePostgres, name: str) -> TestDatabase:
    return TestDatabase(
        name=name,
        url=server.url(SERVICE, name),
        admin_url=server.url(OWNER, name),
        auditor_url=server.url(AUDITOR, name),
    )


def _run(server: PrivatePostgres, statement: sql.Composed) -> None:
    with psycopg.connect(server.url(OWNER, "postgres"), autocommit=True) as connection:
        connection.execute(statement)
