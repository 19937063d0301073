"""What a role does while what it needs is away, full, or taken."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from dispatch.embedded.ports import free_port
from dispatch.embedded.postgres import PrivatePostgres
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import Located
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

SMALL = "6m"


@pytest.fixture
def small_disk(postgres_server: PrivatePostgres) -> Iterator[Path]:
    """A disk of a few megabytes that PostgreSQL may write to."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-small-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=755", "none", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip("a disk can be filled only where we may mount one")
    if postgres_server.account is not None:
        os.chown(folder, postgres_server.account.uid, postgres_server.account.gid)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def small_tables(city: TestDatabase, small_disk: Path) -> Iterator[Path]:
    """The reports lie on the small disk; answers the disk."""
    with psycopg.connect(city.admin_url, autocommit=True) as owner:
        owner.execute(f"create tablespace {city.name} location '{small_disk}'")
        owner.execute(f"alter table report set tablespace {city.name}")
    yield small_disk
    with psycopg.connect(city.admin_url, autocommit=True) as owner:
        owner.execute("alter table report set tablespace pg_default")
        owner.execute(f"drop tablespace {city.name}")


def fill(disk: Path) -> Path:
    """A file that takes what is left."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(b"\0" * shutil.disk_usage(disk).free)
    return ballast


def test_a_full_disk_under_postgres_stops_the_offset_and_nothing_else(
    live: Live, located: Located, small_tables: Path
) -> None:
    engine = live.start("engine")
    live.send(located())
    eventually(lambda: live.count("report") == 1)
    ballast = fill(small_tables)
    sent = [located(text="垃圾" * 1500, lat=26.42 + n / 1000) for n in range(60)]
    live.send(*sent)
    eventually(lambda: live.waits_for("engine") == "postgres")
    stored, consumed = live.one(
        "select array[(select count(*) from report), sum(next_offset)] from consumed_offset"
    )
    assert consumed == stored <= len(sent)
    assert live.count("dead_letter") == 0
    assert engine.thread.is_alive()

    ballast.unlink()
    eventually(lambda: live.count("report") == 1 + len(sent))
    eventually(lambda: live.waits_for("engine") is None)
    assert live.one("select sum(next_offset) from consumed_offset") == 1 + len(sent)


NO_KAFKA = {"kafka_servers": "127.0.0.1:1"}
NO_POSTGRES = {"database_url": "postgresql://nobody@127.0.0.1:1/none"}


@pytest.mark.parametrize(
    ("role", "away", "waits_for"),
    [
        ("engine", NO_KAFKA, "kafka"),
        ("engine", NO_POSTGRES, "postgres"),
        ("relay", NO_KAFKA, "kafka"),
        ("relay", NO_POSTGRES, "postgres"),
        ("clock", NO_POSTGRES, "postgres"),
        ("api", NO_KAFKA, "kafka"),
        ("api", NO_POSTGRES, "postgres"),
    ],
)
def test_a_role_that_starts_without_what_it_needs_stays_and_says_for_what_it_waits(
    live: Live, role: str, away: dict[str, str], waits_for: str
) -> None:
    live.settings = live.settings.model_copy(update={**away, "port": free_port()})
    process = live.start_process(role)
    eventually(lambda: live.waits_for(role) == waits_for)
    if role == "api":
        url = f"http://127.0.0.1:{live.settings.port}"
        eventually(lambda: answers(f"{url}/healthz") == 200)
        assert answers(f"{url}/readyz") == 503
    assert process.poll() is None
    process.terminate()
    assert process.wait(20) == 0
    assert "Traceback" not in live.log_of(process)


def answers(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


def test_a_port_in_use_is_named_and_ends_the_api(live: Live) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        live.settings = live.settings.model_copy(update={"port": port})
        api = live.start_process("api")
        assert api.wait(30) == 1
        assert f"127.0.0.1:{port}" in live.log_of(api)
        assert "in use" in live.log_of(api)
