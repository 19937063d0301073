"""What goes wrong in a run, and when: processes killed or frozen, servers torn down."""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from dispatch.supervisor.record import read_record
from tests.faults.diary import Diary
from tests.installation import Installation

ADVANCED = "select coalesce(sum(next_offset), 0) from consumed_offset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """At `at_s` seconds of the run; `do` returns at once or after the fault is over."""

    at_s: float
    what: str
    do: Callable[["Nemesis"], None]


class Nemesis:
    """Does faults to one installation, by the process ids that it records itself."""

    def __init__(self, installation: Installation, diary: Diary) -> None:
        self._installation = installation
        self._diary = diary
        self._frozen: list[threading.Timer] = []

    def run(self, faults: Sequence[Fault], seconds: float) -> None:
        """Plays the faults in order and returns when the run's time is over, all awake again."""
        started = time.monotonic()
        for fault in sorted(faults, key=lambda one: one.at_s):
            time.sleep(max(0.0, started + fault.at_s - time.monotonic()))
            self._diary.fault(f"{time.monotonic() - started:5.1f} s  {fault.what}")
            fault.do(self)
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        for waking in self._frozen:
            waking.join()

    def pid(self, name: str, wait_s: float = 20) -> int:
        """The living process of that name; waits for one that is just being started again."""
        limit = time.monotonic() + wait_s
        while time.monotonic() < limit:
            for row in read_record(self._installation.data_dir):
                if row.name == name and row.pid is not None:
                    return row.pid
            time.sleep(0.1)
        raise AssertionError(f"{name} was not started again within {wait_s:.0f} s")

    def signal(self, name: str, sent: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid(name), sent)

    def halt(self, name: str) -> None:
        """SIGSTOP for good, so that the process changes nothing while all is read."""
        self.signal(name, signal.SIGSTOP)

    def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP now and SIGCONT later, while the run goes on."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)

        def wake() -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

        timer = threading.Timer(seconds, wake)
        timer.start()
        self._frozen.append(timer)

    def kill_at_work(self, name: str, wait_s: float = 8) -> None:
        """Kills it within a moment of the next committed change of the consumed offsets."""
        pid = self.pid(name)
        limit = time.monotonic() + wait_s
        with psycopg.connect(self._installation.admin_url, autocommit=True) as connection:
            before = connection.execute(ADVANCED).fetchone()
            while time.monotonic() < limit and connection.execute(ADVANCED).fetchone() == before:
                pass
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill(at_s: float, name: str) -> Fault:
    return Fault(at_s=at_s, what=f"kill -9 {name}", do=lambda n: n.signal(name, signal.SIGKILL))


def kill_at_work(at_s: float, name: str) -> Fault:
    return Fault(at_s=at_s, what=f"kill -9 {name} at work", do=lambda n: n.kill_at_work(name))


def freeze(at_s: float, name: str, seconds: float) -> Fault:
    return Fault(
        at_s=at_s,
        what=f"SIGSTOP {name} for {seconds:g} s",
        do=lambda n: n.freeze(name, seconds),
    )


def restart_database(at_s: float) -> Fault:
    """Immediate shutdown; the supervisor starts it again."""
    return Fault(
        at_s=at_s,
        what="immediate restart of PostgreSQL",
        do=lambda n: n.signal("postgres", signal.SIGQUIT),
    )
