"""When what died is started again, what is recorded, and who is let in."""

import json
import os
import random
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.embedded.account import Account, can_enter
from dispatch.embedded.errors import EmbeddedError
from dispatch.embedded.place import prepare_data_dir, server_home
from dispatch.embedded.ports import HIGHEST, LOWEST, free_port, is_free, remembered_port
from dispatch.embedded.secrets import kept_passwords, write_private
from dispatch.supervisor.access import Access, access_file, read_access, write_access
from dispatch.supervisor.backoff import LONGEST_S, SETTLED_S, deaths_in_a_row, restart_delay
from dispatch.supervisor.installation import choose_port
from dispatch.supervisor.lock import holder, only_one
from dispatch.supervisor.record import read_record, write_record
from dispatch.supervisor.watch import Watch, Watched

STRANGER = Account(name="stranger", uid=54321, gid=54321)


class FakeChild:
    """A process that lives until the test ends it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.signals: list[int] = []

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        self.signals.append(number)


class FakeRole:
    """Starts fake children, or fails while it is told to."""

    def __init__(self) -> None:
        self.children: list[FakeChild] = []
        self.broken = False

    def start(self) -> FakeChild:
        if self.broken:
            raise EmbeddedError("the disk is full")
        self.children.append(FakeChild(1000 + len(self.children)))
        return self.children[-1]

    def watched(self, name: str = "engine") -> Watched:
        return Watched(name=name, start=self.start, stop=lambda _: True)  # type: ignore[arg-type]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def watch(said: list[str]) -> Watch:
    return Watch(say=said.append)


@given(st.integers(min_value=0, max_value=10_000))
def test_a_later_death_never_waits_less_and_never_more_than_the_longest(deaths: int) -> None:
    assert 0 < restart_delay(deaths) <= restart_delay(deaths + 1) <= LONGEST_S


def test_a_process_that_had_settled_starts_counting_anew() -> None:
    assert deaths_in_a_row(7, SETTLED_S) == 1
    assert deaths_in_a_row(7, SETTLED_S - 1) == 8


def test_a_death_is_said_and_mended_after_the_delay(watch: Watch, said: list[str]) -> None:
    role = FakeRole()
    engine = role.watched()
    watch.add(engine)
    assert not watch.tick(engine.started_s + 1)
    role.children[0].returncode = -9
    died = engine.started_s + 2
    assert watch.tick(died)
    assert said == ["engine was killed (SIGKILL); it is started again in 0.25 s"]
    assert not watch.tick(died + 0.2)
    assert watch.tick(died + 0.25)
    assert (engine.pid, engine.restarts) == (1001, 1)
    assert said[-1] == "engine is started again (pid 1001)"


def test_what_cannot_be_started_is_tried_again_later(watch: Watch, said: list[str]) -> None:
    role = FakeRole()
    engine = role.watched()
    watch.add(engine)
    role.children[0].returncode = 1
    died = engine.started_s + 1
    watch.tick(died)
    role.broken = True
    watch.tick(died + 0.25)
    assert "cannot be started: the disk is full; it is started again in 0.5 s" in said[-1]
    assert engine.restarts == 0
    role.broken = False
    watch.tick(died + 0.75)
    assert (engine.restarts, engine.deaths) == (1, 2)


def test_one_death_does_not_keep_another_from_being_noticed(watch: Watch) -> None:
    roles = [FakeRole(), FakeRole()]
    watched = [role.watched(name) for role, name in zip(roles, ("api", "engine"), strict=True)]
    for process in watched:
        watch.add(process)
    for role in roles:
        role.children[0].returncode = -9
    watch.tick(watched[1].started_s + 1)
    assert all(process.due_s is not None for process in watched)


def test_who_is_stopped_on_purpose_is_not_started_again(watch: Watch) -> None:
    role = FakeRole()
    engine = role.watched()
    watch.add(engine)
    watch.stop(["engine"])
    role.children[0].returncode = 0
    assert not watch.tick(engine.started_s + 100)
    assert len(role.children) == 1


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.communicate()


def _recorded(tmp_path: Path, child: subprocess.Popen[bytes], name: str = "engine") -> None:
    (tmp_path / "run").mkdir(exist_ok=True)
    watch = Watch(say=lambda _: None)
    watch.add(Watched(name=name, start=lambda: child, stop=lambda _: True))
    write_record(tmp_path, watch.watched)


def test_the_record_tells_living_from_dead(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    _recorded(tmp_path, sleeper)
    assert [row.pid for row in read_record(tmp_path)] == [sleeper.pid]
    sleeper.kill()
    sleeper.wait()
    row = read_record(tmp_path)[0]
    assert (row.name, row.pid, row.since, row.waiting_for) == ("engine", None, None, None)


def test_another_process_under_the_recorded_pid_is_not_taken_for_ours(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    _recorded(tmp_path, sleeper)
    file = tmp_path / "run" / "up.json"
    rows = json.loads(file.read_text())
    rows[0]["born"] = psutil.Process(sleeper.pid).create_time() - 5
    file.write_text(json.dumps(rows))
    assert read_record(tmp_path)[0].pid is None


@pytest.mark.parametrize(
    ("said_by", "waiting_for", "shown"),
    [(0, "kafka", "kafka"), (0, None, None), (1, None, "start"), (None, None, "start")],
)
def test_what_a_role_waits_for_is_what_this_very_process_said(
    tmp_path: Path,
    sleeper: subprocess.Popen[bytes],
    said_by: int | None,
    waiting_for: str | None,
    shown: str | None,
) -> None:
    _recorded(tmp_path, sleeper)
    if said_by is not None:
        words = {"pid": sleeper.pid + said_by, "waiting_for": waiting_for, "at": 0.0}
        (tmp_path / "run" / "engine.json").write_text(json.dumps(words))
    assert read_record(tmp_path)[0].waiting_for == shown


def test_a_damaged_record_is_no_record(tmp_path: Path) -> None:
    assert read_record(tmp_path) == []
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "up.json").write_text("[{")
    assert read_record(tmp_path) == []


def test_only_one_up_at_a_time_and_the_other_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert holder(tmp_path) is None
    with only_one(tmp_path):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(EmbeddedError, match=f"pid {os.getpid()}"), only_one(tmp_path):
            pass
    with only_one(tmp_path):
        pass
    assert holder(tmp_path) is None


def test_access_is_for_the_owner_only_and_tokens_come_with_the_demo(tmp_path: Path) -> None:
    access = Access(url="u", database_url="d", database_admin_url="a", kafka_servers="k")
    write_access(tmp_path, access)
    assert stat.S_IMODE(access_file(tmp_path).stat().st_mode) == 0o600
    assert "tokens" not in json.loads(access_file(tmp_path).read_text())
    assert read_access(tmp_path) == access


def test_a_private_file_that_was_open_to_all_is_closed_when_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_passwords_are_made_once(tmp_path: Path) -> None:
    made = kept_passwords(tmp_path / "passwords.json", may_make=True)
    assert kept_passwords(tmp_path / "passwords.json", may_make=False) == made
    assert len({made.wangge_owner, made.wangge_service, made.wangge_auditor}) == 3
    (tmp_path / "passwords.json").write_text("{")
    with pytest.raises(EmbeddedError, match="damaged"):
        kept_passwords(tmp_path / "passwords.json", may_make=True)


def test_a_port_in_use_is_refused_with_its_number_or_avoided() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"Port {port} is in use by \S+ \(pid \d+\)"):
            choose_port(port, 8460, "127.0.0.1")
        assert choose_port(None, port, "127.0.0.1") != port
    assert choose_port(0, port, "127.0.0.1") > 0


def test_a_free_port_lies_below_those_of_outgoing_connections(tmp_path: Path) -> None:
    port = free_port(random.Random(4))
    assert LOWEST <= port < HIGHEST
    assert is_free(port)
    kept = remembered_port(tmp_path / "port")
    assert remembered_port(tmp_path / "port") == kept


def test_a_closed_folder_is_closed_to_a_stranger_wherever_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    tmp_path.chmod(0o700)
    assert not can_enter(STRANGER, folder)
    assert can_enter(None, folder)


def test_data_lie_elsewhere_behind_a_link_where_the_account_cannot_enter(tmp_path: Path) -> None:
    ours = Account(name="ours", uid=os.getuid(), gid=os.getgid())
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    root = tmp_path / "system"
    data = prepare_data_dir(closed / "data", STRANGER, system_root=root)
    assert data.is_symlink()
    assert data.resolve().parent == root
    assert prepare_data_dir(closed / "data", STRANGER, system_root=root) == data
    assert prepare_data_dir(tmp_path / ".wangge", ours, system_root=root).is_symlink()
    assert not prepare_data_dir(tmp_path / "other", ours, system_root=root).is_symlink()
    (closed / "existing").mkdir()
    home = server_home(closed / "existing", "kafka", ours, system_root=root)
    assert home.parent.name == "existing"


def test_a_link_whose_target_was_deleted_is_mended(tmp_path: Path) -> None:
    (tmp_path / ".wangge").symlink_to(tmp_path / "gone")
    assert (prepare_data_dir(tmp_path / ".wangge", None) / "run").is_dir()


def test_a_file_in_the_way_is_said_to_be_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(EmbeddedError, match="not a directory"):
        prepare_data_dir(tmp_path / "data", None)
