"""What goes wrong in a run, and when: processes killed or frozen, servers torn down."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil
import psycopg

from dispatch.process.lanes import CLOCK, RELAY
from dispatch.supervisor.record import ProcessRow, read_record
from dispatch.supervisor.roles import ROLES
from tests.faults.crew import Crew
from tests.faults.diary import Diary
from tests.installation import Installation

ADVANCED = "select coalesce(sum(next_offset), 0) from consumed_offset"
HOLDER = """
    select a.client_port from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and l.granted and l.classid = %s and l.objid = 0
"""
LANES = {"relay": RELAY, "clock": CLOCK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """At `at_s` seconds of the run; `do` returns at once or after the fault is over.

    `whom` names the process that it meets, found when the time has come.
    """

    at_s: float
    what: str
    whom: Callable[["Nemesis"], str]
    do: Callable[["Nemesis", str], None]


class Nemesis:
    """Does faults to one installation, by the process ids that it records itself."""

    def __init__(self, installation: Installation, crew: Crew, diary: Diary) -> None:
        self.installation = installation
        self.crew = crew
        self._diary = diary
        self._later: list[threading.Thread] = []
        self._ended: Counter[str] = Counter()
        self._restarts = {row.name: row.restarts for row in self._processes()}

    def run(self, faults: Sequence[Fault], seconds: float) -> None:
        """Plays the faults in order and returns when the run's time is over, all awake again."""
        started = time.monotonic()
        for fault in sorted(faults, key=lambda one: one.at_s):
            time.sleep(max(0.0, started + fault.at_s - time.monotonic()))
            whom = fault.whom(self)
            self._diary.fault(fault.what, whom, time.monotonic() - started)
            fault.do(self, whom)
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        for later in self._later:
            later.join()

    def pid(self, name: str, wait_s: float = 20) -> int:
        """The living process of that name; waits for one that is just being started again."""
        limit = time.monotonic() + wait_s
        while time.monotonic() < limit:
            found = self.crew.pid(name) or next(
                (row.pid for row in self._processes() if row.name == name), None
            )
            if found is not None:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{name} was not started again within {wait_s:.0f} s")

    def holder(self, role: str, wait_s: float = 20) -> str:
        """The name of the clock or relay that holds the lane; waits for one."""
        limit = time.monotonic() + wait_s
        names = [role, *(name for name in self.crew.names if name.startswith(f"{role}-"))]
        with self._connected() as connection:
            while time.monotonic() < limit:
                row = connection.execute(HOLDER, [LANES[role]]).fetchone()
                for name in names if row else ():
                    if row and row[0] in _ports_of(self.pid(name)):
                        return name
                time.sleep(0.1)
        raise AssertionError(f"no {role} took the lane within {wait_s:.0f} s")

    def kill(self, name: str, sent: signal.Signals = signal.SIGKILL, again_s: float = 0) -> None:
        """Ends a process; the supervisor starts its own again, the crew's are so after a time."""
        if name in self.crew.names:
            self.crew.kill(name, again_s)
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid(name), sent)
            self._ended[name] += 1

    def halt(self, role: str) -> None:
        """SIGSTOP for good, so that no process of the role changes anything while all is read."""
        for name in [role, *(name for name in self.crew.names if name.startswith(f"{role}-"))]:
            os.kill(self.pid(name), signal.SIGSTOP)

    def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP now and SIGCONT later, while the run goes on."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)

        def wake() -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

        timer = threading.Timer(seconds, wake)
        timer.start()
        self._later.append(timer)

    def beside(self, work: Callable[[], None]) -> None:
        """Does something that takes a while, while the run goes on."""

        def told() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  a thread's failure is the run's
                self.crew.troubles.append(f"{type(error).__name__}: {error}")

        thread = threading.Thread(target=told)
        thread.start()
        self._later.append(thread)

    def kill_at_work(self, name: str, wait_s: float = 8) -> None:
        """Kills it within a moment of the next committed change of the consumed offsets."""
        self.pid(name)
        limit = time.monotonic() + wait_s
        with self._connected() as connection:
            before = connection.execute(ADVANCED).fetchone()
            while time.monotonic() < limit and connection.execute(ADVANCED).fetchone() == before:
                pass
        self.kill(name)

    def troubles(self) -> list[str]:
        """Roles that ended by themselves: what was started again more often than it was killed."""
        found = list(self.crew.look())
        for row in self._processes():
            more = row.restarts - self._restarts.get(row.name, 0) - self._ended[row.name]
            if row.name in ROLES and more > 0:
                log = self.installation.data_dir / "log" / f"{row.name}.log"
                found.append(f"{row.name} ended {more} times by itself: {log.read_text()[-3000:]}")
        return found

    def _connected(self, wait_s: float = 30) -> psycopg.Connection:
        """A connection; waits for a server that is just being started again."""
        limit = time.monotonic() + wait_s
        while True:
            try:
                return psycopg.connect(self.installation.admin_url, autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.2)

    def _processes(self) -> list[ProcessRow]:
        return read_record(self.installation.data_dir)


def _ports_of(pid: int) -> set[int]:
    """The local ports of a process's connections."""
    with suppress(psutil.NoSuchProcess):
        return {one.laddr.port for one in psutil.Process(pid).net_connections("tcp") if one.raddr}
    return set()


def kill(at_s: float, name: str, again_s: float = 0) -> Fault:
    return Fault(
        at_s=at_s,
        what=f"kill -9 {name}",
        whom=lambda _: name,
        do=lambda n, whom: n.kill(whom, again_s=again_s),
    )


def kill_at_work(at_s: float, name: str) -> Fault:
    return Fault(
        at_s=at_s,
        what=f"kill -9 {name} at work",
        whom=lambda _: name,
        do=lambda n, whom: n.kill_at_work(whom),
    )


def kill_holder(at_s: float, role: str, again_s: float = 0) -> Fault:
    """Of the clocks or relays the one that works."""
    return Fault(
        at_s=at_s,
        what=f"kill -9 the {role} at work",
        whom=lambda n: n.holder(role),
        do=lambda n, whom: n.kill(whom, again_s=again_s),
    )


def freeze(at_s: float, name: str, seconds: float) -> Fault:
    return Fault(
        at_s=at_s,
        what=f"SIGSTOP {name} for {seconds:g} s",
        whom=lambda _: name,
        do=lambda n, whom: n.freeze(whom, seconds),
    )


def freeze_holder(at_s: float, role: str, seconds: float) -> Fault:
    return Fault(
        at_s=at_s,
        what=f"SIGSTOP the {role} at work for {seconds:g} s",
        whom=lambda n: n.holder(role),
        do=lambda n, whom: n.freeze(whom, seconds),
    )


def restart_database(at_s: float) -> Fault:
    """Immediate shutdown; the supervisor starts it again."""
    return Fault(
        at_s=at_s,
        what="immediate restart of PostgreSQL",
        whom=lambda _: "postgres",
        do=lambda n, whom: n.kill(whom, signal.SIGQUIT),
    )
