"""TCP ports on loopback: a free one, and who holds one that is taken."""

import errno
import socket
from typing import Any

import psutil

from local_core.errors import CoreError

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now; somebody else may take it before its user does."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def check_port_is_free(port: int, service: str, option: str) -> None:
    """Refuse a port that somebody listens on.

    Args:
        port: TCP port.
        service: Named in the error, e.g. `MQTT`.
        option: The command's option that chooses another, e.g. `--mqtt-port`.

    Raises:
        CoreError: It is taken, or this user may not listen on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not matter
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise port_taken_error(port, service, option) from error
            raise CoreError(
                f"{service} port {port} on {HOST} cannot be used: {error.strerror}. "
                f"Choose another with {option}."
            ) from error


def port_taken_error(port: int, service: str, option: str) -> CoreError:
    """What a person is told when `port` is taken."""
    return CoreError(
        f"{service} port {port} on {HOST} is taken ({_holder(port)}). Stop that program, or choose another "
        f"port with {option} (0 takes a free one)."
    )


def is_listening(pid: int, port: int) -> bool:
    """Whether process `pid`, a child of this one, listens on `port`."""
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(_listens_on(connection, port) for connection in connections)


def _listens_on(connection: Any, port: int) -> bool:  # psutil gives two kinds of tuple
    return bool(
        connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    )


def _holder(port: int) -> str:
    for connection in psutil.net_connections("tcp"):
        if _listens_on(connection, port) and connection.pid:
            try:
                return f"by {psutil.Process(connection.pid).name()}, process {connection.pid}"
            except psutil.NoSuchProcess:
                break
    return "by a program of another user"
