"""Free ports for the private servers."""

import random
import socket
from pathlib import Path

from dispatch.embedded.errors import StartFailedError

# Below the range from which Linux takes the local ports of outgoing connections (32768 and up):
# there, a client that keeps calling a server that is down can end up connected to itself and
# then holds the port that the server needs.
LOWEST, HIGHEST = 20_000, 32_000
ATTEMPTS = 200


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(chance: random.Random | None = None) -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    chance = chance or random.SystemRandom()
    for _ in range(ATTEMPTS):
        port = chance.randrange(LOWEST, HIGHEST)
        if is_free(port):
            return port
    raise StartFailedError(
        f"No free port between {LOWEST} and {HIGHEST} on 127.0.0.1: end what listens there."
    )


def remembered_port(file: Path) -> int:
    """The port that `file` names if it is still free, else another one, which is written there."""
    try:
        port = int(file.read_text())
    except (OSError, ValueError):
        port = 0
    if not (LOWEST <= port < HIGHEST and is_free(port)):
        port = free_port()
        file.write_text(f"{port}\n")
    return port
