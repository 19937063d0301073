"""The two private servers of an installation, made, started and watched."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dispatch.embedded.kafka import PrivateKafka
from dispatch.embedded.postgres import PrivatePostgres
from dispatch.supervisor.watch import Watch, Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The private servers of one data directory."""

    postgres: PrivatePostgres
    kafka: PrivateKafka


def open_servers(data_dir: Path) -> Servers:
    """Finds or makes their directories; nothing runs yet."""
    return Servers(postgres=PrivatePostgres(data_dir), kafka=PrivateKafka(data_dir))


def start_servers(servers: Servers, watch: Watch, say: Callable[[str], None]) -> None:
    """Starts both at once, waits until both serve, and watches them from then on."""
    say("Preparing PostgreSQL and Kafka")
    servers.postgres.prepare()
    servers.kafka.prepare()
    say("Starting PostgreSQL and Kafka")
    watch.add(_watched(servers.kafka))
    watch.add(_watched(servers.postgres))
    servers.postgres.wait_ready()
    servers.postgres.bootstrap()
    say(f"PostgreSQL serves on port {servers.postgres.port}")
    servers.kafka.wait_ready()
    say(f"Kafka serves on port {servers.kafka.port}")


def _watched(server: PrivatePostgres | PrivateKafka) -> Watched:
    return Watched(name=server.name, start=server.start, stop=lambda _child: server.stop())
