"""A private PostgreSQL with PostGIS in a directory of ours."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from dispatch.embedded import process
from dispatch.embedded.account import Account, give, server_account
from dispatch.embedded.errors import EmbeddedError, MissingSoftwareError, StartFailedError
from dispatch.embedded.place import server_home
from dispatch.embedded.ports import remembered_port
from dispatch.embedded.secrets import kept_passwords

OLDEST_VERSION = 15
DATABASE = "wangge"
OWNER, SERVICE, AUDITOR = "wangge_owner", "wangge_service", "wangge_auditor"
FAST_THEN_IMMEDIATE = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 8.0))

# Sized for a machine that everything else of Wangge runs on too.
SETTINGS = """\
# Written at every start.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 200
# A client that was cut off while it connected must not hold up a shutdown for a minute.
authentication_timeout = '10s'
shared_buffers = '{shared_buffers}'
effective_cache_size = '4GB'
work_mem = '16MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
min_wal_size = '256MB'
checkpoint_timeout = '15min'
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
log_line_prefix = '%m [%p] %a '
log_min_duration_statement = '2s'
# People's words are in parameters, and in the details that quote a row that was refused.
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""

REASONS = (
    (r"No space left on device", "the disk is full: free space on {volume} and start again"),
    (r"Address already in use", "port {port} is taken: end the program that listens there"),
    (
        r"valid checkpoint|PANIC|incompatible with server|global/pg_|could not find the database",
        "its data in {data} are damaged: restore them from a backup, or start anew in another "
        "--data-dir",
    ),
    (r"Cannot allocate memory|could not map anonymous shared memory", "memory is short"),
)


class PrivatePostgres:
    """PostgreSQL on 127.0.0.1 with its data in `data_dir/postgres`.

    `prepare`, `start`, `wait_ready`, `bootstrap` in this order; `start` again after a death.
    `start` belongs to the main thread: the server ends with the thread that started it.
    """

    name = "postgres"

    def __init__(self, data_dir: Path, *, port: int | None = None, durable: bool = True) -> None:
        self.account: Account | None = server_account()
        self.home = server_home(data_dir, self.name, self.account)
        self.data = self.home / "data"
        self.log = data_dir / "log" / "postgres.log"
        self.log.parent.mkdir(exist_ok=True)
        self.port = port or remembered_port(self.home / "port")
        self.durable = durable
        self.child: subprocess.Popen[bytes] | None = None
        self._passwords = kept_passwords(
            self.home / "passwords.json", may_make=not self.data.exists()
        )

    def url(self, role: str, database: str = DATABASE) -> str:
        """`postgresql://…` for one of the roles OWNER, SERVICE and AUDITOR."""
        password = getattr(self._passwords, role)
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def service_url(self) -> str:
        return self.url(SERVICE)

    @property
    def admin_url(self) -> str:
        """The owner's, who is superuser of this private server."""
        return self.url(OWNER)

    def prepare(self) -> None:
        """Makes the cluster when there is none; an interrupted attempt leaves no half of one."""
        if self.data.exists():
            _check_cluster(self.data)
            return
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret = self.home / "owner.password"
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self._passwords.wangge_owner)
        give(self.account, secret)
        try:
            self._initdb(fresh, secret)
        finally:
            secret.unlink()
        with (fresh / "postgresql.conf").open("a") as file:
            file.write("\ninclude_if_exists = 'wangge.conf'\n")
        fresh.rename(self.data)

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the server and returns at once; ends one that was left over here before."""
        binaries = _binaries(_cluster_version(self.data))
        process.end_others(process.working_in(self.data, "postgres"), FAST_THEN_IMMEDIATE)
        # Nobody works in this directory now: the number in a stale file belongs to another program.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._write_settings()
        self.child = process.spawn(
            [str(binaries / "postgres"), "-D", str(self.data), "-p", str(self.port)],
            log=self.log,
            environment=process.server_environment(),
            account=self.account,
            death_signal=signal.SIGQUIT,
            cwd=self.home,
        )
        return self.child

    def wait_ready(self, timeout_s: float = 120.0) -> None:
        """Returns when the server takes connections; StartFailedError with the reason if not."""
        process.wait_ready(
            "PostgreSQL", self.child, self.log, self.answers, self._why_ended, timeout_s
        )

    def answers(self, timeout_s: int = 2) -> bool:
        """Whether the server takes a connection now."""
        try:
            psycopg.connect(self.url(OWNER, "postgres"), connect_timeout=timeout_s).close()
        except psycopg.OperationalError:
            return False
        return True

    def bootstrap(self, database: str = DATABASE) -> None:
        """Makes roles, database and the PostGIS extension where they are missing."""
        with psycopg.connect(self.url(OWNER, "postgres"), autocommit=True) as connection:
            for role in (SERVICE, AUDITOR):
                _ensure_role(connection, role, getattr(self._passwords, role))
            found = connection.execute(
                "select from pg_database where datname = %s", (database,)
            ).fetchone()
            if found is None:
                name = sql.Identifier(database)
                connection.execute(sql.SQL("create database {}").format(name))
        with psycopg.connect(self.url(OWNER, database), autocommit=True) as connection:
            connection.execute("create extension if not exists postgis")

    def stop(self) -> bool:
        """Ends the server (fast shutdown, then harder); True when it ended cleanly."""
        clean = self.child is None or process.end(self.child, FAST_THEN_IMMEDIATE)
        process.end_others(process.working_in(self.data, "postgres"), FAST_THEN_IMMEDIATE[1:])
        self.child = None
        return clean

    def _initdb(self, fresh: Path, secret: Path) -> None:
        command = [
            str(_binaries(None) / "initdb"),
            *("-D", str(fresh), "-U", OWNER, f"--pwfile={secret}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"),
        ]
        done = subprocess.run(
            command,
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
            shutil.rmtree(fresh, ignore_errors=True)
            raise StartFailedError(
                f"PostgreSQL's data directory {self.data} cannot be made: "
                f"{self._reason(done.stderr)}.\n{done.stderr.strip()}"
            )

    def _write_settings(self) -> None:
        file = self.data / "wangge.conf"
        file.write_text(
            SETTINGS.format(
                durable="on" if self.durable else "off",
                shared_buffers="512MB" if self.durable else "128MB",
            )
        )
        give(self.account, file)

    def _why_ended(self) -> str:
        last = process.tail(self.log)
        return f"{self._reason(last)}.\n{last}"

    def _reason(self, output: str) -> str:
        for pattern, reason in REASONS:
            if re.search(pattern, output):
                return reason.format(volume=self.home, port=self.port, data=self.data)
        return f"see {self.log}"


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    found = connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone()
    verb = sql.SQL("create" if found is None else "alter")
    connection.execute(
        sql.SQL("{} role {} login password {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )


def _binaries(version: str | None) -> Path:
    """The programs of `version`, or of the newest installed one."""
    found = {
        folder.parent.name: folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if (folder / "initdb").exists() and folder.parent.name.isdecimal()
    }
    usable = {name: folder for name, folder in found.items() if int(name) >= OLDEST_VERSION}
    wanted = version or max(usable, key=int, default=None)
    if wanted not in usable:
        raise MissingSoftwareError(
            f"PostgreSQL {version or OLDEST_VERSION} is not installed under /usr/lib/postgresql: "
            "run `make setup`."
        )
    return usable[wanted]


def newest_binaries() -> Path:
    """The programs of the newest installed PostgreSQL; MissingSoftwareError when there is none."""
    return _binaries(None)


def _cluster_version(data: Path) -> str:
    return (data / "PG_VERSION").read_text().strip()


def _check_cluster(data: Path) -> None:
    try:
        _binaries(_cluster_version(data))
    except OSError as error:
        raise EmbeddedError(
            f"{data} is not a database directory ({error.strerror}: {error.filename}): "
            "restore it from a backup, or start anew in another --data-dir."
        ) from error
