"""`wangge up`: everything of one installation, from nothing to running and back."""

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from dispatch.embedded import process
from dispatch.embedded.account import server_account
from dispatch.embedded.errors import EmbeddedError, StartFailedError
from dispatch.embedded.place import prepare_data_dir
from dispatch.embedded.ports import free_port, is_free
from dispatch.settings import Inspection, Settings
from dispatch.supervisor.access import Access, access_file, write_access
from dispatch.supervisor.contents import demo_tokens, prepare_contents
from dispatch.supervisor.figures import LatestFigures
from dispatch.supervisor.lock import only_one
from dispatch.supervisor.record import read_record, write_record
from dispatch.supervisor.roles import ROLES, SIMULATOR, log_file, role_process, simulator_process
from dispatch.supervisor.screen import Screen
from dispatch.supervisor.servers import Servers, open_servers, start_servers
from dispatch.supervisor.stopping import StopRequested, StopSignals
from dispatch.supervisor.watch import Watch

ROLES_READY_S = 120.0
HOPELESS_DEATHS = 4
TICK_S = 0.2
LOOK_S = 1.0
# Who sends before who works, who works before what they need.
ENDING = ((SIMULATOR,), ROLES, ("kafka",), ("postgres",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator asked for."""

    data_dir: Path
    demo: bool = False
    simulate: float | None = None
    port: int | None = None


def run(wishes: Wishes, screen: Screen) -> None:
    """Runs the installation until a signal asks for its end.

    Raises DispatchError with the reason when it cannot start; nothing is left running then.
    """
    data_dir = prepare_data_dir(wishes.data_dir, server_account())
    watch = Watch(say=screen.say)
    with only_one(data_dir), StopSignals() as stop:
        access_file(data_dir).unlink(missing_ok=True)
        try:
            settings = _start(wishes, data_dir, watch, screen)
            stop.only_note()
            _stay(settings, watch, screen, stop)
        except StopRequested:
            screen.say("Interrupted while starting")
        finally:
            stop.only_note()
            screen.close()
            _end(data_dir, watch, screen)


def choose_port(wanted: int | None, usual: int, host: str) -> int:
    """The wanted port or an error that names who holds it; unasked, the usual or any free one."""
    if wanted and not is_free(wanted, host):
        raise EmbeddedError(
            f"Port {wanted} is in use{_holder(wanted)}: end it, or choose another --port."
        )
    if wanted is None and is_free(usual, host):
        return usual
    return wanted or free_port()


def _start(wishes: Wishes, data_dir: Path, watch: Watch, screen: Screen) -> Settings:
    defaults = Settings()
    port = choose_port(wishes.port, defaults.port, defaults.host)
    servers = open_servers(data_dir)
    start_servers(servers, watch, screen.say)
    settings = Settings(
        database_url=servers.postgres.service_url,
        kafka_servers=servers.kafka.servers,
        data_dir=data_dir,
        port=port,
        inspection=_inspection(wishes, defaults),
    )

    def progress(task: str, done: int, total: int) -> None:
        watch.tick()
        screen.progress(task, done, total)

    admin_url = servers.postgres.admin_url
    has_areas = prepare_contents(settings, admin_url, wishes.demo, screen, progress)
    if wishes.simulate and not has_areas:
        raise EmbeddedError(
            "--simulate needs a city to work in: add --demo, or import areas first."
        )
    for name in ROLES:
        watch.add(role_process(name, settings))
    screen.say("Starting " + ", ".join(ROLES))
    _wait_for_roles(settings, watch, has_areas)
    if not has_areas:
        screen.say("There are no areas yet: `wangge register import areas FILE` brings them")
    if wishes.simulate:
        watch.add(simulator_process(wishes.simulate, settings))
    write_record(data_dir, watch.watched)
    _announce(settings, servers, wishes, screen)
    return settings


def _inspection(wishes: Wishes, asked: Settings) -> Inspection:
    """In the demo city nobody signs in as its made members, so none of them is chosen, unless the
    operator asks for it."""
    if wishes.demo and "inspection" not in asked.model_fields_set:
        return "anyone"
    return asked.inspection


def _wait_for_roles(settings: Settings, watch: Watch, has_areas: bool) -> None:
    """Waits until all can do their work; without areas the api is only asked to be alive."""
    limit = time.monotonic() + ROLES_READY_S
    door = "readyz" if has_areas else "healthz"
    while True:
        watch.tick()
        write_record(settings.data_dir, watch.watched)
        _check_alive(settings.data_dir, watch)
        waiting = [
            row
            for row in read_record(settings.data_dir)
            if not row.pid or (row.waiting_for and (has_areas or row.name != "api"))
        ]
        if not waiting and _says_yes(f"{_url(settings)}/{door}"):
            return
        if time.monotonic() > limit:
            names = ", ".join(f"{row.name} ({row.waiting_for or 'dead'})" for row in waiting)
            raise StartFailedError(
                f"Not ready after {ROLES_READY_S:.0f} s: {names or 'api (/' + door + ')'}; "
                f"see {settings.data_dir / 'log'}"
            )
        time.sleep(TICK_S)


def _check_alive(data_dir: Path, watch: Watch) -> None:
    for watched in watch.watched:
        if watched.deaths >= HOPELESS_DEATHS:
            log = log_file(data_dir, watched.name)
            raise StartFailedError(
                f"{watched.name} does not stay alive; the end of {log}:\n{process.tail(log)}"
            )


def _says_yes(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, timeout=2.0, trust_env=False).is_success
    return False


def _announce(settings: Settings, servers: Servers, wishes: Wishes, screen: Screen) -> None:
    tokens = demo_tokens(settings) if wishes.demo else None
    access = Access(
        url=_url(settings),
        database_url=settings.database_url,
        database_admin_url=servers.postgres.admin_url,
        kafka_servers=settings.kafka_servers,
        tokens=tokens,
    )
    write_access(settings.data_dir, access)
    screen.say(f"Ready: {access.url}")
    for role, token in (tokens or {}).items():
        screen.say(f"token for {role}: {token}")
    screen.say(f"Addresses and tokens are in {access_file(settings.data_dir)}; logs in "
               f"{settings.data_dir / 'log'}")  # fmt: skip


def _stay(settings: Settings, watch: Watch, screen: Screen, stop: StopSignals) -> None:
    figures = LatestFigures(settings)
    pause = threading.Event()
    next_look = 0.0
    while not stop.requested:
        if watch.tick():
            with contextlib.suppress(OSError):
                write_record(settings.data_dir, watch.watched)
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + LOOK_S
            screen.show(read_record(settings.data_dir), figures.latest)
        pause.wait(TICK_S)


def _end(data_dir: Path, watch: Watch, screen: Screen) -> None:
    with contextlib.suppress(OSError):
        access_file(data_dir).unlink(missing_ok=True)
    running = {watched.name for watched in watch.watched}
    if not running:
        return
    order = (name for names in ENDING for name in names if name in running)
    screen.say("Ending " + ", ".join(order))
    for names in ENDING:
        watch.stop(names)
    screen.say(f"Ended; the data stay in {data_dir}")


def _url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104
    return f"http://{host}:{settings.port}"


def _holder(port: int) -> str:
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
            if connection.pid is None:
                break
            with contextlib.suppress(psutil.NoSuchProcess):
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""
