"""A private Apache Kafka (one broker and controller in one process) in a directory of ours."""

import base64
import re
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

from dispatch.embedded import process
from dispatch.embedded.account import Account, can_read, give, server_account
from dispatch.embedded.errors import EmbeddedError, MissingSoftwareError, StartFailedError
from dispatch.embedded.java import find_java
from dispatch.embedded.place import server_home
from dispatch.embedded.ports import remembered_port
from dispatch.embedded.probe import broker_serves

# Where `make setup` puts the jars of docker/kafka/pom.xml.
DEFAULT_LIBS = Path(__file__).parents[2] / "build" / "kafka"
TERM = ((signal.SIGTERM, 15.0),)

# The short broker session lets a broker that was killed register again in seconds; flushing each
# batch is what makes an acknowledged report outlive a power cut of this one machine (design
# decision 5). Several internal topics would otherwise ask for three brokers.
PROPERTIES = """\
# Written at every start.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={logs}
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.flush.interval.messages={flush_messages}
auto.create.topics.enable=false
delete.topic.enable=true
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
background.threads=4
"""

JVM = (
    *("-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"),
    *("-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true"),
    *(
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.showThreadName=false",
    ),
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
)

REASONS = (
    (r"No space left on device", "the disk is full: free space on {volume} and start again"),
    (r"Address already in use|BindException", "its port {port} is taken by another program"),
    (r"Invalid cluster\.id|InconsistentClusterId", "its data belong to another cluster"),
    (r"No readable meta\.properties|is not formatted", "its data in {data} are damaged: restore "
     "them from a backup, or start anew in another --data-dir"),
    (r"OutOfMemoryError|Cannot allocate memory", "memory is short"),
)  # fmt: skip


class PrivateKafka:
    """Kafka on 127.0.0.1 with its data in `data_dir/kafka`.

    `prepare`, `start`, `wait_ready` in this order; `start` again after a death. `start` belongs to
    the main thread: the server ends with the thread that started it.
    """

    name = "kafka"

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        libs: Path = DEFAULT_LIBS,
        durable: bool = True,
    ) -> None:
        self.account: Account | None = server_account()
        self.home = server_home(data_dir, self.name, self.account)
        self.data = self.home / "data"
        self.properties = self.home / "server.properties"
        self.log = data_dir / "log" / "kafka.log"
        self.log.parent.mkdir(exist_ok=True)
        self.port = port or remembered_port(self.home / "port")
        self.controller_port = remembered_port(self.home / "controller-port")
        self.durable = durable
        self.child: subprocess.Popen[bytes] | None = None
        self._libs = libs

    @property
    def servers(self) -> str:
        """What clients call `bootstrap_servers`."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Formats the data directory when it is new; makes the jars readable for the account."""
        self._libs = self._readable_libs()
        self._write_properties()
        if (self.data / "meta.properties").exists():
            return
        if self.data.exists() and any(self.data.glob("*-[0-9]*/*.log")):
            raise EmbeddedError(
                f"Kafka's data in {self.data} are damaged (meta.properties is missing): "
                "restore them from a backup, or start anew in another --data-dir."
            )
        shutil.rmtree(self.data, ignore_errors=True)
        self._format()

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the broker and returns at once; ends one that was left over here before."""
        process.end_others(process.started_with(str(self.properties)), TERM)
        self._write_properties()
        self.child = process.spawn(
            self._java(*JVM, main="kafka.Kafka", arguments=(str(self.properties),)),
            log=self.log,
            environment=process.server_environment(),
            account=self.account,
            cwd=self.home,
        )
        return self.child

    def wait_ready(self, timeout_s: float = 120.0) -> None:
        """Returns when the broker serves; StartFailedError with the reason if it does not."""
        process.wait_ready("Kafka", self.child, self.log, self.answers, self._why_ended, timeout_s)

    def answers(self, timeout_s: float = 2.0) -> bool:
        """Whether the broker serves now."""
        return broker_serves(self.port, timeout_s=timeout_s)

    def stop(self) -> bool:
        """Ends the broker; True when it ended cleanly."""
        clean = self.child is None or process.end(self.child, TERM)
        process.end_others(process.started_with(str(self.properties)), TERM)
        self.child = None
        return clean

    def _format(self) -> None:
        cluster = (
            base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        )
        done = subprocess.run(
            self._java(
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                main="kafka.tools.StorageTool",
                arguments=("format", "-t", cluster, "-c", str(self.properties)),
            ),
            capture_output=True,
            text=True,
            check=False,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            env=process.server_environment(),
            cwd=self.home,
        )
        if done.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            output = f"{done.stdout}{done.stderr}".strip()
            raise StartFailedError(
                f"Kafka's data directory {self.data} cannot be made: "
                f"{self._reason(output)}.\n{output}"
            )

    def _java(self, *options: str, main: str, arguments: tuple[str, ...]) -> list[str]:
        return [find_java(), *options, "-cp", f"{self._libs}/*", main, *arguments]

    def _readable_libs(self) -> Path:
        """The jars where they are, or a copy when the account cannot read them there."""
        jars = sorted(self._libs.glob("*.jar"))
        if not any(re.match(r"kafka_[\d.]+-", jar.name) for jar in jars):
            raise MissingSoftwareError(
                f"Apache Kafka's jars are not in {self._libs}: run `make setup`."
            )
        if all(can_read(self.account, jar) for jar in jars):
            return self._libs.resolve()
        copy = self.home / "libs"
        if {(j.name, j.stat().st_size) for j in jars} != _listing(copy):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self._libs, copy)
            for path in (copy, *copy.iterdir()):
                path.chmod(0o755 if path.is_dir() else 0o644)
                give(self.account, path)
        return copy

    def _write_properties(self) -> None:
        self.properties.write_text(
            PROPERTIES.format(
                port=self.port,
                controller_port=self.controller_port,
                logs=self.data,
                flush_messages=1 if self.durable else 9223372036854775807,
            )
        )
        give(self.account, self.properties)

    def _why_ended(self) -> str:
        # A stack may stand between the reason and the end.
        reason = self._reason(process.tail(self.log, lines=200))
        return f"{reason}.\n{process.tail(self.log)}"

    def _reason(self, output: str) -> str:
        for pattern, reason in REASONS:
            if re.search(pattern, output):
                return reason.format(volume=self.home, port=self.port, data=self.data)
        return f"see {self.log}"


def _listing(folder: Path) -> set[tuple[str, int]]:
    return {(file.name, file.stat().st_size) for file in folder.glob("*.jar")}
