"""The private PostgreSQL: what it promises, and what it outlives."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dispatch.embedded import process
from dispatch.embedded.errors import EmbeddedError, StartFailedError
from dispatch.embedded.ports import free_port
from dispatch.embedded.postgres import AUDITOR, SERVICE, PrivatePostgres


@pytest.fixture
def server(server_dir: Path, request: pytest.FixtureRequest) -> Iterator[PrivatePostgres]:
    server = PrivatePostgres(server_dir / request.node.name)
    server.prepare()
    server.start()
    server.wait_ready()
    server.bootstrap()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def data_dir(server_dir: Path, request: pytest.FixtureRequest) -> Path:
    folder = server_dir / request.node.name
    folder.mkdir()
    return folder


def _one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def test_what_is_committed_outlives_kill_9(server: PrivatePostgres) -> None:
    with psycopg.connect(server.admin_url) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept select generate_series(1, 1000)")
    assert server.child is not None
    server.child.kill()
    server.child.wait()
    server.start()
    server.wait_ready()
    assert _one(server.admin_url, "select count(*) from kept") == 1000


def test_it_is_durable_and_keeps_utc_and_utf8(server: PrivatePostgres) -> None:
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
    }
    for name, value in expected.items():
        assert _one(server.service_url, f"show {name}") == value


def test_only_the_owner_is_superuser(server: PrivatePostgres) -> None:
    superusers = "select string_agg(rolname, ',') from pg_roles where rolsuper"
    assert _one(server.service_url, superusers) == "wangge_owner"
    for role in (SERVICE, AUDITOR):
        assert _one(server.url(role), "select current_user") == role


def test_a_wrong_password_is_refused(server: PrivatePostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://{SERVICE}:guess@127.0.0.1:{server.port}/wangge")


def test_a_server_left_over_by_another_run_is_ended(
    server: PrivatePostgres, data_dir: Path
) -> None:
    assert server.child is not None
    later = PrivatePostgres(data_dir)
    later.prepare()
    later.start()
    later.wait_ready()
    assert server.child.wait(10) is not None
    assert _one(later.service_url, "select 1") == 1
    later.stop()


def test_a_stopped_server_can_be_ended(server: PrivatePostgres) -> None:
    assert server.child is not None
    os.kill(server.child.pid, signal.SIGSTOP)
    server.stop()
    assert process.working_in(server.data, "postgres") == []


def test_the_number_of_another_process_in_a_stale_file_does_not_hinder(
    server: PrivatePostgres,
) -> None:
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getppid()}\n{server.data}\n")
    server.start()
    server.wait_ready()


def test_passwords_are_for_the_operator_only_and_stay(
    server: PrivatePostgres, data_dir: Path
) -> None:
    assert stat.S_IMODE((server.home / "passwords.json").stat().st_mode) == 0o600
    assert PrivatePostgres(data_dir).service_url.split("@")[0] == server.service_url.split("@")[0]


def test_a_taken_port_is_named(data_dir: Path, server_dir: Path) -> None:
    first = PrivatePostgres(data_dir)
    first.prepare()
    first.start()
    first.wait_ready()
    second_dir = data_dir / "second"
    second_dir.mkdir()
    second = PrivatePostgres(second_dir, port=first.port)
    second.prepare()
    second.start()
    with pytest.raises(StartFailedError, match=f"port {first.port} is taken"):
        second.wait_ready()
    first.stop()


def test_a_damaged_data_directory_is_said_to_be_damaged(data_dir: Path) -> None:
    server = PrivatePostgres(data_dir, port=free_port())
    server.prepare()
    (server.data / "global" / "pg_control").write_bytes(b"\0" * 8192)
    server.start()
    with pytest.raises(StartFailedError, match="damaged"):
        server.wait_ready()
    (server.data / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedError, match="not a database directory"):
        server.prepare()


def test_lost_passwords_are_not_silently_replaced(data_dir: Path) -> None:
    server = PrivatePostgres(data_dir)
    server.prepare()
    (server.home / "passwords.json").unlink()
    with pytest.raises(EmbeddedError, match=r"passwords\.json is missing"):
        PrivatePostgres(data_dir)
