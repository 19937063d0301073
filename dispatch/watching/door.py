"""The door through which engine, clock and relay are watched: /healthz, /readyz, /metrics.

It listens on this machine alone unless told otherwise, takes nothing but GET, and changes nothing.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import structlog

from dispatch.process.heartbeat import Heartbeat
from dispatch.watching.metrics import Metrics
from dispatch.watching.readiness import readiness_of, silence

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"
Answer = tuple[int, str, bytes]
log = structlog.get_logger("door")


@dataclass(frozen=True, slots=True)
class Post:
    """What one role's process says of itself."""

    role: str
    heartbeat: Heartbeat
    metrics: Metrics

    @classmethod
    def of(cls, role: str, run_dir: Path) -> "Post":
        """A new one, whose metric `ready` says what /readyz says."""
        post = cls(role, Heartbeat(run_dir, role), Metrics(role))
        post.metrics.show("ready", lambda: float(readiness_of(post.heartbeat).ready))
        return post


def answers(post: Post) -> dict[str, Callable[[], Answer]]:
    """What each path answers."""

    def healthz() -> Answer:
        wrong = silence(post.heartbeat)
        return (503 if wrong else 200), PLAIN, f"{wrong or 'alive'}\n".encode()

    def readyz() -> Answer:
        found = readiness_of(post.heartbeat)
        return (200 if found.ready else 503), JSON, found.body()

    return {
        "/healthz": healthz,
        "/readyz": readyz,
        "/metrics": lambda: (200, PLAIN, post.metrics.text()),
    }


@contextmanager
def open_door(post: Post, host: str, port: int, targets: Path) -> Iterator[str | None]:
    """Answers while the block runs; gives its address, or None when it cannot listen there.

    A role that cannot be watched goes on working: it says so in its log.
    """
    try:
        server = _Server((host, port), _handler(answers(post)))
    except OSError as error:
        log.error("cannot be watched: the address is not to be had", port=port, error=error)
        yield None
        return
    address = f"{host}:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, name="door", daemon=True).start()
    with named_target(targets, post.role, address):
        try:
            yield address
        finally:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is nobody's trouble."""


def _handler(paths: dict[str, Callable[[], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5
        server_version = "wangge"
        sys_version = ""

        def do_GET(self) -> None:
            answer = paths.get(self.path.partition("?")[0])
            status, media, body = answer() if answer else (404, PLAIN, b"not here\n")
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Who looks is not logged."""

    return Handler


@contextmanager
def named_target(folder: Path, role: str, address: str) -> Iterator[None]:
    """Writes where this process is watched, in the form of Prometheus' `file_sd_configs`.

    Files of processes of the role that live no more are taken away.
    """
    file = folder / f"{role}-{os.getpid()}.json"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for other in folder.glob(f"{role}-*.json"):
            pid = other.stem.rpartition("-")[2]
            if pid.isdecimal() and not psutil.pid_exists(int(pid)):
                other.unlink(missing_ok=True)
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps([{"targets": [address], "labels": {"role": role}}]))
        temporary.replace(file)
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)
