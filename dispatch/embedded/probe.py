"""Asks a Kafka broker whether it serves, in its own protocol and without a client."""

import socket
import struct

METADATA = 3
CORRELATION = 1


def broker_serves(port: int, *, host: str = "127.0.0.1", timeout_s: float = 2.0) -> bool:
    """Whether the broker answers and counts itself as in service.

    Sends Metadata version 0 for no topic in particular; a broker that is still fenced answers
    with an empty list of brokers. Source: the Kafka protocol guide, "Metadata API".
    """
    client = b"wangge-probe"
    request = struct.pack(">hhih", METADATA, 0, CORRELATION, len(client)) + client
    # One topic that cannot exist: naming none would ask for the list of all.
    request += struct.pack(">ih", 1, 1) + b"-"
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = _read(connection, struct.unpack(">i", _read(connection, 4))[0])
    except (OSError, struct.error):
        return False
    correlation, brokers = struct.unpack_from(">ii", answer)
    return bool(correlation == CORRELATION and brokers > 0)


def _read(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        more = connection.recv(length - len(received))
        if not more:
            raise OSError("the broker closed the connection")
        received += more
    return received
