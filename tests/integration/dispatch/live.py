"""Roles against real Kafka and PostGIS: engine, clock, relay and api in threads of the test."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import Engine, text

from dispatch.api.server import serve_api
from dispatch.embedded.ports import free_port
from dispatch.keys import load_keys
from dispatch.process.stopping import Stop
from dispatch.reports.report import LocatedReport
from dispatch.roles.wiring import build_clock, build_engine, build_relay
from dispatch.settings import Settings
from dispatch.storage.database import transaction
from dispatch.supervisor.roles import role_environment
from dispatch.tokens import Role, issue
from streams.envelope import REPORT_RECEIVED, event_headers
from streams.kafka import KafkaAdmin, KafkaTailReader, KafkaWriter
from streams.records import Message, Partition, Record
from tests.waiting import eventually

CITY_CODE = "431100"
WANGGE = (sys.executable, "-m", "dispatch")
BUILDERS = {"engine": build_engine, "clock": build_clock, "relay": build_relay}


class Stream:
    """A reader of the feed."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> dict[str, str]:
        """The next event's fields; heartbeats are passed over."""
        found: dict[str, str] = {}
        for line in self._lines:
            if not line and "event" in found:
                return found
            name, _, value = line.partition(": ")
            if name:
                found[name] = value
        raise StreamEnded

    def until(self, wanted: Callable[[dict[str, str]], bool]) -> list[dict[str, str]]:
        """The events up to and with the first wanted one."""
        found = [self.next()]
        while not wanted(found[-1]):
            found.append(self.next())
        return found


class StreamEnded(Exception):
    """The server closed the stream."""


@dataclass(slots=True)
class Running:
    """A role in a thread of the test."""

    stop: Stop
    thread: threading.Thread

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


@dataclass(slots=True)
class Live:
    """One installation of a test: its settings, its database, its roles."""

    settings: Settings
    database: Engine
    roles: list[Running] = field(default_factory=list)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, role: str) -> Running:
        """Runs a role in a thread until it is ended or the test is."""
        stop = Stop()
        if role == "api":
            target = threading.Thread(target=serve_api, args=(self.settings, stop), daemon=True)
        else:
            built: Any = BUILDERS[role](self.settings)

            def work() -> None:
                built.run(stop)
                built._database.dispose()

            target = threading.Thread(target=work, daemon=True)
        running = Running(stop, target)
        target.start()
        self.roles.append(running)
        return running

    def start_api(self) -> httpx.Client:
        """Runs the api and answers a client of it once it takes reports and feeds."""
        self.settings = self.settings.model_copy(update={"port": free_port()})
        self.start("api")
        url = f"http://127.0.0.1:{self.settings.port}"

        def ready() -> bool:
            try:
                answer = httpx.get(f"{url}/readyz", trust_env=False)
                return answer.status_code == 200 and not answer.json()["reasons"]
            except httpx.HTTPError:
                return False

        eventually(ready)
        return httpx.Client(base_url=f"{url}/api/v1", timeout=10, trust_env=False)

    def start_process(self, role: str) -> "subprocess.Popen[bytes]":
        """Runs a role as a process of its own, for what only a process can suffer."""
        environment = role_environment(self.settings, os.environ)
        environment["WANGGE_TOPIC_PREFIX"] = self.settings.topic_prefix
        log = (self.settings.data_dir / f"{role}-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [*WANGGE, "--verbose", "serve", role],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def log_of(self, process: "subprocess.Popen[bytes]") -> str:
        """What the n-th process has written."""
        number = self.processes.index(process)
        (path,) = self.settings.data_dir.glob(f"*-{number}.log")
        return path.read_text()

    def token(self, role: str, **claims: Any) -> dict[str, str]:
        """The header with a token of this installation."""
        signing = load_keys(self.settings.keys_dir).signing
        claims = {"scope": CITY_CODE, "subject": f"a-{role}", **claims}
        return {"Authorization": f"Bearer {issue(signing, role=Role(role), **claims)}"}

    def waits_for(self, role: str) -> str | None:
        """What the role's heartbeat says it waits for; None when it works."""
        try:
            said = json.loads((self.settings.run_dir / f"{role}.json").read_text())
        except FileNotFoundError:
            return "start"
        return said["waiting_for"]

    def wangge(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs the command line as an operator would."""
        return subprocess.run(
            [*WANGGE, *arguments, "--data-dir", str(self.settings.data_dir)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def send(self, *values: LocatedReport | bytes, id_: str | None = None) -> None:
        """Writes records into the reports topic and waits until Kafka has them."""
        writer = KafkaWriter(self.settings.kafka_servers, delivery_s=10)
        failures: list[Exception | None] = []
        writer.send_all([(self._message(value, id_), failures.append) for value in values])
        writer.flush(10)
        writer.close()
        assert failures == [None] * len(values)

    def _message(self, value: LocatedReport | bytes, id_: str | None) -> Message:
        report = value if isinstance(value, LocatedReport) else None
        return Message(
            topic=self.settings.reports_topic,
            key=b"k" if report is None else report.community.encode(),
            value=value if isinstance(value, bytes) else value.to_bytes(),
            headers=event_headers(
                id_=id_ or (report.id if report else "none"), type_=REPORT_RECEIVED, source="/test"
            ),
        )

    def read(self, topic: str) -> list[Record]:
        """All records of a topic, partition by partition."""
        admin = KafkaAdmin(self.settings.kafka_servers)
        count = admin.describe([topic])[topic][1]
        admin.close()
        reader = KafkaTailReader(self.settings.kafka_servers)
        try:
            partitions = [Partition(topic, number) for number in range(count)]
            ends, starts = reader.ends(partitions), reader.beginnings(partitions)
            reader.assign(starts)
            found: list[Record] = []
            eventually(
                lambda: (
                    found.extend(reader.poll(0.2, 500))
                    or len(found) == sum(ends[p] - starts[p] for p in partitions)
                )
            )
            return found
        finally:
            reader.close()

    @contextmanager
    def follow(
        self, api: httpx.Client, after: str | None = None, role: str = "supervisor", **claims: Any
    ) -> Iterator[Stream]:
        """Opens the feed, from now on or behind the position `after`."""
        headers = self.token(role, **claims) | ({"Last-Event-ID": after} if after else {})
        with api.stream("GET", "/feed", headers=headers, timeout=60) as response:
            assert response.status_code == 200, response.read()
            yield Stream(response)

    def one(self, query: str, **values: Any) -> Any:
        """The single value that a query answers."""
        with transaction(self.database) as connection:
            return connection.execute(text(query), values).scalar_one()

    def count(self, table: str) -> int:
        return int(self.one(f'select count(*) from "{table}"'))  # noqa: S608

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        for running in self.roles:
            running.stop.set()
        for running in self.roles:
            running.thread.join(20)
